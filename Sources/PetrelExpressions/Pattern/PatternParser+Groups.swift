import PetrelCore

extension PatternParser {
    /// A group of any kind; the opening parenthesis is already read.
    ///
    /// Nil for a comment or flags, which leave no node.
    mutating func group(_ scope: Scope, start: Int, isFirst: Bool) throws(ExpressionError) -> PatternNode? {
        guard source.take(if: "?") else { return try capture(nil, scope, start: start) }
        guard let scalar = source.take() else { throw source.problem("unexpected end of pattern", at: source.at) }
        switch scalar {
        case "P": return try python(scope, start: start)
        case ":":
            return .group(number: nil, name: nil, flags: .init(), try closed(scope.deeper, start: start))
        case "#":
            while let next = source.take() {
                if next == ")" { return nil }
            }
            throw source.problem("missing ), unterminated comment", at: start)
        case "=", "!":
            let look = PatternLook(isAhead: true, isNegated: scalar == "!")
            return .look(look, try closed(scope.deeper, start: start))
        case "<": return try lookbehind(scope, start: start)
        case "(": return try conditional(scope, start: start)
        case ">": return .atomic(try closed(scope.deeper, start: start))
        default:
            guard scalar == "-" || "aiLmsux".unicodeScalars.contains(scalar) else {
                throw source.problem("unknown extension ?\(scalar)", at: start + 1)
            }
            return try flagged(first: scalar, scope, start: start, isFirst: isFirst)
        }
    }

    private mutating func closed(_ scope: Scope, start: Int) throws(ExpressionError) -> [PatternNode] {
        let nodes = try alternatives(scope)
        guard source.take(if: ")") else { throw source.problem("missing ), unterminated subpattern", at: start) }
        return nodes
    }

    private mutating func capture(_ name: String?, _ scope: Scope, start: Int) throws(ExpressionError) -> PatternNode {
        groupCount += 1
        let number = groupCount
        guard number <= Self.maxGroups else { throw source.problem("too many groups", at: start) }
        if let name {
            if let earlier = groupNumbers[name] {
                let message = "redefinition of group name \(quoted(name)) as group \(number); was group \(earlier)"
                throw source.problem(message, at: source.at - name.unicodeScalars.count - 1)
            }
            groupNumbers[name] = number
            groupNames.append((name, number))
        }
        openGroups.insert(number)
        let body = try closed(scope.deeper, start: start)
        openGroups.remove(number)
        widths[number] = PatternWidth.of(body, groups: widths)
        return .group(number: number, name: name, flags: .init(), body)
    }

    /// `(?P<name>…)` and `(?P=name)`.
    private mutating func python(_ scope: Scope, start: Int) throws(ExpressionError) -> PatternNode {
        if source.take(if: "<") {
            let name = try source.take(until: ">", "group name")
            try checkName(name)
            return try capture(name, scope, start: start)
        }
        if source.take(if: "=") {
            let name = try source.take(until: ")", "group name")
            try checkName(name)
            let number = try self.number(ofGroup: name)
            try checkReference(number, at: source.at - name.unicodeScalars.count - 1)
            return .reference(number)
        }
        guard let scalar = source.take() else { throw source.problem("unexpected end of pattern", at: source.at) }
        throw source.problem("unknown extension ?P\(scalar)", at: start + 1)
    }

    private func checkName(_ name: String) throws(ExpressionError) {
        let scalars = name.unicodeScalars
        let isStart = scalars.first.map { $0 == "_" || $0.properties.isXIDStart } ?? false
        guard isStart, scalars.dropFirst().allSatisfy(\.properties.isXIDContinue) else {
            throw source.problem("bad character in group name \(quoted(name))", at: source.at - scalars.count - 1)
        }
    }

    private func number(ofGroup name: String) throws(ExpressionError) -> Int {
        guard let number = groupNumbers[name] else {
            throw source.problem(
                "unknown group name \(quoted(name))", at: source.at - name.unicodeScalars.count - 1)
        }
        return number
    }

    private func quoted(_ name: String) -> String { Value.string(name).pythonText }

    private mutating func lookbehind(_ scope: Scope, start: Int) throws(ExpressionError) -> PatternNode {
        guard let scalar = source.take() else { throw source.problem("unexpected end of pattern", at: source.at) }
        guard scalar == "=" || scalar == "!" else {
            throw source.problem("unknown extension ?<\(scalar)", at: start + 1)
        }
        let outerCeiling = lookbehindCeiling
        if outerCeiling == nil { lookbehindCeiling = groupCount + 1 }
        let body = try closed(scope.deeper, start: start)
        lookbehindCeiling = outerCeiling
        let width = PatternWidth.of(body, groups: widths)
        guard width.least == width.most else {
            throw ExpressionError(.badPattern, "look-behind requires fixed-width pattern")
        }
        return .look(PatternLook(isAhead: false, isNegated: scalar == "!"), body)
    }

    private mutating func conditional(_ scope: Scope, start: Int) throws(ExpressionError) -> PatternNode {
        let name = try source.take(until: ")", "group name")
        let position = source.at - name.unicodeScalars.count - 1
        var number = 0
        if name.unicodeScalars.allSatisfy(\.isDecimalDigit) {
            number = Int(name) ?? Int.max
            if number == 0 { throw source.problem("bad group number", at: position) }
            conditionGroups.append((number, position))
        } else {
            try checkName(name)
            number = try self.number(ofGroup: name)
        }
        if lookbehindCeiling != nil { try checkReference(number, at: position) }
        let then = try sequence(scope.deeper, isFirst: false)
        let otherwise = source.take(if: "|") ? try sequence(scope.deeper, isFirst: false) : nil
        if source.next == "|" {
            throw source.problem("conditional backref with more than two branches", at: source.at)
        }
        guard source.take(if: ")") else { throw source.problem("missing ), unterminated subpattern", at: start) }
        return .conditional(group: number, then: then, otherwise: otherwise)
    }
}

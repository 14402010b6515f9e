import PetrelCore

extension SchemaRun {
    /// Keywords of numbers.
    func apply(_ check: SchemaCheck, to number: PythonNumber, _ value: Value) {
        switch check {
        case .minimum(let bound, let isExclusive, let limit):
            let order = PythonNumber.order(number, bound)
            require(
                !(order == .less || isExclusive && order == .equal), "minimum",
                "\(shown(value)) is less than \(isExclusive ? "or equal to " : "")the minimum of \(limit.pythonText)",
                isExclusive ? "more than \(limit.pythonText)" : "at least \(limit.pythonText)")
        case .maximum(let bound, let isExclusive, let limit):
            let order = PythonNumber.order(number, bound)
            require(
                !(order == .greater || isExclusive && order == .equal), "maximum",
                "\(shown(value)) is greater than \(isExclusive ? "or equal to " : "")the maximum of "
                    + limit.pythonText,
                isExclusive ? "less than \(limit.pythonText)" : "at most \(limit.pythonText)")
        case .multipleOf(let divisor, let shownDivisor):
            require(
                Self.isMultiple(number, divisor), "multipleOf",
                "\(shown(value)) is not a multiple of \(shownDivisor.pythonText)",
                "a multiple of \(shownDivisor.pythonText)")
        default: break
        }
    }

    /// A divisor with a fraction is divided by, inexactly, as in the original.
    private static func isMultiple(_ number: PythonNumber, _ divisor: PythonNumber) -> Bool {
        switch (number, divisor) {
        case (.integer(let number), .integer(let divisor)):
            return divisor == -1 || number % divisor == 0
        case (_, .double(let divisor)):
            guard let number = try? number.double() else { return false }
            let quotient = number / divisor
            return quotient.isFinite && quotient == quotient.rounded(.towardZero)
        case (.double(let number), _):
            guard let divisor = try? divisor.double() else { return false }
            return number.truncatingRemainder(dividingBy: divisor) == 0
        default:
            return number.big.floorDivided(by: divisor.big)?.remainder.isZero ?? false
        }
    }

    /// Keywords of strings.
    func apply(_ check: SchemaCheck, to text: String) {
        switch check {
        case .minLength(let least):
            // A code point has at most four bytes.
            let isLong = text.utf8.count / 4 >= least || PythonText.length(text) >= least
            require(isLong, "minLength", "\(shown(.string(text))) is too short", "at least \(least) characters")
        case .maxLength(let most):
            let isShort = text.utf8.count <= most || PythonText.length(text) <= most
            require(isShort, "maxLength", "\(shown(.string(text))) is too long", "at most \(most) characters")
        case .pattern(let pattern):
            let isFound = finds(pattern, text)
            require(
                isFound, "pattern", "\(shown(.string(text))) does not match \(PythonText.quoted(pattern.text))",
                "a text that matches \(PythonText.quoted(pattern.text))")
        default: break
        }
    }

    /// A search that would take too long has found nothing.
    private func finds(_ pattern: Pattern, _ text: String) -> Bool {
        work.stepsLeft -= 1 + text.utf8.count / 1_000
        return (try? pattern.firstMatch(in: text)) ?? nil != nil
    }

    /// Keywords of arrays.
    func apply(_ check: SchemaCheck, to items: [Value]) {
        switch check {
        case .minItems(let least):
            require(
                items.count >= least, "minItems", "\(shown(.array(items))) is too short", "at least \(least) items")
        case .maxItems(let most):
            require(items.count <= most, "maxItems", "\(shown(.array(items))) is too long", "at most \(most) items")
        case .uniqueItems:
            require(
                isUnique(items), "uniqueItems", "\(shown(.array(items))) has non-unique elements",
                "items that are all different")
        case .items(let node):
            for (index, item) in items.enumerated() where !isDone { self.check(node, item, at: String(index)) }
        case .itemList(let nodes):
            for (index, (item, node)) in zip(items, nodes).enumerated() where !isDone {
                self.check(node, item, at: String(index))
            }
        case .additionalItems(let node, let count): additional(items, node, after: count)
        default: break
        }
    }

    private func additional(_ items: [Value], _ node: Int?, after count: Int) {
        guard items.count > count else { return }
        if let node {
            for index in count..<items.count where !isDone { check(node, items[index], at: String(index)) }
        } else {
            let extras = items[count...].prefix(20).map(shown).joined(separator: ", ")
            let verb = items.count == count + 1 ? "was" : "were"
            add(
                violation(
                    "additionalItems",
                    "Additional items are not allowed (\(extras) \(verb) unexpected)",
                    "at most \(count) items"))
        }
    }

    /// Compares only what may be equal, so that long lists stay cheap.
    private func isUnique(_ items: [Value]) -> Bool {
        var seen: [Int: [Int]] = [:]
        for (index, item) in items.enumerated() {
            let key = Self.likeness(item)
            let like = seen[key] ?? []
            work.stepsLeft -= 1 + like.count
            if work.stepsLeft < 0 { return true }
            if like.contains(where: { isSame(items[$0], item) }) { return false }
            seen[key, default: []].append(index)
        }
        return true
    }

    /// A number that equal values share; what lies deeper than two levels does not count.
    private static func likeness(_ value: Value, depth: Int = 0) -> Int {
        switch value {
        case .null: return 0
        case .bool(let truth): return depth == 0 ? (truth ? 1 : 0) : Double(truth ? 1 : 0).hashValue
        case .integer(let number): return Double(number).hashValue
        case .bigInteger(let digits): return (Double(digits) ?? 0).hashValue
        case .double(let number): return number.hashValue
        case .string(let text): return text.hashValue
        case .array(let items):
            guard depth < 2 else { return items.count }
            return items.prefix(8).reduce(items.count) { ($0 &* 31) &+ likeness($1, depth: depth + 1) }
        case .object(let members):
            guard depth < 2, members.count <= 8 else { return members.count }
            return members.reduce(members.count) { sum, member in
                sum &+ (member.key.hashValue ^ likeness(member.value, depth: depth + 1))
            }
        }
    }

    /// Keywords of objects.
    func apply(_ check: SchemaCheck, to members: ValueObject) {
        switch check {
        case .properties(let properties):
            for property in properties where !isDone {
                if let value = members[property.name] {
                    self.check(property.node, value, at: property.name)
                } else if property.isRequired {
                    missing(property.name)
                }
            }
        case .required(let names): for name in names where members[name] == nil { missing(name) }
        case .patternProperties(let patterns):
            for (pattern, node) in patterns {
                for (name, value) in members where !isDone && finds(pattern, name) {
                    self.check(node, value, at: name)
                }
            }
        case .additionalProperties(let node, let names, let patterns):
            additional(members, node, names: names, patterns: patterns)
        case .minProperties(let least):
            require(
                members.count >= least, "minProperties", "\(shown(.object(members))) does not have enough properties",
                "at least \(least) properties")
        case .maxProperties(let most):
            require(
                members.count <= most, "maxProperties", "\(shown(.object(members))) has too many properties",
                "at most \(most) properties")
        case .dependencies(let dependencies): self.dependencies(dependencies, members)
        default: break
        }
    }

    private func missing(_ name: String) {
        add(violation("required", "\(PythonText.quoted(name)) is a required property", "a value for \(name)"))
    }

    private func additional(_ members: ValueObject, _ node: Int?, names: Set<String>, patterns: [Pattern]) {
        var extras: [String] = []
        for name in members.keys where !names.contains(name) {
            if !patterns.contains(where: { finds($0, name) }) { extras.append(name) }
        }
        if extras.isEmpty { return }
        if let node {
            for name in extras where !isDone { check(node, members[name] ?? .null, at: name) }
        } else {
            add(unexpected(extras, patterns))
        }
    }

    private func unexpected(_ names: [String], _ patterns: [Pattern]) -> SchemaViolation {
        let isOne = names.count == 1
        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let list = sorted.prefix(20).map(PythonText.quoted).joined(separator: ", ")
        if patterns.isEmpty {
            return violation(
                "additionalProperties",
                "Additional properties are not allowed (\(list) \(isOne ? "was" : "were") unexpected)",
                "no other properties")
        }
        let texts = patterns.map(\.text).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return violation(
            "additionalProperties",
            "\(list) \(isOne ? "does" : "do") not match any of the regexes: "
                + texts.map(PythonText.quoted).joined(separator: ", "), "no other properties")
    }

    private func dependencies(_ dependencies: [(String, SchemaDependency)], _ members: ValueObject) {
        for (name, dependency) in dependencies where members[name] != nil && !isDone {
            switch dependency {
            case .schema(let node): check(node, .object(members))
            case .properties(let others):
                for other in others where members[other] == nil {
                    add(
                        violation(
                            "dependencies", "\(PythonText.quoted(other)) is a dependency of \(PythonText.quoted(name))",
                            "a value for \(other)"))
                }
            }
        }
    }
}

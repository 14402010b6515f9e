import PetrelCore

/// Patterns, with the meaning of Python's `re`.
extension YAQLLibrary {
    static let regex: [YAQLOverload] = [
        .function(
            "regex",
            [
                .text("pattern"), .init("ignoreCase", .flagOrNull, .bool(false)),
                .init("multiLine", .flagOrNull, .bool(false)), .init("dotAll", .flagOrNull, .bool(false)),
            ], compile),
        .function(
            "isRegex", [.any("value")], { (arguments) throws(YAQLFault) in .bool(YAQLType.regex.accepts(arguments[0])) }
        ),
        .function("escapeRegex", [.text("string")], escape),
        .method(
            "matches", [.init("regexp", .regex), .text("string")],
            { (arguments) throws(YAQLFault) in
                .bool(try matches(try pattern(arguments[0]), arguments.text(1), arguments.runtime))
            }),
        .method(
            "matches", [.text("string"), .text("regexp")],
            { (arguments) throws(YAQLFault) in
                .bool(try matches(try pattern(arguments[1]), arguments.text(0), arguments.runtime))
            }),
        .function("#operator_=~", [.text("string"), .init("regexp", .regex)], operation(isWanted: true)),
        .function("#operator_=~", [.text("string"), .text("pattern")], operation(isWanted: true)),
        .function("#operator_!~", [.text("string"), .init("regexp", .regex)], operation(isWanted: false)),
        .function("#operator_!~", [.text("string"), .text("pattern")], operation(isWanted: false)),
        .method("search", [.init("regexp", .regex), .text("string"), .optionalLambda("selector")], search),
        .method("searchAll", [.init("regexp", .regex), .text("string"), .optionalLambda("selector")], searchAll),
        .method(
            "split", [.init("regexp", .regex), .text("string"), .whole("maxSplit", .integer(0))],
            { (arguments) throws(YAQLFault) in
                try split(arguments, pattern: 0, subject: 1)
            }),
        .method(
            "split", [.text("string"), .init("regexp", .regex), .whole("maxSplit", .integer(0))],
            { (arguments) throws(YAQLFault) in
                try split(arguments, pattern: 1, subject: 0)
            }),
        .method(
            "replace", [.init("regexp", .regex), .text("string"), .text("repl"), .whole("count", .integer(0))],
            { (arguments) throws(YAQLFault) in
                try replace(arguments, pattern: 0, subject: 1)
            }),
        .method(
            "replace", [.text("string"), .init("regexp", .regex), .text("repl"), .whole("count", .integer(0))],
            { (arguments) throws(YAQLFault) in
                try replace(arguments, pattern: 1, subject: 0)
            }),
        .method(
            "replaceBy", [.init("regexp", .regex), .text("string"), .lambda("repl"), .whole("count", .integer(0))],
            { (arguments) throws(YAQLFault) in
                try replaceBy(arguments, pattern: 0, subject: 1)
            }),
        .method(
            "replaceBy", [.text("string"), .init("regexp", .regex), .lambda("repl"), .whole("count", .integer(0))],
            { (arguments) throws(YAQLFault) in
                try replaceBy(arguments, pattern: 1, subject: 0)
            }),
    ]

    /// More places than these are more work than an expression may ask for.
    private static let maxMatches = 60_000

    private static func compile(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var options: Pattern.Options = []
        if arguments.flag(1) { options.insert(.ignoresCase) }
        if arguments.flag(2) { options.insert(.anchorsMatchLines) }
        if arguments.flag(3) { options.insert(.dotMatchesNewline) }
        return .regex(YAQLRegex(try compiled(arguments.text(0), options)))
    }

    private static func compiled(_ text: String, _ options: Pattern.Options = []) throws(YAQLFault) -> Pattern {
        do throws(ExpressionError) { return try PatternCache.shared.pattern(text, options: options) } catch {
            throw YAQLFault(error, as: "error")
        }
    }

    /// The pattern of a compiled one or of a text.
    private static func pattern(_ value: YAQLValue) throws(YAQLFault) -> Pattern {
        switch value {
        case .regex(let regex): return regex.pattern
        case .string(let text): return try compiled(text)
        default: throw .type("expected a pattern")
        }
    }

    private static func first(
        _ pattern: Pattern, _ subject: String, _ runtime: YAQLRuntime
    ) throws(YAQLFault) -> PatternMatch? {
        try runtime.step()
        do throws(ExpressionError) { return try pattern.firstMatch(in: subject, paidBy: runtime.budget) } catch {
            throw YAQLFault(error, as: "error")
        }
    }

    private static func all(
        _ pattern: Pattern, _ subject: String, limit: Int = maxMatches + 1, _ runtime: YAQLRuntime
    ) throws(YAQLFault) -> [PatternMatch] {
        try runtime.step()
        let found: [PatternMatch]
        do throws(ExpressionError) {
            found = try pattern.matches(in: subject, limit: min(limit, maxMatches + 1), paidBy: runtime.budget)
        } catch {
            throw YAQLFault(error, as: "error")
        }
        guard found.count <= maxMatches else {
            throw .tooComplex("The pattern fits at more than \(maxMatches) places")
        }
        try runtime.produce(items: found.count)
        return found
    }

    private static func matches(
        _ pattern: Pattern, _ subject: String, _ runtime: YAQLRuntime
    ) throws(YAQLFault) -> Bool { try first(pattern, subject, runtime) != nil }

    private static func operation(isWanted: Bool) -> YAQLOverload.Body {
        { (arguments) throws(YAQLFault) in
            .bool(try matches(pattern(arguments[1]), arguments.text(0), arguments.runtime) == isWanted)
        }
    }

    private static func escape(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var result = ""
        for scalar in arguments.text(0).unicodeScalars {
            switch scalar {
            case "(", ")", "[", "]", "{", "}", "?", "*", "+", "-", "|", "^", "$", "\\", ".", "&", "~", "#", " ", "\t",
                "\n", "\r", "\u{B}", "\u{C}":
                result += "\\"
            default: break
            }
            result.unicodeScalars.append(scalar)
        }
        return try arguments.text(result)
    }

    // MARK: Searching

    private static func search(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        guard let match = try first(pattern(arguments[0]), arguments.text(1), arguments.runtime) else { return .null }
        return try selected(match, arguments, 2)
    }

    private static func searchAll(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let pattern = try pattern(arguments[0])
        var found: [PatternMatch]?
        var at = 0
        return try arguments.iterate { () throws(YAQLFault) in
            if found == nil { found = try all(pattern, arguments.text(1), arguments.runtime) }
            guard let matches = found, at < matches.count else { return nil }
            at += 1
            return try selected(matches[at - 1], arguments, 2)
        }
    }

    /// What the selector makes of a match; without one its text.
    private static func selected(
        _ match: PatternMatch, _ arguments: YAQLArguments, _ selector: Int
    ) throws(YAQLFault) -> YAQLValue {
        if arguments[selector].isNull { return .string(match.text) }
        let frame = try published(match, arguments.frame)
        guard let lambda = arguments.lambda(selector) else { return arguments[selector] }
        return try frame.evaluateDeeper(lambda.node)
    }

    /// A frame in which `$` is the match and `$2` and so on are its groups.
    private static func published(_ match: PatternMatch, _ frame: YAQLFrame) throws(YAQLFault) -> YAQLFrame {
        let bytes = Array(match.subject.utf8)
        var groups: [YAQLValue] = []
        for number in match.ranges.indices {
            let range = number == 0 ? match.range : match.range(of: number)
            let start = range.map { Value.integer(codePoints(bytes[..<$0.lowerBound])) } ?? -1
            let end = range.map { Value.integer(codePoints(bytes[..<$0.upperBound])) } ?? -1
            try frame.runtime.step(bytes.count / 16 + 1)
            groups.append(
                .dictionary(
                    YAQLDictionary(
                        plain: ["value": Value(match[number]), "start": start, "end": end], isFrozen: false)))
        }
        if let name = match.numbers.min(by: { $0.value < $1.value })?.key { throw namedGroup(match[name]) }
        return try YAQLFrame(below: frame, groups)
    }

    private static func codePoints(_ bytes: ArraySlice<UInt8>) -> Int { bytes.count { $0 & 0xC0 != 0x80 } }

    /// The original takes the text of a named group for a pair of name and value.
    private static func namedGroup(_ text: String?) -> YAQLFault {
        guard let text else { return .type("cannot unpack non-iterable NoneType object") }
        let count = PythonText.length(text)
        if count < 2 { return .value("not enough values to unpack (expected 2, got \(count))") }
        return count > 2 ? .value("too many values to unpack (expected 2)") : .index("no such group")
    }

    // MARK: Splitting and replacing

    private static func split(
        _ arguments: YAQLArguments, pattern: Int, subject: Int
    ) throws(YAQLFault) -> YAQLValue {
        let text = arguments.text(subject)
        let limit = arguments.integer(2)
        let pattern = try self.pattern(arguments[pattern])
        let matches = limit < 0 ? [] : try all(pattern, text, limit: limit == 0 ? .max : limit, arguments.runtime)
        let bytes = Array(text.utf8)
        var parts: [YAQLValue] = []
        var last = 0
        for match in matches {
            parts.append(.string(String(decoding: bytes[last..<match.range.lowerBound], as: UTF8.self)))
            for number in match.ranges.indices.dropFirst() {
                parts.append(match[number].map(YAQLValue.string) ?? .null)
            }
            last = match.range.upperBound
        }
        parts.append(.string(String(decoding: bytes[last...], as: UTF8.self)))
        return try arguments.list(parts)
    }

    private static func replace(
        _ arguments: YAQLArguments, pattern: Int, subject: Int
    ) throws(YAQLFault) -> YAQLValue {
        let pattern = try self.pattern(arguments[pattern])
        let template: RegexTemplate
        do throws(ExpressionError) {
            template = try RegexTemplate(
                arguments.text(2), groupCount: pattern.groupCount, numbers: pattern.numbers)
        } catch { throw YAQLFault(error, as: "error") }
        return try replaced(arguments, pattern, arguments.text(subject)) { (match) throws(YAQLFault) in
            guard template.size(for: match) <= StackStormFunctions.maxBytes else {
                throw .tooComplex("The text takes more than \(StackStormFunctions.maxBytes) bytes")
            }
            var text = ""
            template.append(to: &text, match)
            return text
        }
    }

    private static func replaceBy(
        _ arguments: YAQLArguments, pattern: Int, subject: Int
    ) throws(YAQLFault) -> YAQLValue {
        let pattern = try self.pattern(arguments[pattern])
        return try replaced(arguments, pattern, arguments.text(subject)) { (match) throws(YAQLFault) in
            let frame = try published(match, arguments.frame)
            let value = try arguments.lambda(2).map { (lambda) throws(YAQLFault) in
                try frame.evaluateDeeper(lambda.node)
            }
            switch value ?? arguments[2] {
            case .string(let text): return text
            case .null: return ""
            case let other: throw .type("expected str instance, \(other.typeName) found")
            }
        }
    }

    private static func replaced(
        _ arguments: YAQLArguments, _ pattern: Pattern, _ subject: String,
        _ replacement: (PatternMatch) throws(YAQLFault) -> String
    ) throws(YAQLFault) -> YAQLValue {
        let limit = arguments.integer(3)
        let matches = limit < 0 ? [] : try all(pattern, subject, limit: limit == 0 ? .max : limit, arguments.runtime)
        if matches.isEmpty { return .string(subject) }
        let bytes = Array(subject.utf8)
        var out: [UInt8] = []
        var last = 0
        for match in matches {
            out += bytes[last..<match.range.lowerBound]
            let text = try replacement(match)
            try arguments.runtime.produce(bytes: text.utf8.count + match.range.lowerBound - last)
            out += text.utf8
            last = match.range.upperBound
        }
        return try arguments.text(String(decoding: out + bytes[last...], as: UTF8.self))
    }
}

import PetrelCore

/// Whole texts: joining, trimming, replacing, converting.
extension YAQLLibrary {
    static let strings: [YAQLOverload] = [
        .function("#operator_+", [], .rest(.text), concatenate),
        .function("concat", [], .rest(.text), concatenate),
        .function(
            "#operator_*", [.text("left"), .whole("right")],
            { (arguments) throws(YAQLFault) in
                try repeated(arguments.text(0), arguments.integer(1), arguments)
            }),
        .function(
            "#operator_*", [.whole("left"), .text("right")],
            { (arguments) throws(YAQLFault) in
                try repeated(arguments.text(1), arguments.integer(0), arguments)
            }),
        .function(
            "#operator_in", [.text("left"), .text("right")],
            { (arguments) throws(YAQLFault) in
                .bool(try find(arguments.text(0), in: arguments.text(1), from: 0, to: nil, arguments.runtime) >= 0)
            }),
        .both(
            "len", [.text("string")],
            { (arguments) throws(YAQLFault) in .integer(PythonText.length(arguments.text(0))) }),
        .method(
            "toUpper", [.text("string")],
            { (arguments) throws(YAQLFault) in
                return try arguments.text(PythonText.upper(arguments.text(0)))
            }),
        .method(
            "toLower", [.text("string")],
            { (arguments) throws(YAQLFault) in
                return try arguments.text(PythonText.lower(arguments.text(0)))
            }),
        .function(
            "str", [.any("value")],
            { (arguments) throws(YAQLFault) in
                try arguments.text(try text(arguments[0], arguments.runtime))
            }),
        .function(
            "isString", [.any("arg")], { (arguments) throws(YAQLFault) in .bool(YAQLType.text.accepts(arguments[0])) }),
        .method(
            "join", [.items("sequence"), .text("separator")],
            { (arguments) throws(YAQLFault) in
                try join(arguments[0], arguments.text(1), arguments)
            }),
        .method(
            "join", [.text("separator"), .items("sequence")],
            { (arguments) throws(YAQLFault) in
                try join(arguments[1], arguments.text(0), arguments)
            }),
        .method(
            "trim", [.text("string"), .textOrNull("chars")],
            { (arguments) throws(YAQLFault) in
                .string(trimmed(arguments.text(0), arguments.optionalText(1)))
            }),
        .method(
            "trimLeft", [.text("string"), .textOrNull("chars")],
            { (arguments) throws(YAQLFault) in
                .string(trimmed(arguments.text(0), arguments.optionalText(1), atEnd: false))
            }),
        .method(
            "trimRight", [.text("string"), .textOrNull("chars")],
            { (arguments) throws(YAQLFault) in
                .string(trimmed(arguments.text(0), arguments.optionalText(1), atStart: false))
            }),
        .both("norm", [.init("string", .textOrNull), .textOrNull("chars")], norm),
        .both(
            "isEmpty", [.init("string", .textOrNull), .init("trim", .flag, .bool(true)), .textOrNull("chars")], isEmpty),
        .method("replace", [.text("string"), .text("old"), .text("new"), .whole("count", .integer(-1))], replace),
        .method("replace", [.text("string"), .mapping("replacements"), .whole("count", .integer(-1))], replaceAll),
        .function("characters", characterKinds.map { .init($0.name, .flagOrNull, .bool(false)) }, characters),
    ]

    private static func concatenate(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var result = ""
        for case .string(let text) in arguments.rest {
            try arguments.runtime.produce(bytes: text.utf8.count)
            result += text
        }
        return .string(result)
    }

    private static func repeated(
        _ text: String, _ count: Int, _ arguments: YAQLArguments
    ) throws(YAQLFault) -> YAQLValue {
        guard count > 0, !text.isEmpty else { return .string("") }
        let (bytes, isTooLarge) = count.multipliedReportingOverflow(by: text.utf8.count)
        try arguments.runtime.produce(bytes: isTooLarge ? Int.max >> 1 : bytes)
        return .string(PythonText.repeated(text, count))
    }

    /// What the function `str` gives: null and booleans as YAQL writes them, all else as Python shows it.
    static func text(_ value: YAQLValue, _ runtime: YAQLRuntime) throws(YAQLFault) -> String {
        switch value {
        case .null: "null"
        case .bool(let truth): truth ? "true" : "false"
        case .string(let text): text
        default: try value.pythonText(runtime)
        }
    }

    private static func join(
        _ items: YAQLValue, _ separator: String, _ arguments: YAQLArguments
    ) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.runtime.iterator(over: items)
        var result = ""
        var isFirst = true
        while let item = try source.next() {
            let part = try text(item, arguments.runtime)
            try arguments.runtime.produce(bytes: part.utf8.count + separator.utf8.count)
            if !isFirst { result += separator }
            isFirst = false
            result += part
        }
        return .string(result)
    }

    private static func trimmed(
        _ text: String, _ characters: String?, atStart: Bool = true, atEnd: Bool = true
    ) -> String {
        guard let characters else {
            return PythonText.strip(text, fromStart: atStart, fromEnd: atEnd, PythonText.isSpace)
        }
        let set = ScalarSet(characters)
        return PythonText.strip(text, fromStart: atStart, fromEnd: atEnd) { set.contains($0) }
    }

    private static func norm(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        guard let text = arguments.optionalText(0) else { return .null }
        let result = trimmed(text, arguments.optionalText(1))
        return result.isEmpty ? .null : .string(result)
    }

    private static func isEmpty(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        guard let text = arguments.optionalText(0) else { return .bool(true) }
        return .bool((arguments.flag(1) ? trimmed(text, arguments.optionalText(2)) : text).isEmpty)
    }

    private static func replace(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        .string(
            try replaced(arguments.text(0), arguments.text(1), arguments.text(2), arguments.integer(3), arguments))
    }

    private static func replaced(
        _ text: String, _ old: String, _ new: String, _ limit: Int, _ arguments: YAQLArguments
    ) throws(YAQLFault) -> String {
        return try python { () throws(PythonFault) in
            try PythonText.replace(text, old, new, limit: limit, arguments.budget)
        }
    }

    private static func replaceAll(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var result = arguments.text(0)
        for (key, value) in try arguments.dictionary(1).entries {
            let old = try text(key, arguments.runtime)
            let new = try text(value, arguments.runtime)
            try arguments.runtime.step()
            result = try replaced(result, old, new, arguments.integer(2), arguments)
        }
        return .string(result)
    }

    // MARK: Kinds of characters

    private static let lowercase = "abcdefghijklmnopqrstuvwxyz"
    private static let uppercase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    private static let digits = "0123456789"
    private static let punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
    private static let whitespace = " \t\n\r\u{B}\u{C}"

    /// The characters of each kind; nil for names that Python no longer has.
    private static let characterKinds: [(name: String, characters: String?)] = [
        ("digits", digits), ("hexdigits", digits + "abcdefABCDEF"), ("asciiLowercase", lowercase),
        ("asciiUppercase", uppercase), ("asciiLetters", lowercase + uppercase), ("letters", nil),
        ("octdigits", "01234567"), ("punctuation", punctuation),
        ("printable", digits + lowercase + uppercase + punctuation + whitespace), ("lowercase", nil),
        ("uppercase", nil), ("whitespace", whitespace),
    ]

    private static func characters(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var seen: Set<Unicode.Scalar> = []
        var items: [YAQLValue] = []
        for (at, kind) in characterKinds.enumerated() where arguments[at].isTruthy {
            guard let characters = kind.characters else {
                throw .attribute("module 'string' has no attribute '\(kind.name)'")
            }
            for scalar in characters.unicodeScalars where seen.insert(scalar).inserted {
                items.append(.string(String(scalar)))
            }
        }
        return try arguments.tuple(items)
    }
}

import PetrelCore

/// Filters that make text of text.
enum JinjaTextFilters {
    static let filters: [JinjaFilter] = [
        plain("upper", PythonText.upper), plain("lower", PythonText.lower),
        plain("capitalize", PythonText.capitalize), plain("title", title),
        JinjaFilter("string") { run, value, _ throws(PythonFault) in
            if case .markup = value { return value }
            return .text(try run.text(value))
        },
        JinjaFilter("center", ["width"]) { run, value, slots throws(PythonFault) in
            let (text, isMarkup) = try run.soft(value)
            return try run.textValue(
                JinjaTextMethod.centered(text, try slots.int(0, 80), " ", run.budget), isMarkup: isMarkup)
        },
        JinjaFilter("trim", ["chars"]) { run, value, slots throws(PythonFault) in
            let (text, isMarkup) = try run.soft(value)
            let result = try JinjaTextMethod.stripped(text, slots[0], fromStart: true, fromEnd: true, run)
            return try run.textValue(result, isMarkup: isMarkup, from: text)
        },
        JinjaFilter("replace", ["old", "new", "count"], required: 2, replace),
        JinjaFilter(open: "format", format),
        JinjaFilter("truncate", ["length", "killwords", "end", "leeway"], truncate),
        JinjaFilter("wordcount") { run, value, _ throws(PythonFault) in
            .integer(wordCount(try run.soft(value).text))
        },
        JinjaFilter("urlencode", [], urlEncode),
    ]

    private static func plain(_ name: String, _ change: @escaping @Sendable (String) -> String) -> JinjaFilter {
        JinjaFilter(name) { run, value, _ throws(PythonFault) in
            let (text, isMarkup) = try run.soft(value)
            return try run.textValue(change(text), isMarkup: isMarkup)
        }
    }

    /// Words start after blanks, hyphens and opening brackets; the rest of each becomes small.
    private static func title(_ text: String) -> String {
        var out = ""
        var word = ""
        func flush() {
            guard let first = word.unicodeScalars.first else { return }
            out += PythonText.upper(String(first)) + PythonText.lower(String(word.unicodeScalars.dropFirst()))
            word = ""
        }
        for scalar in text.unicodeScalars {
            if PythonText.isSpace(scalar) || "-({[<".unicodeScalars.contains(scalar) {
                flush()
                out.unicodeScalars.append(scalar)
            } else {
                word.unicodeScalars.append(scalar)
            }
        }
        flush()
        return out
    }

    private static func replace(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        let limit = slots[2].map(\.isNone) ?? true ? -1 : try slots.int(2, -1)
        let old = try slots.text(0, "", run)
        var new = try slots.text(1, "", run)
        guard run.escapesHTML else {
            return .text(try PythonText.replace(try run.text(value), old, new, limit: limit, run.budget))
        }
        func isMarkup(_ value: JinjaValue?) -> Bool { if case .markup? = value { true } else { false } }
        let hasMarkup = isMarkup(slots[0]) || isMarkup(slots[1])
        let subject = hasMarkup ? try run.escapedHTML(value) : value
        // Text put into markup is escaped.
        if isMarkup(subject), !isMarkup(slots[1]) { new = JinjaHTML.escaped(new) }
        let replaced = try PythonText.replace(try run.text(subject), old, new, limit: limit, run.budget)
        return isMarkup(subject) ? .markup(replaced) : .text(replaced)
    }

    private static func format(
        _ run: JinjaRun, _ value: JinjaValue, _ arguments: JinjaArguments
    ) throws(PythonFault) -> JinjaValue {
        guard arguments.positional.isEmpty || arguments.named.isEmpty else {
            throw PythonFault(
                .filterArgument, "can't handle positional and keyword arguments at the same time")
        }
        let (text, isMarkup) = try run.soft(value)
        let template: JinjaValue = isMarkup ? .markup(text) : .text(text)
        if arguments.named.isEmpty { return try run.formatted(template, .tuple(arguments.positional)) }
        let dict = JinjaDict()
        for (name, value) in arguments.named { dict.set(.string(name), .text(name), value) }
        return try run.formatted(template, .dict(dict))
    }

    private static func truncate(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        let length = try slots.int(0, 255)
        let end = try slots.text(2, "...", run)
        let leeway = slots[3].map(\.isNone) ?? true ? 5 : try slots.int(3, 5)
        let endLength = PythonText.length(end)
        if length < endLength { throw PythonFault(.exception, "expected length >= \(endLength), got \(length)") }
        if leeway < 0 { throw PythonFault(.exception, "expected leeway >= 0, got \(leeway)") }
        let count = try run.length(value)
        if count <= length.addingReportingOverflow(leeway).partialValue || length > Int.max - leeway { return value }
        guard let text = value.string else {
            throw .type("can only concatenate \(value.typeName) (not \"str\") to \(value.typeName)")
        }
        var head = PythonText.slice(text, 0..<(length - endLength))
        if try !slots.truth(1, false, run) {
            head = try PythonText.splitFromEnd(head, separator: " ", limit: 1, run.budget)[0]
        }
        if case .markup = value { return .markup(head + end) }
        return .text(head + end)
    }

    private static func wordCount(_ text: String) -> Int {
        var count = 0
        var isInside = false
        for scalar in text.unicodeScalars {
            let isWord = scalar == "_" || PythonText.isAlphanumeric(scalar)
            if isWord, !isInside { count += 1 }
            isInside = isWord
        }
        return count
    }

    // MARK: URLs

    private static func urlEncode(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        if value.string != nil { return .text(try quoted(value, isQuery: false, run)) }
        guard JinjaTest.isIterable(value) else { return .text(try quoted(value, isQuery: false, run)) }
        var parts: [String] = []
        let pairs = value.memberCount == nil ? value : .object(JinjaDictView(.items, of: value))
        var iterator = try JinjaIterator(pairs, run)
        while let pair = try iterator.next() {
            let items = try run.items(of: pair)
            guard items.count == 2 else {
                throw .value(
                    items.count < 2
                        ? "not enough values to unpack (expected 2, got \(items.count))"
                        : "too many values to unpack (expected 2)")
            }
            parts.append(try quoted(items[0], isQuery: true, run) + "=" + quoted(items[1], isQuery: true, run))
        }
        return .text(parts.joined(separator: "&"))
    }

    private static func quoted(_ value: JinjaValue, isQuery: Bool, _ run: JinjaRun) throws(PythonFault) -> String {
        var bytes = Array("".utf8)
        if let object = value.object as? JinjaBytes {
            bytes = object.bytes
        } else {
            bytes = Array(try run.text(value).utf8)
        }
        try run.budget.make(bytes.count, times: 3)
        var out: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in bytes {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "~"):
                out.append(byte)
            case UInt8(ascii: "/") where !isQuery: out.append(byte)
            case 0x20 where isQuery: out.append(UInt8(ascii: "+"))
            default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

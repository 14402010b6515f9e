import PetrelCore

/// Filters that make or read HTML and JSON.
enum JinjaMarkupFilters {
    static let filters: [JinjaFilter] = [
        JinjaFilter("escape") { run, value, _ throws(PythonFault) in try run.escapedHTML(value) },
        JinjaFilter("forceescape") { run, value, _ throws(PythonFault) in
            try run.escapedHTML(.text(try run.text(value)))
        },
        JinjaFilter("safe") { run, value, _ throws(PythonFault) in .markup(try run.text(value)) },
        JinjaFilter("striptags") { run, value, _ throws(PythonFault) in
            let (text, _) = try run.soft(value)
            return .text(try JinjaTagStripper.text(text, run.budget))
        },
        JinjaFilter("xmlattr", ["autospace"], attributes),
        JinjaFilter("tojson", ["indent"], json),
        JinjaFilter("urlize", ["trim_url_limit", "nofollow", "target", "rel", "extra_schemes"], urlize),
        JinjaFilter("unsafe_shell") { run, value, _ throws(PythonFault) in
            guard run.shell != nil else { return .text(try run.text(value)) }
            return .object(JinjaShellText(try run.text(value)))
        },
    ]

    private static func attributes(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        if case .undefined(let undefined) = value { throw undefined.fault }
        guard let members = value.members(run) else {
            throw PythonFault(.attributeError, "'\(value.typeName)' object has no attribute 'items'")
        }
        var parts: [String] = []
        for entry in members.values where !entry.value.isNone && !entry.value.isUndefined {
            let key = try run.text(entry.key)
            let isBad = key.unicodeScalars.contains { PythonText.isSpace($0) || $0 == "/" || $0 == ">" || $0 == "=" }
            if isBad { throw .value("Invalid character in attribute name: \(PythonText.quoted(key))") }
            let name = try run.text(try run.escapedHTML(entry.key))
            parts.append(name + "=\"" + (try run.text(try run.escapedHTML(entry.value))) + "\"")
        }
        let hasSpace = try slots.truth(0, true, run)
        let text = parts.isEmpty ? "" : (hasSpace ? " " : "") + parts.joined(separator: " ")
        return run.escapesHTML ? .markup(text) : .text(text)
    }

    private static func json(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        if case .undefined(let undefined) = value {
            throw .type("Object of type \(undefined.typeName) is not JSON serializable")
        }
        let indent = try run.plain(slots[0] ?? .none)
        let text = try run.json(value, indent: indent, sortKeys: true, (indent.isNull ? ", " : ",", ": "))
        let signs = PythonText.bytes(in: text) { jsonEscape($0) != nil }
        try run.budget.make(bytes: text.utf8.count + (signs == 0 ? 0 : text.utf8.count + signs * 5))
        if signs == 0 { return .markup(text) }
        return .markup(PythonText.substituted(text, size: text.utf8.count + signs * 5, jsonEscape))
    }

    /// What stands in JSON for the signs that mean something in HTML.
    private static func jsonEscape(_ byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "<"): "\\u003c"
        case UInt8(ascii: ">"): "\\u003e"
        case UInt8(ascii: "&"): "\\u0026"
        case UInt8(ascii: "'"): "\\u0027"
        default: nil
        }
    }

    private static func urlize(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        var links = JinjaLinks()
        links.limit = slots[0].map(\.isNone) ?? true ? nil : try slots.int(0, 0)
        var rel = Set(try PythonText.split(slots[3].map(\.isNone) ?? true ? "" : slots.text(3, "", run), run.budget))
        if try slots.truth(1, false, run) { rel.insert("nofollow") }
        rel.insert("noopener")
        links.rel = rel.sorted().joined(separator: " ")
        if let target = slots[2], !target.isNone { links.target = try run.text(target) }
        if let schemes = slots[4], !schemes.isNone {
            for scheme in try run.items(of: schemes) { links.schemes.append(try run.text(scheme)) }
        }
        let text = try run.text(try run.escapedHTML(value))
        try run.budget.make(text.utf8.count, times: 4)
        let linked = try links.linked(text)
        return run.escapesHTML ? .markup(linked) : .text(linked)
    }
}

extension JinjaRun {
    /// The JSON text of a value as Python writes it.
    func json(
        _ value: JinjaValue, indent: Value, sortKeys: Bool, _ separators: (String, String)
    ) throws(PythonFault) -> String {
        try refuseOdd(value)
        let plain = try plain(value)
        let text: String
        do throws(ExpressionError) {
            text = try StackStormFunctions.jsonText(plain, indent: indent, sortKeys: sortKeys, separators: separators)
        } catch { throw PythonFault(error) }
        try budget.work(TextCost.jinja("tojson").steps(writing: text, of: plain))
        return text
    }

    /// Objects that a template can make and JSON does not have.
    private func refuseOdd(_ value: JinjaValue, depth: Int = 0) throws(PythonFault) {
        // Deeper ones are refused for their depth.
        if depth > 64 { return }
        try budget.work()
        switch value {
        case .object(let object) where object is JinjaBytes || object is JinjaRange || object is JinjaDictView:
            throw .type("Object of type \(object.typeName) is not JSON serializable")
        case .list(let list): for item in list.items { try refuseOdd(item, depth: depth + 1) }
        case .tuple(let tuple): for item in tuple.items { try refuseOdd(item, depth: depth + 1) }
        case .dict(let dict): for entry in dict.entries.values { try refuseOdd(entry.value, depth: depth + 1) }
        default: return
        }
    }
}

import PetrelCore

/// How values are shown in messages.
enum SchemaText {
    private static let maxLength = 500
    private static let maxDepth = 20

    /// As Python shows the value, cut where it is long or deep.
    ///
    /// A large one is not written out only to be cut.
    static func shown(_ value: Value) -> String {
        var text = ""
        show(value, on: &text, depth: 0)
        guard text.utf8.count > maxLength else { return text }
        let start = text.unicodeScalars.prefix(maxLength)
        return start.count < text.unicodeScalars.count ? String(start) + "…" : text
    }

    private static func isLong(_ text: String) -> Bool { text.utf8.count > 4 * maxLength }

    private static func show(_ value: Value, on text: inout String, depth: Int) {
        switch value {
        case .string(let part): show(part, on: &text)
        case .array(let items): show(items, on: &text, depth: depth + 1)
        case .object(let members): show(members, on: &text, depth: depth + 1)
        default: text += value.pythonText
        }
    }

    private static func show(_ part: String, on text: inout String) {
        let isWhole = part.utf8.count <= 4 * maxLength
        text += PythonText.quoted(isWhole ? part : String(part.unicodeScalars.prefix(maxLength + 1)))
    }

    private static func show(_ items: [Value], on text: inout String, depth: Int) {
        guard depth <= maxDepth else {
            text += "[…]"
            return
        }
        text += "["
        for index in items.indices {
            if isLong(text) { return }
            if index > 0 { text += ", " }
            show(items[index], on: &text, depth: depth)
        }
        text += "]"
    }

    private static func show(_ members: ValueObject, on text: inout String, depth: Int) {
        guard depth <= maxDepth else {
            text += "{…}"
            return
        }
        text += "{"
        var isFirst = true
        for (key, value) in members {
            if isLong(text) { return }
            if !isFirst { text += ", " }
            isFirst = false
            show(key, on: &text)
            text += ": "
            show(value, on: &text, depth: depth)
        }
        text += "}"
    }
}

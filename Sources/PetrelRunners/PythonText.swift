import PetrelCore

/// What Python's `str()` makes of a value: scripts are given lists, objects and truths in that form.
func pythonText(_ value: Value) -> String {
    if case .string(let text) = value { text } else { pythonRepresentation(value) }
}

/// What Python's `repr()` makes of a value.
func pythonRepresentation(_ value: Value) -> String {
    switch value {
    case .null: "None"
    case .bool(let truth): truth ? "True" : "False"
    case .integer(let number): String(number)
    case .bigInteger(let digits): digits
    case .double(let number): String(describing: number)
    case .string(let text): pythonLiteral(text)
    case .array(let items): "[" + items.map(pythonRepresentation).joined(separator: ", ") + "]"
    case .object(let members):
        "{" + members.map { pythonLiteral($0.key) + ": " + pythonRepresentation($0.value) }.joined(separator: ", ")
            + "}"
    }
}

private func pythonLiteral(_ text: String) -> String {
    let quote: Unicode.Scalar = text.utf8.contains(0x27) && !text.utf8.contains(0x22) ? "\"" : "'"
    var literal = String(quote)
    for character in text.unicodeScalars { literal += escaped(character, inside: quote) }
    return literal + String(quote)
}

private func escaped(_ character: Unicode.Scalar, inside quote: Unicode.Scalar) -> String {
    switch character {
    case quote, "\\": return "\\" + String(character)
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    default: break
    }
    if character.value < 0x20 || (0x7F..<0xA1).contains(character.value) || character.value == 0xAD {
        return "\\x" + (character.value < 0x10 ? "0" : "") + String(character.value, radix: 16)
    }
    return String(character)
}

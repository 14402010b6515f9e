extension Value {
    /// The value as Python's `repr` shows it, which StackStorm's messages and script arguments use: `['a', True, None]`.
    public var pythonText: String {
        switch self {
        case .null: "None"
        case .bool(let truth): truth ? "True" : "False"
        case .integer(let number): String(number)
        case .bigInteger(let digits): digits
        case .double(let number): Self.pythonText(of: number)
        case .string(let text): Self.pythonText(of: text)
        case .array(let items): "[" + items.map(\.pythonText).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { "\(Self.pythonText(of: $0)): \($1.pythonText)" }.joined(separator: ", ") + "}"
        }
    }

    /// The value as Python's `str` shows it: text as it is, everything else as its `repr`.
    public var pythonString: String { string ?? pythonText }

    private static func pythonText(of number: Double) -> String {
        if number.isNaN { return "nan" }
        if number.isInfinite { return number < 0 ? "-inf" : "inf" }
        return String(describing: number)
    }

    /// Python prefers single quotes and changes to double ones only if that saves an escape.
    private static func pythonText(of text: String) -> String {
        let quote: Unicode.Scalar = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var out = String(Character(quote))
        for scalar in text.unicodeScalars {
            switch scalar {
            case quote, "\\": out += "\\" + String(scalar)
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where scalar.value < 0x20 || (0x7F..<0xA1).contains(scalar.value) || scalar.value == 0xAD:
                let digits = String(scalar.value, radix: 16)
                out += "\\x" + (digits.count < 2 ? "0" : "") + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + String(Character(quote))
    }
}

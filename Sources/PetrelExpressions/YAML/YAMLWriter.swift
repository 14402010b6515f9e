public import PetrelCore

/// Writes a ``Value`` as YAML in block style, so that ``YAMLReader`` and PyYAML read the same value back.
///
/// Text is quoted only where it would read back as something else; text of several lines becomes a `|` block.
public struct YAMLWriter {
    private var out = ""

    /// The text of a value, with a line break at its end.
    public static func text(_ value: Value) -> String {
        var writer = YAMLWriter()
        switch value {
        case .object(let members) where !members.isEmpty: writer.write(members, indent: 0)
        case .array(let items) where !items.isEmpty: writer.write(items, indent: 0)
        default: writer.writeInline(value, indent: 0)
        }
        return writer.out
    }

    private mutating func write(_ members: ValueObject, indent: Int, isFirstIndented: Bool = true) {
        for (position, member) in members.enumerated() {
            if position > 0 || isFirstIndented { pad(indent) }
            let key = YAMLText.inline(member.key)
            // libyaml reads a key of more than 1,024 characters only after a question mark.
            if key.unicodeScalars.count > 1_000 {
                out += "? " + key + "\n"
                pad(indent)
            } else {
                out += key
            }
            out += ":"
            writeMember(member.value, indent: indent)
        }
    }

    private mutating func writeMember(_ value: Value, indent: Int) {
        switch value {
        case .object(let members) where !members.isEmpty:
            out += "\n"
            write(members, indent: indent + 2)
        case .array(let items) where !items.isEmpty:
            out += "\n"
            write(items, indent: indent)
        default:
            out += " "
            writeInline(value, indent: indent + 2)
        }
    }

    private mutating func write(_ items: [Value], indent: Int, isFirstIndented: Bool = true) {
        for (position, item) in items.enumerated() {
            if position > 0 || isFirstIndented { pad(indent) }
            out += "- "
            switch item {
            case .object(let members) where !members.isEmpty:
                write(members, indent: indent + 2, isFirstIndented: false)
            case .array(let items) where !items.isEmpty:
                write(items, indent: indent + 2, isFirstIndented: false)
            default: writeInline(item, indent: indent + 2)
            }
        }
    }

    private mutating func pad(_ indent: Int) { out += String(repeating: " ", count: indent) }

    /// A scalar or an empty collection, with the line break after it.
    private mutating func writeInline(_ value: Value, indent: Int) {
        switch value {
        case .string(let text):
            if let header = YAMLText.blockHeader(text) {
                writeBlock(text, header: header, indent: max(2, indent))
            } else {
                out += YAMLText.inline(text) + "\n"
            }
        case .double(let number): out += YAMLText.number(number) + "\n"
        case .array: out += "[]\n"
        case .object: out += "{}\n"
        default: out += JSONWriter.text(value) + "\n"
        }
    }

    private mutating func writeBlock(_ text: String, header: String, indent: Int) {
        out += header + "\n"
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        for line in lines {
            if !line.isEmpty {
                pad(indent)
                out += String(line)
            }
            out += "\n"
        }
    }
}

/// How texts and numbers are spelled in YAML.
enum YAMLText {
    /// The mark that opens a `|` block for a text, or nil where quotes are needed.
    static func blockHeader(_ text: String) -> String? {
        let scalars = text.unicodeScalars
        guard scalars.contains("\n"), let first = scalars.first, !" \t\n".unicodeScalars.contains(first) else {
            return nil
        }
        guard scalars.allSatisfy({ $0 == "\n" || $0 == "\t" || isPrintable($0) }) else { return nil }
        guard scalars.last == "\n" else { return "|-" }
        return scalars.dropLast().last == "\n" ? "|+" : "|"
    }

    static func inline(_ text: String) -> String {
        if isPlain(text) { return text }
        if text.unicodeScalars.allSatisfy(isPrintable) {
            return "'" + text.unicodeScalars.map { $0 == "'" ? "''" : String($0) }.joined() + "'"
        }
        return "\"" + text.unicodeScalars.map(escaped).joined() + "\""
    }

    static func number(_ number: Double) -> String {
        if number.isNaN { return ".nan" }
        if number.isInfinite { return number < 0 ? "-.inf" : ".inf" }
        let text = String(describing: number)
        guard let mark = text.firstIndex(of: "e"), !text.contains(".") else { return text }
        // YAML 1.1 knows a float by its dot.
        return text[..<mark] + ".0" + text[mark...]
    }

    /// Whether a text stands for itself without quotes, wherever it is put.
    private static func isPlain(_ text: String) -> Bool {
        let scalars = text.unicodeScalars
        guard let first = scalars.first, let last = scalars.last, last != " ", last != ":" else { return false }
        let isMark =
            first.isASCII && !first.isLatinLetter && !first.isDecimalDigit && !"/_.+".unicodeScalars.contains(first)
        guard !isMark, !scalars.starts(with: "...".unicodeScalars), scalars.allSatisfy(isPrintable) else {
            return false
        }
        // By scalars, for a combining mark after a blank would hide it from a search by characters.
        for (before, after) in zip(scalars, scalars.dropFirst())
        where before == ":" && after == " " || before == " " && after == "#" { return false }
        guard !scalars.contains(where: { ",[]{}".unicodeScalars.contains($0) }) else { return false }
        return YAMLScalar.type(of: text) == .str
    }

    /// Whether YAML lets a character stand as it is, within one line.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E, 0xA0...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF:
            scalar.value != 0x2028 && scalar.value != 0x2029 && scalar.value != 0xFEFF
        default: false
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\t": return "\\t"
        case "\r": return "\\r"
        default: break
        }
        if isPrintable(scalar) { return String(scalar) }
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let (mark, width) = scalar.value < 0x100 ? ("x", 2) : ("u", 4)
        return "\\" + mark + String(repeating: "0", count: width - digits.utf8.count) + digits
    }
}

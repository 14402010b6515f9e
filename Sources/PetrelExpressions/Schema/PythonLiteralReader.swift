import PetrelCore

/// Reads what Python's `ast.literal_eval` reads, as far as JSON can say it.
///
/// Tuples and sets become arrays; keys that are no text, their JSON form. Bytes and complex numbers are refused.
struct PythonLiteralReader {
    private let scalars: [Unicode.Scalar]
    private var at = 0
    /// Inside brackets a line break is a blank.
    private var brackets = 0

    private static let maxDepth = 100
    private static let maxBytes = 4 << 20

    /// The value of a text.
    static func value(_ text: String) throws(PythonFault) -> Value {
        guard text.utf8.count <= maxBytes else { throw .tooComplex("The literal has more than \(maxBytes) bytes") }
        var reader = PythonLiteralReader(text)
        reader.skipBlanks(withBreaks: true)
        let value = try reader.value(depth: 0)
        reader.skipBlanks(withBreaks: true)
        guard reader.at == reader.scalars.count else { throw reader.malformed }
        return value
    }

    private init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    private var next: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

    private var malformed: PythonFault {
        let text = scalars.prefix(100).reduce(into: "") { $0.unicodeScalars.append($1) }
        return .value("malformed node or string: \(PythonText.quoted(text))")
    }

    private mutating func skipBlanks(withBreaks: Bool = false) {
        while let next {
            switch next {
            case " ", "\t", "\u{C}": break
            case "\n", "\r": if brackets == 0, !withBreaks { return }
            case "\\" where at + 1 < scalars.count && scalars[at + 1] == "\n": at += 1
            case "#":
                while at + 1 < scalars.count, scalars[at + 1] != "\n" { at += 1 }
            default: return
            }
            at += 1
        }
    }

    private mutating func takes(_ scalar: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard next == scalar else { return false }
        at += 1
        return true
    }

    private mutating func value(depth: Int) throws(PythonFault) -> Value {
        skipBlanks()
        guard depth <= Self.maxDepth else { throw .tooComplex("The literal is nested too deeply") }
        guard let first = next else { throw PythonFault(.valueError, "invalid syntax (<unknown>, line 0)") }
        switch first {
        case "[": return .array(try items(closing: "]", depth: depth))
        case "(": return try parenthesis(depth: depth)
        case "{": return try braces(depth: depth)
        case "'", "\"": return .string(try strings())
        case "-", "+": return try signed(depth: depth)
        case "0"..."9", ".": return try number()
        default: return try word()
        }
    }

    /// Items up to the closing bracket; a comma may follow the last.
    private mutating func items(closing: Unicode.Scalar, depth: Int) throws(PythonFault) -> [Value] {
        at += 1
        brackets += 1
        defer { brackets -= 1 }
        var items: [Value] = []
        while !takes(closing) {
            items.append(try value(depth: depth + 1))
            if takes(closing) { break }
            guard takes(",") else { throw malformed }
        }
        return items
    }

    /// A tuple, or a value in parentheses.
    private mutating func parenthesis(depth: Int) throws(PythonFault) -> Value {
        at += 1
        brackets += 1
        defer { brackets -= 1 }
        if takes(")") { return .array([]) }
        var items = [try value(depth: depth + 1)]
        if takes(")") { return items[0] }
        while takes(",") {
            if takes(")") { return .array(items) }
            items.append(try value(depth: depth + 1))
        }
        guard takes(")") else { throw malformed }
        return .array(items)
    }

    /// A dictionary or a set.
    private mutating func braces(depth: Int) throws(PythonFault) -> Value {
        at += 1
        brackets += 1
        defer { brackets -= 1 }
        if takes("}") { return .object([:]) }
        let first = try value(depth: depth + 1)
        guard takes(":") else { return try set(first, depth: depth) }
        var members: ValueObject = [try key(first): try value(depth: depth + 1)]
        while takes(",") {
            if takes("}") { return .object(members) }
            let key = try key(value(depth: depth + 1))
            guard takes(":") else { throw malformed }
            members[key] = try value(depth: depth + 1)
        }
        guard takes("}") else { throw malformed }
        return .object(members)
    }

    private mutating func set(_ first: Value, depth: Int) throws(PythonFault) -> Value {
        var items = [first]
        while takes(",") {
            if takes("}") { return .array(items) }
            let item = try value(depth: depth + 1)
            if !items.contains(item) { items.append(item) }
            guard items.count <= 10_000 else { throw .tooComplex("The set has too many items") }
        }
        guard takes("}") else { throw malformed }
        return .array(items)
    }

    private func key(_ value: Value) throws(PythonFault) -> String {
        switch value {
        case .string(let text): return text
        case .array: throw .type("unhashable type: 'list'")
        case .object: throw .type("unhashable type: 'dict'")
        default: return JSONWriter.text(value)
        }
    }

    private mutating func signed(depth: Int) throws(PythonFault) -> Value {
        let isNegative = next == "-"
        at += 1
        skipBlanks()
        // Of several signs, all but the last belong to an expression, which is no literal.
        if next == "-" || next == "+" { throw malformed }
        let value = try value(depth: depth + 1)
        guard value.bool == nil, let number = PythonNumber(value) else { throw malformed }
        guard isNegative else { return value }
        switch number {
        case .integer(let number): return PythonNumber(BigInteger(number).negated).value
        case .big(let number): return PythonNumber(number.negated).value
        case .double(let number): return .double(-number)
        }
    }

    private mutating func run(while belongs: (Unicode.Scalar) -> Bool) -> String {
        var text = ""
        while let next, belongs(next) {
            text.unicodeScalars.append(next)
            at += 1
        }
        return text
    }

    private mutating func number() throws(PythonFault) -> Value {
        var text = run {
            $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "." || $0 == "_")
        }
        if text.hasSuffix("e") || text.hasSuffix("E"), !text.lowercased().hasPrefix("0x"), next == "+" || next == "-" {
            text.unicodeScalars.append(scalars[at])
            at += 1
            text += run { $0.isASCII && ($0.properties.numericType != nil || $0 == "_") }
        }
        let lowered = text.lowercased()
        if ["0x", "0o", "0b"].contains(lowered.prefix(2)) || lowered.utf8.allSatisfy({ $0 < 0x3A || $0 == 0x5F }),
            !lowered.contains(".")
        {
            // Base 0 reads as Python's source does: prefixes, no leading zeros.
            do throws(PythonFault) { return try PythonInteger.parse(text, base: 0).value } catch {
                if error.isLimit { throw error }
                throw malformed
            }
        }
        let isNumber = lowered.utf8.allSatisfy { $0 < 0x3A || $0 == UInt8(ascii: "e") || $0 == 0x5F }
        guard isNumber || lowered.utf8.allSatisfy({ $0 < 0x3A || "e_+-".utf8.contains($0) }),
            let number = PythonFloat.parse(text)
        else { throw malformed }
        return .double(number)
    }

    private mutating func word() throws(PythonFault) -> Value {
        let start = at
        let word = run { $0.properties.isXIDContinue }
        switch word {
        case "None": return .null
        case "True": return true
        case "False": return false
        case "set":
            guard takes("("), takes(")") else { throw malformed }
            return .array([])
        case "r", "R", "u", "U":
            guard next == "'" || next == "\"" else { throw malformed }
            at = start
            return .string(try strings())
        default: throw malformed
        }
    }

    /// One string, or several side by side.
    private mutating func strings() throws(PythonFault) -> String {
        var text = ""
        while let first = next {
            let hasPrefix = "rRuU".unicodeScalars.contains(first)
            let quote = hasPrefix ? (at + 1 < scalars.count ? scalars[at + 1] : " ") : first
            guard quote == "'" || quote == "\"" else { break }
            if hasPrefix { at += 1 }
            text += try string(isRaw: first == "r" || first == "R")
            skipBlanks()
        }
        return text
    }

    private mutating func string(isRaw: Bool) throws(PythonFault) -> String {
        let quote = scalars[at]
        let isLong = at + 2 < scalars.count && scalars[at + 1] == quote && scalars[at + 2] == quote
        at += isLong ? 3 : 1
        var text = ""
        while let scalar = next {
            at += 1
            if scalar == quote {
                if !isLong { return text }
                if at + 1 < scalars.count, scalars[at] == quote, scalars[at + 1] == quote {
                    at += 2
                    return text
                }
            } else if scalar == "\n", !isLong {
                break
            } else if scalar == "\\" {
                try escape(isRaw, &text)
                continue
            }
            text.unicodeScalars.append(scalar)
        }
        throw PythonFault(.valueError, "unterminated string literal (detected at line 1) (<unknown>, line 1)")
    }

    private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
        "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", "\"": "\"", "a": "\u{7}", "b": "\u{8}", "f": "\u{C}",
        "v": "\u{B}",
    ]

    private mutating func escape(_ isRaw: Bool, _ text: inout String) throws(PythonFault) {
        guard let scalar = next else { throw malformed }
        at += 1
        if isRaw {
            text.unicodeScalars.append("\\")
            text.unicodeScalars.append(scalar)
        } else if let meant = Self.escapes[scalar] {
            text.unicodeScalars.append(meant)
        } else if ("0"..."7").contains(scalar) {
            at -= 1
            text.unicodeScalars.append(try code(width: 3, radix: 8, isExact: false))
        } else if let width = ["x": 2, "u": 4, "U": 8][scalar] {
            text.unicodeScalars.append(try code(width: width, radix: 16, isExact: true))
        } else if scalar == "N" {
            // A character by its name.
            throw malformed
        } else if scalar != "\n" {
            text.unicodeScalars.append("\\")
            text.unicodeScalars.append(scalar)
        }
    }

    private mutating func code(width: Int, radix: Int, isExact: Bool) throws(PythonFault) -> Unicode.Scalar {
        var digits = ""
        while digits.utf8.count < width, let next, Int(String(next), radix: radix) != nil {
            digits.unicodeScalars.append(next)
            at += 1
        }
        guard !isExact || digits.utf8.count == width, let code = UInt32(digits, radix: radix), code <= 0x10_FFFF
        else { throw malformed }
        // Half a pair has no UTF-8 form.
        return Unicode.Scalar(code) ?? "\u{FFFD}"
    }
}

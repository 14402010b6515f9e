/// The small language behind the colon: `[[fill]align][sign][z][#][0][width][,_][.precision][type]`.
struct PythonFormatSpec {
    var fill: Unicode.Scalar = " "
    /// `<`, `>`, `^`, `=`; nil when the type decides.
    var align: Unicode.Scalar?
    var sign: Unicode.Scalar = "-"
    var isAlternate = false
    var dropsNegativeZero = false
    var width = 0
    var separator: Unicode.Scalar?
    var precision: Int?
    /// Nil when none is given.
    var type: Unicode.Scalar?

    private static let aligns: Set<Unicode.Scalar> = ["<", ">", "^", "="]

    /// Formats a thing as `format(thing, spec)` does.
    static func format<Object: PythonObject>(
        _ object: Object, _ spec: String, _ budget: EvaluationBudget
    ) throws(PythonFault) -> String {
        if spec.isEmpty { return try object.text(budget) }
        if let text = object.plainText { return try PythonFormatSpec(spec, "str").text(text, budget) }
        guard let number = object.pythonNumber else {
            throw .type("unsupported format string passed to \(object.pythonTypeName).__format__")
        }
        let parsed = try PythonFormatSpec(spec, object.pythonTypeName)
        return try parsed.number(number, object.pythonTypeName, budget)
    }

    init(_ text: String, _ typeName: String) throws(PythonFault) {
        var rest = Array(text.unicodeScalars)[...]
        if rest.count > 1, Self.aligns.contains(rest[rest.startIndex + 1]), let first = rest.popFirst() {
            fill = first
            align = rest.popFirst()
        } else if let first = rest.first, Self.aligns.contains(first) {
            align = rest.popFirst()
        }
        if let first = rest.first, ["+", "-", " "].contains(first) { sign = rest.removeFirst() }
        if rest.first == "z" {
            rest.removeFirst()
            dropsNegativeZero = true
        }
        if rest.first == "#" {
            rest.removeFirst()
            isAlternate = true
        }
        if rest.first == "0", align == nil {
            rest.removeFirst()
            fill = "0"
            align = typeName == "str" ? nil : "="
        }
        width = try Self.count(&rest) ?? 0
        while let first = rest.first, first == "," || first == "_" {
            rest.removeFirst()
            if let separator {
                throw .value(
                    separator == first
                        ? "Cannot specify '\(first)' with '\(first)'." : "Cannot specify both ',' and '_'.")
            }
            separator = first
        }
        if rest.first == "." {
            rest.removeFirst()
            precision = try Self.count(&rest)
            if precision == nil { throw .value("Format specifier missing precision") }
        }
        type = rest.popFirst()
        if !rest.isEmpty {
            throw .value("Invalid format specifier \(PythonText.quoted(text)) for object of type '\(typeName)'")
        }
    }

    private static func count(_ rest: inout ArraySlice<Unicode.Scalar>) throws(PythonFault) -> Int? {
        var number: Int?
        while let digit = rest.first.flatMap(PythonText.decimalDigit) {
            rest.removeFirst()
            let next = (number ?? 0) * 10 + Int(digit)
            guard next < 1 << 40 else { throw .value("Too many decimal digits in format string") }
            number = next
        }
        return number
    }

    private func unknownCode(_ code: Unicode.Scalar, _ typeName: String) -> PythonFault {
        .value("Unknown format code '\(code)' for object of type '\(typeName)'")
    }

    // MARK: Text

    private func text(_ text: String, _ budget: EvaluationBudget) throws(PythonFault) -> String {
        if let type, type != "s" { throw unknownCode(type, "str") }
        if sign != "-" { throw .value("Sign not allowed in string format specifier") }
        if isAlternate { throw .value("Alternate form (#) not allowed in string format specifier") }
        if let separator { throw .value("Cannot specify '\(separator)' with 's'.") }
        if align == "=" { throw .value("'=' alignment not allowed in string format specifier") }
        var text = text
        if let precision, PythonText.length(text) > precision { text = PythonText.slice(text, 0..<precision) }
        return try padded("", text, align ?? "<", budget)
    }

    /// Fills up to the width; `sign` stays in front of the filling when that comes after it.
    private func padded(
        _ sign: String, _ body: String, _ align: Unicode.Scalar, _ budget: EvaluationBudget
    ) throws(PythonFault) -> String {
        let missing = width - PythonText.length(sign) - PythonText.length(body)
        guard missing > 0 else { return sign + body }
        let unit = String(fill)
        try budget.make(missing, times: unit.utf8.count)
        let before = align == ">" ? missing : align == "^" ? missing / 2 : 0
        switch align {
        case "=": return sign + String(repeating: unit, count: missing) + body
        default:
            return String(repeating: unit, count: before) + sign + body
                + String(repeating: unit, count: missing - before)
        }
    }

    // MARK: Numbers

    private func number(
        _ number: PythonNumber, _ typeName: String, _ budget: EvaluationBudget
    ) throws(PythonFault) -> String {
        let type = type ?? (number.isWhole ? "d" : "r")
        switch type {
        case "b", "c", "d", "o", "x", "X", "n":
            if !number.isWhole {
                guard type == "n" else { throw unknownCode(type, "float") }
                return try real(try number.double(), type, budget)
            }
            return try whole(number, type, budget)
        case "e", "E", "f", "F", "g", "G", "%", "r": return try real(try number.double(), type, budget)
        default: throw unknownCode(type, typeName == "bool" ? "int" : typeName)
        }
    }

    private func signText(isNegative: Bool) -> String { isNegative ? "-" : sign == "-" ? "" : String(sign) }

    private func whole(
        _ number: PythonNumber, _ type: Unicode.Scalar, _ budget: EvaluationBudget
    ) throws(PythonFault) -> String {
        if precision != nil { throw .value("Precision not allowed in integer format specifier") }
        if type == "c" { return try character(number, budget) }
        if let separator, separator == "," ? type != "d" : type == "n" || type == "c" {
            throw .value("Cannot specify '\(separator)' with '\(type)'.")
        }
        let base = type == "b" ? 2 : type == "o" ? 8 : type == "x" || type == "X" ? 16 : 10
        let digits = PythonInteger.digits(number, base: base, uppercase: type == "X")
        let prefix = isAlternate && base != 10 ? "0\(type)" : ""
        let head = signText(isNegative: number.isNegative) + prefix
        return try assembled(head, digits, "", group: base == 10 ? 3 : 4, budget)
    }

    private func character(_ number: PythonNumber, _ budget: EvaluationBudget) throws(PythonFault) -> String {
        if sign != "-" { throw .value("Sign not allowed with integer format specifier 'c'") }
        guard case .integer(let code) = number, let small = UInt32(exactly: code), small < 0x110000 else {
            throw PythonFault(.overflow, "%c arg not in range(0x110000)")
        }
        guard let scalar = Unicode.Scalar(small) else { throw .value("no character has the number \(code)") }
        return try padded("", String(scalar), align ?? ">", budget)
    }

    private func real(
        _ number: Double, _ type: Unicode.Scalar, _ budget: EvaluationBudget
    ) throws(PythonFault) -> String {
        let places = precision ?? 6
        guard places < 100_000 else { throw .value("precision too big") }
        try budget.make(bytes: places)
        let magnitude = type == "%" ? number.magnitude * 100 : number.magnitude
        var body = PythonFormatSpec.realText(magnitude, type, precision, isAlternate: isAlternate)
        if type == "%" { body += "%" }
        if type == "E" || type == "F" || type == "G" { body = PythonText.upper(body) }
        let isZero = body.utf8.allSatisfy { $0 < 0x31 || $0 > 0x39 } && !body.utf8.contains { $0 | 0x20 == 0x6E }
        let isNegative = number.sign == .minus && !number.isNaN && !(dropsNegativeZero && isZero)
        let head = signText(isNegative: isNegative)
        let integral = body.utf8.prefix { $0 >= 0x30 && $0 <= 0x39 }.count
        let digits = String(decoding: body.utf8.prefix(integral), as: UTF8.self)
        return try assembled(
            head, digits, String(decoding: body.utf8.dropFirst(integral), as: UTF8.self), group: 3, budget)
    }

    /// A magnitude in one of the forms of `e`, `f`, `g`, `%` and the plain one (`r`).
    static func realText(
        _ magnitude: Double, _ type: Unicode.Scalar, _ precision: Int?, isAlternate: Bool
    ) -> String {
        if magnitude.isNaN { return "nan" }
        if magnitude.isInfinite { return "inf" }
        let places = precision ?? 6
        switch type {
        case "e", "E":
            let text = PythonFloat.exponential(magnitude, precision: places)
            return isAlternate && places == 0 ? text.replacingFirst("e", with: ".e") : text
        case "f", "F", "%":
            return PythonFloat.fixed(magnitude, precision: places) + (isAlternate && places == 0 ? "." : "")
        case "r":
            guard let precision else { return PythonFloat.text(magnitude) }
            let text = PythonFloat.general(
                magnitude, precision: precision, keepsZeros: isAlternate, leastExponential: max(1, precision) - 1)
            return text.utf8.contains { $0 == 0x2E || $0 == 0x65 } ? text : text + ".0"
        default:
            let text = PythonFloat.general(magnitude, precision: places, keepsZeros: isAlternate)
            guard isAlternate, !text.utf8.contains(0x2E) else { return text }
            return text.utf8.contains(0x65) ? text.replacingFirst("e", with: ".e") : text + "."
        }
    }

    /// Sign, grouped digits and the rest, filled up to the width.
    private func assembled(
        _ head: String, _ digits: String, _ tail: String, group: Int, _ budget: EvaluationBudget
    ) throws(PythonFault) -> String {
        let align = align ?? ">"
        guard let separator else { return try padded(head, digits + tail, align, budget) }
        var least = 0
        if align == "=", fill == "0" {
            // The filling is made of digits that are grouped too.
            least = width - PythonText.length(head) - PythonText.length(tail)
            try budget.make(bytes: max(0, least))
        }
        return try padded(head, Self.grouped(digits, separator, group, least: least) + tail, align, budget)
    }

    private static func grouped(_ digits: String, _ separator: Unicode.Scalar, _ size: Int, least: Int) -> String {
        guard !digits.isEmpty else { return digits }
        var reversed: [UInt8] = []
        var count = 0
        let bytes = Array(digits.utf8.reversed())
        while count < bytes.count || reversed.count < least {
            if count > 0, count % size == 0 { reversed.append(UInt8(ascii: separator)) }
            reversed.append(count < bytes.count ? bytes[count] : 0x30)
            count += 1
        }
        return String(decoding: reversed.reversed(), as: UTF8.self)
    }
}

extension String {
    fileprivate func replacingFirst(_ letter: Character, with text: String) -> String {
        guard let at = firstIndex(of: letter) else { return self }
        return self[..<at] + text + self[index(after: at)...]
    }
}

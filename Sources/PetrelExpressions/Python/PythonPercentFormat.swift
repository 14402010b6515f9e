/// `text % arguments`: the older of Python's two ways to format.
struct PythonPercentFormat<Object: PythonObject> {
    private let scalars: [Unicode.Scalar]
    private let argument: Object
    private let positional: [Object]?
    private let budget: EvaluationBudget
    /// Makes an argument's text fit the template's kind of text; escapes it where that is markup.
    private let adapt: ((String, Object) -> String)?
    private var at = 0
    private var next = 0
    private var out = ""

    /// The text with its `%` fields filled in.
    static func format(
        _ text: String, _ argument: Object, _ budget: EvaluationBudget, adapt: ((String, Object) -> String)? = nil
    ) throws(PythonFault) -> String {
        try budget.make(bytes: text.utf8.count)
        try budget.work(text.utf8.count / 2)
        var work = PythonPercentFormat(text, argument, budget, adapt)
        try work.run()
        return work.out
    }

    private init(
        _ text: String, _ argument: Object, _ budget: EvaluationBudget, _ adapt: ((String, Object) -> String)?
    ) {
        scalars = Array(text.unicodeScalars)
        self.argument = argument
        positional = argument.tupleItems
        self.budget = budget
        self.adapt = adapt
    }

    private mutating func run() throws(PythonFault) {
        while at < scalars.count {
            let scalar = scalars[at]
            at += 1
            if scalar == "%" { try field() } else { out.unicodeScalars.append(scalar) }
        }
        let count = positional?.count ?? 1
        if next < count, !argument.takesKeys {
            throw .type("not all arguments converted during string formatting")
        }
    }

    /// What stands between `%` and the letter.
    private struct Field {
        var isLeft = false
        var sign = ""
        var isAlternate = false
        var isZeroFilled = false
        var width = 0
        var precision: Int?
    }

    private mutating func peek() throws(PythonFault) -> Unicode.Scalar {
        guard at < scalars.count else { throw .value("incomplete format") }
        return scalars[at]
    }

    private mutating func field() throws(PythonFault) {
        var field = Field()
        var named: Object?
        if try peek() == "(" { named = try self.named(key()) }
        try flags(&field)
        if let width = try count() {
            field.isLeft = field.isLeft || width < 0
            field.width = abs(width)
        }
        if try peek() == "." {
            at += 1
            field.precision = max(0, try count() ?? 0)
        }
        while ["h", "l", "L"].contains(try peek()) { at += 1 }
        let letter = try peek()
        at += 1
        if letter == "%" {
            // With flags between the two signs, Python takes an argument for it.
            if scalars[at - 2] != "%", named == nil { _ = try argumentValue() }
            out += "%"
            return
        }
        try append(letter, field, named)
    }

    private mutating func key() throws(PythonFault) -> String {
        at += 1
        var key = ""
        var depth = 1
        while at < scalars.count {
            let scalar = scalars[at]
            at += 1
            if scalar == "(" { depth += 1 }
            if scalar == ")" {
                depth -= 1
                if depth == 0 { return key }
            }
            key.unicodeScalars.append(scalar)
        }
        throw .value("incomplete format key")
    }

    private mutating func named(_ key: String) throws(PythonFault) -> Object {
        guard argument.takesKeys else { throw .type("format requires a mapping") }
        // A field with a name uses up the argument for those without.
        next = 1
        guard let member = try argument.member(key, budget) else {
            throw PythonFault(.keyError, PythonText.quoted(key))
        }
        return member
    }

    private mutating func flags(_ field: inout Field) throws(PythonFault) {
        while true {
            switch try peek() {
            case "-": field.isLeft = true
            case "+": field.sign = "+"
            case " ": if field.sign.isEmpty { field.sign = " " }
            case "#": field.isAlternate = true
            case "0": field.isZeroFilled = true
            default: return
            }
            at += 1
        }
    }

    /// Digits, or a star that takes the next argument.
    private mutating func count() throws(PythonFault) -> Int? {
        if try peek() == "*" {
            at += 1
            guard case .integer(let number)? = try argumentValue().pythonNumber else { throw .type("* wants int") }
            guard number.magnitude < 1 << 31 else {
                throw PythonFault(.overflow, "Python int too large to convert to C int")
            }
            return number
        }
        var number: Int?
        while at < scalars.count, let digit = PythonText.decimalDigit(scalars[at]), scalars[at].value < 0x80 {
            at += 1
            let next = (number ?? 0) * 10 + Int(digit)
            guard next < 1 << 40 else { throw .value("width too big") }
            number = next
        }
        return number
    }

    private mutating func argumentValue() throws(PythonFault) -> Object {
        guard let positional else {
            guard next == 0 else { throw .type("not enough arguments for format string") }
            next = 1
            return argument
        }
        guard next < positional.count else { throw .type("not enough arguments for format string") }
        next += 1
        return positional[next - 1]
    }

    private mutating func append(_ letter: Unicode.Scalar, _ field: Field, _ named: Object?) throws(PythonFault) {
        guard "diouxXeEfFgGcrsa".unicodeScalars.contains(letter) else {
            throw .value(
                "unsupported format character '\(letter)' (0x\(String(letter.value, radix: 16))) at index \(at - 1)")
        }
        let object: Object
        if let named { object = named } else { object = try argumentValue() }
        switch letter {
        case "s", "r", "a":
            var text = letter == "s" ? try object.text(budget) : try object.shown(budget)
            if letter == "a" { text = PythonText.asciiOnly(text) }
            if let adapt { text = adapt(text, object) }
            if let precision = field.precision, PythonText.length(text) > precision {
                text = PythonText.slice(text, 0..<precision)
            }
            try pad("", text, field, mayZero: false)
        case "c": try pad("", try character(object), field, mayZero: false)
        case "d", "i", "u", "o", "x", "X": try whole(letter, object, field)
        default: try real(letter, object, field)
        }
    }

    private func character(_ object: Object) throws(PythonFault) -> String {
        if let text = object.plainText, PythonText.length(text) == 1 { return text }
        guard case .integer(let code)? = object.pythonNumber else { throw .type("%c requires int or char") }
        guard let small = UInt32(exactly: code), let scalar = Unicode.Scalar(small) else {
            throw PythonFault(.overflow, "%c arg not in range(0x110000)")
        }
        return String(scalar)
    }

    private mutating func whole(_ letter: Unicode.Scalar, _ object: Object, _ field: Field) throws(PythonFault) {
        let isDecimal = ["d", "i", "u"].contains(letter)
        if isDecimal, let fault = object.numberFault { throw fault }
        guard var number = object.pythonNumber, isDecimal || number.isWhole else {
            throw .type(
                "%\(letter) format: \(isDecimal ? "a real number" : "an integer") is required, not "
                    + object.pythonTypeName)
        }
        number = try number.whole()
        let base = letter == "o" ? 8 : letter == "x" || letter == "X" ? 16 : 10
        var digits = PythonInteger.digits(number, base: base, uppercase: letter == "X")
        if let precision = field.precision, precision > digits.utf8.count {
            try budget.make(bytes: precision)
            digits = String(repeating: "0", count: precision - digits.utf8.count) + digits
        }
        let prefix = field.isAlternate && base != 10 ? "0\(letter)" : ""
        try pad((number.isNegative ? "-" : field.sign) + prefix, digits, field, mayZero: true)
    }

    private mutating func real(_ letter: Unicode.Scalar, _ object: Object, _ field: Field) throws(PythonFault) {
        if let fault = object.numberFault { throw fault }
        guard let number = try object.pythonNumber?.double() else {
            throw .type("must be real number, not \(object.pythonTypeName)")
        }
        let places = field.precision ?? 6
        guard places < 100_000 else { throw .value("precision too large") }
        try budget.make(bytes: places)
        var body = PythonFormatSpec.realText(number.magnitude, letter, places, isAlternate: field.isAlternate)
        if ["E", "F", "G"].contains(letter) { body = PythonText.upper(body) }
        let isNegative = number.sign == .minus && !number.isNaN
        try pad(isNegative ? "-" : field.sign, body, field, mayZero: true)
    }

    private mutating func pad(_ sign: String, _ body: String, _ field: Field, mayZero: Bool) throws(PythonFault) {
        let missing = field.width - PythonText.length(sign) - PythonText.length(body)
        try budget.make(bytes: body.utf8.count + max(0, missing))
        let filling = missing > 0 ? missing : 0
        if field.isLeft {
            out += sign + body + String(repeating: " ", count: filling)
        } else if mayZero, field.isZeroFilled {
            out += sign + String(repeating: "0", count: filling) + body
        } else {
            out += String(repeating: " ", count: filling) + sign + body
        }
    }
}

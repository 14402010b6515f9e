import PetrelCore

/// A piece of an expression's text.
enum YAQLToken {
    /// A quoted text or a number.
    case literal(Value)
    /// `true`, `false` or `null`.
    case constant(Value)
    case word(String)
    /// A word with the bracket behind it.
    case function(String)
    /// `$` and what follows, the sign included.
    case variable(String)
    case symbol(YAQLSymbol)
    case end

    /// As messages show it.
    var shown: String {
        switch self {
        case .literal(.string(let text)): text
        case .literal(let value), .constant(let value): PythonValues.shownScalar(value)
        case .word(let text), .function(let text), .variable(let text): text
        case .symbol(let symbol): symbol.rawValue
        case .end: ""
        }
    }
}

/// Operators and brackets; the raw value is their text.
enum YAQLSymbol: String {
    case dot = "."
    case optionalDot = "?."
    case openList = "["
    case openMap = "{"
    case open = "("
    case close = ")"
    case closeList = "]"
    case closeMap = "}"
    case comma = ","
    case arrow = "=>"
    case plus = "+"
    case minus = "-"
    case matches = "=~"
    case matchesNot = "!~"
    case times = "*"
    case divided = "/"
    case modulo = "mod"
    case greater = ">"
    case less = "<"
    case greaterOrEqual = ">="
    case lessOrEqual = "<="
    case notEqual = "!="
    case equal = "="
    case isIn = "in"
    case not = "not"
    case and = "and"
    case or = "or"
    case send = "->"

    /// How tightly it binds between two values; nil for what does not stand there.
    var level: Int? {
        switch self {
        case .dot, .optionalDot: 11
        case .openList: 10
        case .matches, .matchesNot: 8
        case .times, .divided, .modulo: 7
        case .plus, .minus: 6
        case .greater, .less, .greaterOrEqual, .lessOrEqual, .notEqual, .equal, .isIn: 5
        case .and: 3
        case .or: 2
        case .send: 1
        default: nil
        }
    }

    /// How tightly it binds before a value; nil for what does not stand there.
    var prefixLevel: Int? {
        switch self {
        case .plus, .minus: 9
        case .not: 4
        default: nil
        }
    }

    /// The operators that are words.
    static func word(_ text: String) -> YAQLSymbol? {
        switch text {
        case "and": .and
        case "or": .or
        case "not": .not
        case "in": .isIn
        case "mod": .modulo
        default: nil
        }
    }
}

extension PythonValues {
    /// A number, boolean or null as Python shows it.
    static func shownScalar(_ value: Value) -> String {
        switch value {
        case .null: "None"
        case .bool(let truth): truth ? "True" : "False"
        case .integer(let number): String(number)
        case .bigInteger(let digits): digits
        case .double(let number): PythonFloat.text(number)
        default: ""
        }
    }
}

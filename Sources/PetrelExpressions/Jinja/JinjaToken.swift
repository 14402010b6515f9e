/// One piece of a template's source.
struct JinjaToken {
    /// The raw value is what messages call it.
    enum Kind: String {
        case data = "template data / text"
        case blockBegin = "begin of statement block"
        case blockEnd = "end of statement block"
        case variableBegin = "begin of print statement"
        case variableEnd = "end of print statement"
        case end = "end of template"
        case name, string, integer, float
        case add = "+"
        case sub = "-"
        case div = "/"
        case floordiv = "//"
        case mul = "*"
        case mod = "%"
        case pow = "**"
        case tilde = "~"
        case lbracket = "["
        case rbracket = "]"
        case lparen = "("
        case rparen = ")"
        case lbrace = "{"
        case rbrace = "}"
        case eq = "=="
        case ne = "!="
        case gt = ">"
        case gteq = ">="
        case lt = "<"
        case lteq = "<="
        case assign = "="
        case dot = "."
        case colon = ":"
        case pipe = "|"
        case comma = ","
        case semicolon = ";"
    }

    var kind: Kind
    /// The name, the literal's content, or the data; empty for others.
    var text = ""
    var line: Int

    /// As messages show it: a name by itself, everything else by its kind.
    var described: String { kind == .name ? text : kind.rawValue }
}

import PetrelCore

/// What one byte of text costs in the filters, methods and functions that read it.
///
/// A step is meant to take less than 100 ns at worst. Where each character is looked up in Unicode's tables, quoted or
/// made a text of its own, a byte takes as long as that; where bytes are only compared or copied, dozens do.
struct TextCost: Sendable {
    private let bytesPerStep: Int
    /// The same for a text outside ASCII.
    private let wideBytesPerStep: Int

    private init(_ bytesPerStep: Int, wide: Int? = nil) {
        self.bytesPerStep = bytesPerStep
        wideBytesPerStep = wide ?? bytesPerStep
    }

    /// Steps for reading a text.
    func steps(_ text: String) -> Int {
        let count = text.utf8.count
        // Small texts are not worth a look at their bytes.
        if count < 64 { return 0 }
        return count / (bytesPerStep == wideBytesPerStep || PythonText.isASCII(text) ? bytesPerStep : wideBytesPerStep)
    }

    private static let copied = TextCost(32)
    private static let searched = TextCost(16)
    private static let read = TextCost(8)
    private static let mapped = TextCost(16, wide: 1)
    private static let takenApart = TextCost(2)
    private static let costly = TextCost(1)

    /// The cost in a filter or method of Jinja, by its name.
    static func jinja(_ name: String) -> TextCost { table[name] ?? read }

    /// The cost in a function of YAQL, by its name.
    static func yaql(_ name: String) -> TextCost { table[name] ?? read }

    private static let table: [String: TextCost] = {
        var table: [String: TextCost] = [:]
        for name in [
            "length", "count", "len", "string", "default", "d", "safe", "unsafe_shell", "first", "startswith",
            "endswith", "startsWith", "endsWith", "str", "ctx", "isString", "#operator_=", "#operator_!=",
        ] {
            table[name] = copied
        }
        for name in [
            "find", "rfind", "index", "rindex", "indexOf", "lastIndexOf", "replace", "split", "rsplit", "partition",
            "rpartition", "removeprefix", "removesuffix", "trim", "strip", "lstrip", "rstrip", "regex_match",
            "regex_search", "matches", "isascii", "encode", "join", "contains",
        ] {
            table[name] = searched
        }
        for name in ["upper", "lower", "casefold", "toUpper", "toLower", "capitalize", "norm"] { table[name] = mapped }
        for name in [
            "tojson", "to_json_string", "json_dump", "json_escape", "to_yaml_string", "yaml_dump", "truncate", "indent",
            "splitlines", "center", "regex_replace", "escape", "forceescape", "e", "urlencode", "replaceBy",
        ] {
            table[name] = takenApart
        }
        for name in [
            "title", "swapcase", "wordcount", "reverse", "striptags", "unescape", "urlize", "wordwrap", "pprint",
            "unique", "xmlattr", "expandtabs", "translate", "format", "isalnum", "isalpha", "isdecimal", "isdigit",
            "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper", "toCharArray",
            "characters", "from_yaml_string", "yaml_parse", "int", "float", "searchAll", "datetime",
        ] {
            table[name] = costly
        }
        return table
    }()
}

extension EvaluationBudget {
    /// Counts the reading of a template's value, if it is a text.
    @inline(__always)
    func read(_ value: JinjaValue, _ cost: TextCost) throws(PythonFault) {
        switch value {
        case .value(.string(let text)), .markup(let text):
            if text.utf8.count >= 64 { try work(cost.steps(text)) }
        default: return
        }
    }
}

/// Where the fields of `str.format` find what they name.
protocol PythonFieldSource {
    associatedtype Object: PythonObject
    /// The positional argument of a number.
    func positional(_ index: Int) throws(PythonFault) -> Object
    /// The keyword argument of a name.
    func named(_ name: String) throws(PythonFault) -> Object
    /// `object.name`.
    func attribute(_ name: String, of object: Object) throws(PythonFault) -> Object
    /// `object[index]`.
    func item(_ index: Int, of object: Object) throws(PythonFault) -> Object
    /// `object[key]`.
    func item(_ key: String, of object: Object) throws(PythonFault) -> Object
    /// Whether a field that starts with a dot or bracket means the next positional argument.
    var numbersParts: Bool { get }
    /// A field's text made fit for the kind of text that the template is.
    func adapted(_ text: String, of object: Object) -> String
}

/// `str.format`: fields in braces, their attributes and items, conversions and nested specifications.
struct PythonBraceFormat<Source: PythonFieldSource> {
    private let source: Source
    private let budget: EvaluationBudget
    /// The next automatic number; nil once fields carry their own.
    private var automatic: Int? = 0
    private var hasAutomatic = false

    /// The text with its fields filled in.
    static func format(_ text: String, _ source: Source, _ budget: EvaluationBudget) throws(PythonFault) -> String {
        var work = PythonBraceFormat(source: source, budget: budget)
        return try work.expand(Array(text.unicodeScalars)[...], depth: 2)
    }

    private init(source: Source, budget: EvaluationBudget) {
        self.source = source
        self.budget = budget
    }

    private mutating func expand(_ text: ArraySlice<Unicode.Scalar>, depth: Int) throws(PythonFault) -> String {
        guard depth > 0 else { throw .value("Max string recursion exceeded") }
        try budget.make(bytes: text.count)
        try budget.work(text.count / 2 + 1)
        var out = ""
        var rest = text
        while let scalar = rest.popFirst() {
            guard scalar == "{" || scalar == "}" else {
                out.unicodeScalars.append(scalar)
                continue
            }
            if rest.first == scalar {
                rest.removeFirst()
                out.unicodeScalars.append(scalar)
                continue
            }
            if scalar == "}" { throw .value("Single '}' encountered in format string") }
            out += try field(try inside(&rest), depth: depth)
        }
        return out
    }

    /// What stands up to the brace that closes the field.
    private func inside(_ rest: inout ArraySlice<Unicode.Scalar>) throws(PythonFault) -> ArraySlice<Unicode.Scalar> {
        if rest.isEmpty { throw .value("Single '{' encountered in format string") }
        var depth = 1
        var isIndex = false
        let whole = rest
        while let scalar = rest.popFirst() {
            if scalar == "[" { isIndex = true }
            if scalar == "]" { isIndex = false }
            if isIndex { continue }
            if scalar == "{" { depth += 1 }
            if scalar == "}" { depth -= 1 }
            if depth == 0 { return whole[..<(rest.startIndex - 1)] }
        }
        throw .value("expected '}' before end of string")
    }

    private mutating func field(_ text: ArraySlice<Unicode.Scalar>, depth: Int) throws(PythonFault) -> String {
        var name = text
        var spec: ArraySlice<Unicode.Scalar> = []
        var conversion: Unicode.Scalar?
        if let end = Self.nameEnd(text) {
            name = text[..<end]
            var rest = text[end...]
            if rest.popFirst() == "!" {
                guard let letter = rest.popFirst() else {
                    throw .value("unmatched '{' in format spec")
                }
                conversion = letter
                if let next = rest.popFirst(), next != ":" { throw .value("expected ':' after conversion specifier") }
            }
            spec = rest
        }
        let object = try value(of: name)
        let expanded = spec.isEmpty ? "" : try expand(spec, depth: depth - 1)
        return try converted(object, conversion, expanded)
    }

    /// Where the name stops: at `!` or `:` outside of brackets.
    private static func nameEnd(_ text: ArraySlice<Unicode.Scalar>) -> Int? {
        var isIndex = false
        for at in text.indices {
            if text[at] == "[" { isIndex = true }
            if text[at] == "]" { isIndex = false }
            if !isIndex, text[at] == "!" || text[at] == ":" { return at }
        }
        return nil
    }

    private func converted(
        _ object: Source.Object, _ conversion: Unicode.Scalar?, _ spec: String
    ) throws(PythonFault) -> String {
        switch conversion {
        case nil:
            let text = try PythonFormatSpec.format(object, spec, budget)
            try budget.make(bytes: text.utf8.count)
            return source.adapted(text, of: object)
        case "s": return try PythonFormatSpec.format(FormattedText(try object.text(budget)), spec, budget)
        case "r": return try PythonFormatSpec.format(FormattedText(try object.shown(budget)), spec, budget)
        case "a":
            let text = PythonText.asciiOnly(try object.shown(budget))
            return try PythonFormatSpec.format(FormattedText(text), spec, budget)
        case let letter?: throw .value("Unknown conversion specifier \(letter)")
        }
    }

    private mutating func value(of name: ArraySlice<Unicode.Scalar>) throws(PythonFault) -> Source.Object {
        let head = name.prefix { $0 != "." && $0 != "[" }
        if head.isEmpty, !name.isEmpty, !source.numbersParts { _ = try source.named("") }
        var object = try first(Self.string(head))
        var rest = name[head.endIndex...]
        while let mark = rest.popFirst() {
            try budget.work()
            if mark == "." {
                let part = rest.prefix { $0 != "." && $0 != "[" }
                rest = rest[part.endIndex...]
                if part.isEmpty { throw .value("Empty attribute in format string") }
                object = try source.attribute(Self.string(part), of: object)
            } else if mark == "[" {
                let part = rest.prefix { $0 != "]" }
                rest = rest[part.endIndex...]
                guard rest.popFirst() != nil else { throw .value("Missing ']' in format string") }
                if part.isEmpty { throw .value("Empty attribute in format string") }
                object = try item(Self.string(part), of: object)
            } else {
                throw .value("Only '.' or '[' may follow ']' in format field specifier")
            }
        }
        return object
    }

    private func item(_ key: String, of object: Source.Object) throws(PythonFault) -> Source.Object {
        if let index = Self.index(key) { return try source.item(index, of: object) }
        return try source.item(key, of: object)
    }

    private mutating func first(_ head: String) throws(PythonFault) -> Source.Object {
        if head.isEmpty {
            guard let number = automatic else {
                throw .value("cannot switch from manual field specification to automatic field numbering")
            }
            hasAutomatic = true
            automatic = number + 1
            return try source.positional(number)
        }
        guard let index = Self.index(head) else { return try source.named(head) }
        if hasAutomatic { throw .value("cannot switch from manual field specification to automatic field numbering") }
        automatic = nil
        return try source.positional(index)
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    private static func index(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int(text)
    }
}

/// A text on its own, for conversions.
struct FormattedText: PythonObject {
    let content: String

    init(_ content: String) { self.content = content }

    var pythonTypeName: String { "str" }
    var pythonNumber: PythonNumber? { nil }
    var plainText: String? { content }
    var tupleItems: [FormattedText]? { nil }
    var takesKeys: Bool { false }
    func member(_ key: String, _ budget: EvaluationBudget) throws(PythonFault) -> FormattedText? { nil }
    func text(_ budget: EvaluationBudget) throws(PythonFault) -> String { content }
    func shown(_ budget: EvaluationBudget) throws(PythonFault) -> String { PythonText.quoted(content) }
}

import PetrelCore

/// A token of a path, with the character at which it begins.
struct JSONPathToken {
    enum Kind: Equatable {
        /// A name, quoted or not.
        case name(String)
        case number(Int)
        /// What stands between backquotes.
        case named(String)
        case doubleDot
        case condition
        case mark(Unicode.Scalar)
        case end
    }

    var kind: Kind
    var offset: Int
}

/// Reads paths; the precedence is that of the original's grammar, where a bracket binds least and `where` most.
struct JSONPathParser {
    private let tokens: [JSONPathToken]
    private var at = 0

    private static let maxBytes = 64 << 10
    private static let maxDepth = 100

    init(_ text: String) throws(PythonFault) {
        guard text.utf8.count <= Self.maxBytes else {
            throw .badPath("A JSONPath of \(text.utf8.count) bytes is too long")
        }
        var lexer = JSONPathLexer(text)
        tokens = try lexer.tokens()
    }

    mutating func path() throws(PythonFault) -> [JSONPathStep] {
        let steps = try path(depth: 0)
        guard kind == .end else { throw unexpected() }
        return steps
    }

    private var kind: JSONPathToken.Kind { tokens[at].kind }

    private mutating func takes(_ expected: JSONPathToken.Kind) -> Bool {
        guard kind == expected else { return false }
        at += 1
        return true
    }

    private func unexpected() -> PythonFault {
        let place = "at character \(tokens[at].offset)"
        if kind == .end { return .badPath("The JSONPath ends too early, \(place)") }
        return .badPath("The JSONPath has something unexpected \(place)")
    }

    /// A bracket applies to all that stands left of it, whatever operators are in that.
    private mutating func path(depth: Int) throws(PythonFault) -> [JSONPathStep] {
        guard depth <= Self.maxDepth else {
            throw .badPath("The JSONPath is nested deeper than \(Self.maxDepth) levels")
        }
        var steps = try operation(1, depth: depth)
        while true {
            if takes(.mark("[")) {
                steps.append(try bracket())
            } else if let level = level(of: kind) {
                try combine(&steps, level: level, depth: depth)
            } else {
                return steps
            }
        }
    }

    /// How tightly an operator binds.
    private func level(of kind: JSONPathToken.Kind) -> Int? {
        switch kind {
        case .doubleDot: 1
        case .mark("."): 2
        case .mark("|"): 3
        case .mark("&"): 4
        case .condition: 5
        default: nil
        }
    }

    private mutating func operation(_ minimum: Int, depth: Int) throws(PythonFault) -> [JSONPathStep] {
        var left = try primary(depth: depth)
        while let level = level(of: kind), level >= minimum {
            try combine(&left, level: level, depth: depth)
        }
        return left
    }

    /// Takes the operator that comes next and what stands right of it.
    private mutating func combine(_ left: inout [JSONPathStep], level: Int, depth: Int) throws(PythonFault) {
        at += 1
        let right = try operation(level + 1, depth: depth)
        switch level {
        case 1: left.append(.descendants(right))
        case 2: left += right
        case 3: unite(&left, right)
        case 4: left = [.intersection]
        default: left.append(.filter(right))
        }
    }

    /// A chain of alternatives is one list; it is let go before it is added to, so that nothing is copied.
    private func unite(_ left: inout [JSONPathStep], _ right: [JSONPathStep]) {
        guard left.count == 1, case .union(var paths) = left[0] else {
            left = [.union([left, right])]
            return
        }
        left.removeAll()
        paths.append(right)
        left.append(.union(paths))
    }

    private mutating func primary(depth: Int) throws(PythonFault) -> [JSONPathStep] {
        switch kind {
        case .name(let name):
            at += 1
            return [.fields(try names(after: name))]
        case .mark("*"):
            at += 1
            return [.fields(["*"])]
        case .mark("$"):
            at += 1
            return [.root]
        case .named(let name):
            guard name == "this" || name == "parent" else {
                throw .badPath("Unknown named operator `\(name)` in a JSONPath")
            }
            at += 1
            return [name == "this" ? .this : .parent]
        case .mark("["):
            at += 1
            return [try bracket()]
        case .mark("("):
            at += 1
            let steps = try path(depth: depth + 1)
            guard takes(.mark(")")) else { throw unexpected() }
            return steps
        default: throw unexpected()
        }
    }

    private mutating func names(after first: String) throws(PythonFault) -> [String] {
        var names = [first]
        while takes(.mark(",")) {
            guard case .name(let name) = kind else { throw unexpected() }
            at += 1
            names.append(name)
        }
        return names
    }

    /// What stands in brackets, the opening one being taken.
    private mutating func bracket() throws(PythonFault) -> JSONPathStep {
        let step: JSONPathStep
        if case .name(let name) = kind {
            at += 1
            step = .fields(try names(after: name))
        } else if takes(.mark("*")) {
            step = .slice(nil, nil)
        } else {
            let start = number()
            if takes(.mark(":")) {
                step = .slice(start, number())
            } else {
                guard let start else { throw unexpected() }
                step = .index(start)
            }
        }
        guard takes(.mark("]")) else { throw unexpected() }
        return step
    }

    private mutating func number() -> Int? {
        guard case .number(let number) = kind else { return nil }
        at += 1
        return number
    }
}

/// Cuts a path into tokens.
private struct JSONPathLexer {
    private let scalars: [Unicode.Scalar]
    private var at = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func tokens() throws(PythonFault) -> [JSONPathToken] {
        var tokens: [JSONPathToken] = []
        while let scalar = peeked {
            let offset = at
            if scalar == " " || scalar == "\t" || scalar == "\n" {
                at += 1
            } else {
                tokens.append(JSONPathToken(kind: try token(scalar), offset: offset))
            }
        }
        tokens.append(JSONPathToken(kind: .end, offset: at))
        return tokens
    }

    private var peeked: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

    private mutating func token(_ scalar: Unicode.Scalar) throws(PythonFault) -> JSONPathToken.Kind {
        switch scalar {
        case "a"..."z", "A"..."Z", "_", "@":
            let name = run { $0.isNamePart }
            return name == "where" ? .condition : .name(name)
        case "0"..."9": return try number()
        case "-":
            guard at + 1 < scalars.count, ("0"..."9").contains(scalars[at + 1]) else { throw unexpected(scalar) }
            return try number()
        case "'", "\"": return .name(try quoted(by: scalar))
        case "`": return .named(try quoted(by: scalar))
        case "." where at + 1 < scalars.count && scalars[at + 1] == ".":
            at += 2
            return .doubleDot
        case "*", ".", "[", "]", "(", ")", "$", ",", ":", "|", "&":
            at += 1
            return .mark(scalar)
        default: throw unexpected(scalar)
        }
    }

    private mutating func run(while belongs: (Unicode.Scalar) -> Bool) -> String {
        var text = ""
        while let scalar = peeked, belongs(scalar) {
            text.unicodeScalars.append(scalar)
            at += 1
        }
        return text
    }

    private mutating func number() throws(PythonFault) -> JSONPathToken.Kind {
        let start = at
        var text = ""
        if peeked == "-" {
            text = "-"
            at += 1
        }
        text += run { ("0"..."9").contains($0) }
        // No list is that long, so any index beyond leads nowhere.
        guard text.utf8.count <= 18, let number = Int(text) else {
            throw .badPath("A number in a JSONPath is too large, at character \(start)")
        }
        return .number(number)
    }

    private mutating func quoted(by quote: Unicode.Scalar) throws(PythonFault) -> String {
        at += 1
        var text = ""
        while let scalar = peeked {
            at += 1
            if scalar == quote { return text }
            if scalar == "\\" {
                guard let escaped = peeked, escaped != "\n" else { break }
                text.unicodeScalars.append(escaped)
                at += 1
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        throw .badPath("Unexpected EOF in string literal or identifier")
    }

    private func unexpected(_ scalar: Unicode.Scalar) -> PythonFault {
        PythonFault.badPath("Error on line 1, col \(at): Unexpected character: \(scalar) ")
    }
}

extension Unicode.Scalar {
    fileprivate var isNamePart: Bool {
        switch self {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "@", "-": true
        default: false
        }
    }
}

extension PythonFault {
    /// A path that can't be read; by reference, which keeps deep recursion small.
    fileprivate static func badPath(_ message: String) -> PythonFault {
        PythonFault(ExpressionError(.badPath, message))
    }
}

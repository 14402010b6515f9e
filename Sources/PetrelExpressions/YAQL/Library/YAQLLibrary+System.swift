import PetrelCore

/// Contexts, calls by name, assertions, branching and truth.
extension YAQLLibrary {
    static let system: [YAQLOverload] = [
        .function("let", [], .init(rest: .any, takesAnyName: true), bind),
        .function("with", [], .rest(.any), bind),
        .method("unpack", [.items("sequence")], .rest(.text), unpack),
        .function("def", [.text("name"), .lambda("func")], define),
        .function("#operator_->", [.init("left", .context), .lambda("right")], send),
        .method(
            "assert", [.any("obj"), .lambda("condition"), .init("message", .text, .text("Assertion failed"))], assert),
        .function(
            "call",
            [.text("name"), .init("args", .sequence), .mapping("kwargs"), .any("receiver", .absent)], callByName),
        .function("#operator_and", [.lambda("left"), .lambda("right")], and),
        .function("#operator_or", [.lambda("left"), .lambda("right")], or),
        .function("#list", [], .rest(.any), list),
        .function("#map", [], .init(rest: .rule, hasNoNames: true), map),
        .function("#iter", [.items("iterator")], { (arguments) throws(YAQLFault) in arguments[0] }),
        .function("#finalize", [.any("obj")], { (arguments) throws(YAQLFault) in arguments[0] }),
    ]

    static let branching: [YAQLOverload] = [
        .function("switch", [], .init(rest: .lazyRule, hasNoNames: true), switchFirst),
        .function("selectCase", [], .rest(.lambda), selectCase),
        .function("selectAllCases", [], .rest(.lambda), selectAllCases),
        .function("examine", [], .rest(.lambda), examine),
        .method("switchCase", [.whole("case")], .rest(.lambda), switchCase),
        .function("coalesce", [], .rest(.lambda), coalesce),
    ]

    static let boolean: [YAQLOverload] = [
        .function("bool", [.any("value")], { (arguments) throws(YAQLFault) in .bool(arguments[0].isTruthy) }),
        .function(
            "#unary_operator_not", [.any("arg")], { (arguments) throws(YAQLFault) in .bool(!arguments[0].isTruthy) }),
        .function(
            "isBoolean", [.any("value")],
            { (arguments) throws(YAQLFault) in .bool(YAQLType.flag.accepts(arguments[0])) }),
    ]

    private static func bind(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        .context(try YAQLFrame(below: arguments.frame, arguments.rest, words: arguments.named))
    }

    private static func unpack(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let names = arguments.rest
        if names.isEmpty {
            // The original loses the first item of what can be read only once.
            var isReadOnce = YAQLType.iterator.accepts(arguments[0]) || YAQLType.ordering.accepts(arguments[0])
            if case .view(let view) = arguments[0] { isReadOnce = !view.isSet }
            let items = try arguments.items(0)
            return .context(try YAQLFrame(below: arguments.frame, isReadOnce ? Array(items.dropFirst()) : items))
        }
        let source = try arguments.iterator(0)
        var items: [YAQLValue] = []
        while items.count <= names.count, let item = try source.next() { items.append(item) }
        guard items.count == names.count else {
            throw .value("Cannot unpack \(items.count) elements into \(names.count)")
        }
        var positions: [YAQLValue] = []
        var words: [(name: String, value: YAQLValue)] = []
        for (name, item) in zip(names, items) {
            guard case .string(let name) = name else { continue }
            switch YAQLVariable.name(name.hasPrefix("$") ? name.dropFirst() : name[...]) {
            case .word(let word): words.append((word, item))
            case .position(let number):
                while positions.count < number { positions.append(.absent) }
                positions[number - 1] = item
            }
        }
        return .context(try YAQLFrame(below: arguments.frame, positions, words: words))
    }

    private static func define(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        // The original looks definitions up by the name in camel case, however they are called.
        let name = HostFunction.camelCase(YAQLCall.lookupName(arguments.text(0)))
        guard let lambda = arguments.lambda(1) else { throw .type("a function is an expression") }
        return .context(try YAQLFrame(below: lambda.frame, [], definition: (name, lambda.node)))
    }

    private static func send(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        guard case .context(let frame) = arguments[0], let lambda = arguments.lambda(1) else { return arguments[1] }
        return try frame.evaluateDeeper(lambda.node)
    }

    private static func assert(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var value = arguments[0]
        if case .iterator(let iterator) = value {
            value = .iterator(try .remembering(iterator.fresh(), arguments.runtime))
        }
        guard try arguments.call(1, value).isTruthy else {
            throw YAQLFault(.failed, "AssertionError", arguments.text(2))
        }
        return value
    }

    private static func callByName(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var named: [(name: String, value: YAQLValue)] = []
        for (key, value) in try arguments.dictionary(2).entries {
            guard case .string(let name) = key else {
                throw .type("expected string or bytes-like object, got '\(key.typeName)'")
            }
            guard isWord(name) else {
                throw YAQLFault(.failed, "RuntimeError", "dictionary changed size during iteration")
            }
            named.append((name, value))
        }
        var receiver: YAQLValue? = arguments[3]
        if case .absent = arguments[3] { receiver = nil }
        return try arguments.frame.call(arguments.text(0), try arguments.items(1), named: named, receiver: receiver)
    }

    private static func isWord(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first, !name.hasPrefix("__") else { return false }
        return YAQLLexer.isWord(first) && PythonText.decimalDigit(first) == nil
    }

    private static func and(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let left = try arguments.call(0)
        return left.isTruthy ? try arguments.call(1) : left
    }

    private static func or(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let left = try arguments.call(0)
        return left.isTruthy ? left : try arguments.call(1)
    }

    private static func list(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        try arguments.tuple(arguments.rest)
    }

    /// A mapping of evaluated rules, also for `dict`.
    static func map(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        try arguments.runtime.produce(items: arguments.rest.count * 2)
        var members = YAQLDictionary.Members()
        for case .rule(let rule) in arguments.rest { members[try YAQLKey(rule.key, arguments.budget)] = rule.value }
        return .dictionary(try YAQLDictionary(members))
    }

    // MARK: Branching

    private static func switchFirst(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        for case .lambda(let lambda) in arguments.rest where try lambda.call().isTruthy {
            guard let consequence = lambda.consequence else { return .null }
            return try lambda.frame.evaluateDeeper(consequence)
        }
        return .null
    }

    /// An argument that is evaluated only now.
    private static func evaluated(_ argument: YAQLValue) throws(YAQLFault) -> YAQLValue {
        guard case .lambda(let lambda) = argument else { return argument }
        return try lambda.call()
    }

    private static func selectCase(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        for (at, argument) in arguments.rest.enumerated() where try evaluated(argument).isTruthy { return .integer(at) }
        return .integer(arguments.rest.count)
    }

    private static func selectAllCases(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var at = 0
        return try arguments.iterate { () throws(YAQLFault) in
            while at < arguments.rest.count {
                at += 1
                if try evaluated(arguments.rest[at - 1]).isTruthy { return .integer(at - 1) }
            }
            return nil
        }
    }

    private static func examine(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var at = 0
        return try arguments.iterate { () throws(YAQLFault) in
            guard at < arguments.rest.count else { return nil }
            at += 1
            return .bool(try evaluated(arguments.rest[at - 1]).isTruthy)
        }
    }

    private static func switchCase(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        guard let last = arguments.rest.last else { return .null }
        let at = arguments.integer(0)
        return try evaluated(arguments.rest.indices.contains(at) ? arguments.rest[at] : last)
    }

    private static func coalesce(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        for argument in arguments.rest {
            let value = try evaluated(argument)
            if !value.isNull { return value }
        }
        return .null
    }
}

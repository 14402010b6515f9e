/// All functions, methods and operators: the standard library of YAQL 3.2 and what StackStorm adds in workflows.
///
/// The tables say what each takes; resolution reads nothing else.
enum YAQLLibrary {
    /// The overloads of a name.
    static func overloads(_ name: String, isMethod: Bool) -> [YAQLOverload] {
        (isMethod ? methods : functions)[name] ?? []
    }

    /// The operators that two values of unknown type may have between them.
    static let operators: [YAQLSymbol: YAQLCall] = {
        let symbols: [YAQLSymbol] = [
            .plus, .minus, .times, .divided, .modulo, .less, .greater, .lessOrEqual, .greaterOrEqual, .isIn, .matches,
            .matchesNot,
        ]
        let unknown = YAQLArgument.value(.variable(YAQLVariable("$")))
        var calls: [YAQLSymbol: YAQLCall] = [:]
        for symbol in symbols { calls[symbol] = YAQLCall("#operator_" + symbol.rawValue, [unknown, unknown]) }
        return calls
    }()

    private static let all: [YAQLOverload] =
        system + branching + boolean + math + comparison + strings + stringParts + regex + lists + dictionaries + sets
        + queries + selections + orderings + generators + dates + spans + workflow + stackstorm

    private static let functions = table { $0.isFunction }
    private static let methods = table { $0.isMethod }

    private static func table(_ isWanted: (YAQLOverload) -> Bool) -> [String: [YAQLOverload]] {
        var table: [String: [YAQLOverload]] = [:]
        for overload in all where isWanted(overload) { table[overload.name, default: []].append(overload) }
        return table
    }
}

extension YAQLParameter {
    /// A parameter that takes anything.
    static func any(_ name: String, _ fallback: Fallback = .required) -> YAQLParameter {
        YAQLParameter(name, .any, fallback)
    }

    /// A text that must be given.
    static func text(_ name: String) -> YAQLParameter { YAQLParameter(name, .text) }

    /// A text or null.
    static func textOrNull(_ name: String) -> YAQLParameter { YAQLParameter(name, .textOrNull, .null) }

    /// An integer or boolean.
    static func whole(_ name: String, _ fallback: Fallback = .required) -> YAQLParameter {
        YAQLParameter(name, .whole, fallback)
    }

    /// A number.
    static func number(_ name: String) -> YAQLParameter { YAQLParameter(name, .number) }

    /// Something that can be gone through.
    static func items(_ name: String = "collection") -> YAQLParameter { YAQLParameter(name, .iterable) }

    /// A mapping.
    static func mapping(_ name: String = "dict") -> YAQLParameter { YAQLParameter(name, .mapping) }

    /// Something that is evaluated for each item.
    static func lambda(_ name: String) -> YAQLParameter { YAQLParameter(name, .lambda) }

    /// The same, that may be left out.
    static func optionalLambda(_ name: String) -> YAQLParameter { YAQLParameter(name, .lambda, .null) }
}

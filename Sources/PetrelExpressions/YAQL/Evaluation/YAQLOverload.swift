/// One way to call a name of the library: what it takes and what it does.
final class YAQLOverload: Sendable {
    typealias Body = @Sendable (YAQLArguments) throws(YAQLFault) -> YAQLValue

    let name: String
    let isFunction: Bool
    let isMethod: Bool
    let parameters: [YAQLParameter]
    /// Takes any number of further arguments.
    let rest: YAQLType?
    /// Takes named arguments of any name.
    let takesAnyName: Bool
    /// `key => value` is an argument of its own and not a named one.
    let hasNoNames: Bool
    /// Only in workflows, where the names are found before the library's.
    let isWorkflow: Bool
    let body: Body

    private init(
        _ name: String, isFunction: Bool, isMethod: Bool, _ parameters: [YAQLParameter], _ options: Options,
        _ body: @escaping Body
    ) {
        self.name = name
        self.isFunction = isFunction
        self.isMethod = isMethod
        self.parameters = parameters
        self.rest = options.rest
        self.takesAnyName = options.takesAnyName
        self.hasNoNames = options.hasNoNames
        self.isWorkflow = options.isWorkflow
        self.body = body
    }

    /// What most overloads don't have.
    struct Options {
        var rest: YAQLType?
        var takesAnyName = false
        var hasNoNames = false
        var isWorkflow = false

        static func rest(_ type: YAQLType) -> Options { Options(rest: type) }
    }

    /// Callable as `name(…)`.
    static func function(_ name: String, _ parameters: [YAQLParameter], _ body: @escaping Body) -> YAQLOverload {
        function(name, parameters, Options(), body)
    }

    /// Callable as `name(…)`, with options.
    static func function(
        _ name: String, _ parameters: [YAQLParameter], _ options: Options, _ body: @escaping Body
    ) -> YAQLOverload {
        YAQLOverload(name, isFunction: true, isMethod: false, parameters, options, body)
    }

    /// Callable as `receiver.name(…)`.
    static func method(_ name: String, _ parameters: [YAQLParameter], _ body: @escaping Body) -> YAQLOverload {
        method(name, parameters, Options(), body)
    }

    /// Callable as `receiver.name(…)`, with options.
    static func method(
        _ name: String, _ parameters: [YAQLParameter], _ options: Options, _ body: @escaping Body
    ) -> YAQLOverload {
        YAQLOverload(name, isFunction: false, isMethod: true, parameters, options, body)
    }

    /// Callable either way.
    static func both(_ name: String, _ parameters: [YAQLParameter], _ body: @escaping Body) -> YAQLOverload {
        both(name, parameters, Options(), body)
    }

    /// Callable either way, with options.
    static func both(
        _ name: String, _ parameters: [YAQLParameter], _ options: Options, _ body: @escaping Body
    ) -> YAQLOverload {
        YAQLOverload(name, isFunction: true, isMethod: true, parameters, options, body)
    }

    /// The type of the argument at a position; nil when it takes no so many.
    func type(at position: Int) -> YAQLType? {
        position < parameters.count ? parameters[position].type : rest
    }
}

/// The arguments of one call, in the order of the parameters, defaults filled in.
struct YAQLArguments {
    let overload: YAQLOverload
    let values: [YAQLValue]
    let rest: [YAQLValue]
    let named: [(name: String, value: YAQLValue)]
    let frame: YAQLFrame

    var runtime: YAQLRuntime { frame.runtime }
    var budget: EvaluationBudget { frame.runtime.budget }

    /// The parameter's value.
    subscript(position: Int) -> YAQLValue { values[position] }

    /// A parameter that is a text.
    func text(_ position: Int) -> String {
        if case .string(let text) = values[position] { text } else { "" }
    }

    /// A parameter that is a text or null.
    func optionalText(_ position: Int) -> String? {
        if case .string(let text) = values[position] { text } else { nil }
    }

    /// A parameter that is an integer or boolean; what does not fit 64 bits becomes the nearest that does.
    func integer(_ position: Int) -> Int { Self.integer(values[position]) ?? 0 }

    static func integer(_ value: YAQLValue) -> Int? {
        switch value {
        case .integer(let number): number
        case .bool(let truth): truth ? 1 : 0
        case .bigInteger(let number): number.isNegative ? Int.min : Int.max
        default: nil
        }
    }

    func flag(_ position: Int) -> Bool {
        if case .bool(let truth) = values[position] { truth } else { false }
    }

    /// A parameter that is evaluated by the function; nil when it was left out.
    func lambda(_ position: Int) -> YAQLLambda? {
        if case .lambda(let lambda) = values[position] { lambda } else { nil }
    }

    /// What must be evaluated by the function; a value given to it as such evaluates to itself.
    func call(_ position: Int) throws(YAQLFault) -> YAQLValue {
        guard case .lambda(let lambda) = values[position] else { return values[position] }
        return try lambda.call()
    }

    /// The same with `$`.
    func call(_ position: Int, _ argument: YAQLValue) throws(YAQLFault) -> YAQLValue {
        guard case .lambda(let lambda) = values[position] else { return values[position] }
        return try lambda.call(argument)
    }

    /// The same with `$1` and `$2`.
    func call(_ position: Int, _ one: YAQLValue, _ two: YAQLValue) throws(YAQLFault) -> YAQLValue {
        guard case .lambda(let lambda) = values[position] else { return values[position] }
        return try lambda.call([one, two])
    }

    /// Reads a parameter that is iterable.
    func iterator(_ position: Int) throws(YAQLFault) -> YAQLIterator { try runtime.iterator(over: values[position]) }

    /// All items of a parameter that is iterable.
    func items(_ position: Int) throws(YAQLFault) -> [YAQLValue] { try runtime.items(of: values[position]) }

    func dictionary(_ position: Int) throws(YAQLFault) -> YAQLDictionary {
        guard case .dictionary(let dictionary) = values[position] else { throw .type("not a mapping") }
        return dictionary
    }

    /// A new tuple.
    func tuple(_ items: [YAQLValue]) throws(YAQLFault) -> YAQLValue {
        try runtime.produce(items: items.count)
        return .tuple(try YAQLList(items))
    }

    /// A new Python list.
    func list(_ items: [YAQLValue]) throws(YAQLFault) -> YAQLValue {
        try runtime.produce(items: items.count)
        return .list(try YAQLList(items))
    }

    /// A new text, counted before it is handed on.
    func text(_ text: String) throws(YAQLFault) -> YAQLValue {
        try runtime.produce(bytes: text.utf8.count)
        return .string(text)
    }

    /// Items made one by one.
    func iterate(_ body: @escaping YAQLIterator.Body) throws(YAQLFault) -> YAQLValue {
        var deepest = 0
        for value in values { deepest = max(deepest, value.depth) }
        for value in rest { deepest = max(deepest, value.depth) }
        return .iterator(try YAQLIterator(runtime, over: deepest, body))
    }
}

public import PetrelCore

/// A function that the caller gives to expressions, under the same name in YAQL and in Jinja.
public struct HostFunction: Sendable {
    /// One parameter: its name, for keyword arguments, and its default; without a default it must be given.
    public struct Parameter: Sendable {
        /// The name in keyword arguments.
        public let name: String
        /// What it is when it is not given; nil for one that must be.
        public let fallback: Value?

        /// A parameter with its default, if it has one.
        public init(_ name: String, default fallback: Value? = nil) {
            self.name = name
            self.fallback = fallback
        }
    }

    /// The name in expressions.
    public let name: String
    /// The parameters in the order of positional arguments.
    public let parameters: [Parameter]
    /// Whether YAQL can also call it as a method of its first argument.
    public let isMethod: Bool
    /// Does the work; the arguments come in the order of the parameters, defaults filled in.
    public let body: @Sendable ([Value]) throws(ExpressionError) -> Value

    /// A function with its parameters.
    public init(
        _ name: String, _ parameters: [Parameter] = [], isMethod: Bool = false,
        body: @escaping @Sendable ([Value]) throws(ExpressionError) -> Value
    ) {
        self.name = name
        self.parameters = parameters
        self.isMethod = isMethod
        self.body = body
    }
}

/// A root name of templates whose members are looked up when they are touched, such as `st2kv`.
public protocol LookupRoot: Sendable {
    /// The value at a path of member names (`["system", "a", "b"]` for `st2kv.system.a.b`); nil when there is none.
    func value(at path: [String]) throws(ExpressionError) -> Value?
}

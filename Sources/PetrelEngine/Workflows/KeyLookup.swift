public import PetrelCore
public import PetrelExpressions

/// The datastore as workflows and parameters see it; without one there are no keys.
public struct KeyLookup: Sendable {
    /// The keys that a user sees, under `system` and `user`.
    public var root: @Sendable (_ user: String) -> any LookupRoot
    /// What a secret value is in clear.
    public var decrypt: (@Sendable (Value) throws(ExpressionError) -> Value)?

    /// A datastore.
    public init(
        root: @escaping @Sendable (_ user: String) -> any LookupRoot = { _ in NoKeys() },
        decrypt: (@Sendable (Value) throws(ExpressionError) -> Value)? = nil
    ) {
        self.root = root
        self.decrypt = decrypt
    }

    /// The function `st2kv(key, decrypt, default)` of workflows: `system.NAME`, or a name of the user's own.
    func function(for user: String) -> HostFunction {
        let (root, decrypt) = (root(user), decrypt)
        return HostFunction(
            "st2kv", [.init("key_name"), .init("decrypt", default: false), .init("default", default: Self.absent)]
        ) { arguments throws(ExpressionError) in
            try Self.value(arguments, root, decrypt)
        }
    }

    /// Stands for a default that was not given; no expression can write it.
    private static let absent: Value = .string("\u{0}")

    private static func value(
        _ arguments: [Value], _ root: any LookupRoot, _ decrypt: (@Sendable (Value) throws(ExpressionError) -> Value)?
    ) throws(ExpressionError) -> Value {
        let name = arguments[0].string ?? ""
        let path = name.hasPrefix("system.") ? ["system", String(name.dropFirst(7))] : ["user", name]
        guard let value = try root.value(at: path) else {
            if arguments[2] != absent { return arguments[2] }
            throw ExpressionError(.failed, "The key \"\(name)\" does not exist in the StackStorm datastore.")
        }
        guard arguments[1].isTruthy, let decrypt else { return value }
        return try decrypt(value)
    }
}

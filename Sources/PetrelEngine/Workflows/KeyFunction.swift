import PetrelCore
import PetrelExpressions

/// The function `st2kv(key, decrypt, default)` of workflows: `system.NAME`, or a name of the user's own.
enum KeyFunction {
    /// The function over the keys that a user sees; without a datastore there are none.
    static func over(_ datastore: Datastore?, user: String) -> HostFunction {
        let root: any LookupRoot = datastore?.lookup(user: user) ?? NoKeys()
        return HostFunction(
            "st2kv", [.init("key_name"), .init("decrypt", default: false), .init("default", default: absent)]
        ) { arguments throws(ExpressionError) in
            let name = arguments[0].string ?? ""
            let path = name.hasPrefix("system.") ? ["system", String(name.dropFirst(7))] : ["user", name]
            guard let value = try root.value(at: path) else {
                if arguments[2] != absent { return arguments[2] }
                throw ExpressionError(.failed, "The key \"\(name)\" does not exist in the StackStorm datastore.")
            }
            guard arguments[1].isTruthy, let datastore else { return value }
            return try datastore.decrypt(value)
        }
    }

    /// Stands for a default that was not given; no expression can write it.
    private static let absent: Value = .string("\u{0}")
}

import PetrelCore
import PetrelExpressions

extension ParameterScope {
    /// What the templates of an action see: the context, the configuration of its pack and the datastore.
    static func of(
        _ action: Action, context: ValueObject, origin: Origin, catalog: Catalog, datastore: Datastore?
    ) throws(EngineError) -> ParameterScope {
        let user = user(of: context)
        let config = try catalog.configs[action.ref.pack]?.effective(datastore: datastore, user: user) ?? [:]
        var scope = ParameterScope(
            roots: ["action_context": .object(context), "config_context": .object(config)],
            lookups: ["st2kv": datastore?.lookup(user: user) ?? NoKeys()], escapesShells: origin.isForeign)
        if let datastore {
            scope.decrypt = { value throws(ExpressionError) in try datastore.decrypt(value) }
        }
        return scope
    }

    /// Whose keys are meant: those of the person for whom somebody else asks, if so.
    static func user(of context: ValueObject) -> String {
        context["api_user"]?.string ?? context["user"]?.string ?? ""
    }
}

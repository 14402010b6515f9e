public import PetrelCore

extension JSONSchema {
    /// The value with the defaults of the schema filled in where it has nothing or null, in nested objects too.
    ///
    /// As StackStorm does it: only in objects, and a nested object that is left out stays so.
    public func withDefaults(_ value: Value) -> Value {
        guard document["type"] == "object", case .object = value else { return value }
        return SchemaDefaults.filled(value, document, depth: 0)
    }
}

/// Fills in defaults.
enum SchemaDefaults {
    private static let maxDepth = 64

    static func filled(_ value: Value, _ schema: Value, depth: Int) -> Value {
        guard depth <= maxDepth, let properties = schema["properties"]?.object else { return value }
        switch value {
        case .object(let members): return .object(filled(members, properties, depth: depth))
        case .array(let items):
            return .array(
                items.map { item in
                    if case .object(let members) = item { return .object(filled(members, properties, depth: depth)) }
                    return item
                })
        default: return value
        }
    }

    private static func filled(_ members: ValueObject, _ properties: ValueObject, depth: Int) -> ValueObject {
        var members = members
        for (name, property) in properties {
            if let fallback = property["default"], members[name]?.isNull ?? true { members[name] = fallback }
            guard let value = members[name], !value.isNull else { continue }
            let type = property["type"]
            if SchemaNullability.allows("array", type), let items = property["items"], case .array = value {
                members[name] = filled(value, items, depth: depth + 1)
            }
            if SchemaNullability.allows("object", type), case .object = value {
                members[name] = filled(value, property, depth: depth + 1)
            }
        }
        return members
    }
}

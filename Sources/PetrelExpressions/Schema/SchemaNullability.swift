import PetrelCore

/// Makes null acceptable where StackStorm takes it for "not given".
enum SchemaNullability {
    private static let maxDepth = 64

    /// The schema in which each property that may be left out, or whose default is null, takes null too.
    static func relaxed(_ schema: Value, depth: Int = 0) throws(PythonFault) -> Value {
        guard depth <= maxDepth else {
            throw .tooComplex("The schema is nested deeper than \(maxDepth) levels")
        }
        guard case .object(var members) = schema, case .object(var properties)? = members["properties"] else {
            return schema
        }
        for (name, property) in properties {
            guard case .object(let attributes) = property else { continue }
            properties[name] = .object(try relaxed(property: attributes, depth: depth))
        }
        members["properties"] = .object(properties)
        return .object(members)
    }

    private static func relaxed(property: ValueObject, depth: Int) throws(PythonFault) -> ValueObject {
        var property = property
        let type = property["type"]
        let mayBeMissing = property["required"]?.isTruthy != true || property["default"] != nil
        if mayBeMissing, property["default"]?.isNull ?? true { addNull(to: &property) }
        if allows("array", type), let items = property["items"], items["properties"]?.isTruthy == true {
            property["items"] = try relaxed(items, depth: depth + 1)
        }
        if allows("object", type), property["properties"]?.isTruthy == true,
            case .object(let inner) = try relaxed(.object(property), depth: depth + 1)
        {
            property = inner
        }
        return property
    }

    private static func addNull(to property: inout ValueObject) {
        let null: Value = ["type": "null"]
        for keyword in ["anyOf", "oneOf"] {
            guard let schemas = property[keyword] else { continue }
            let list = schemas.array ?? []
            if !list.contains(where: { $0["type"] == "null" }) { property[keyword] = .array(list + [null]) }
            return
        }
        switch property["type"] {
        case .array(let types)?: if !types.contains("null") { property["type"] = .array(types + ["null"]) }
        case "null"?: break
        case let type: property["type"] = .array([type ?? "string", "null"])
        }
    }

    /// Whether a `type` names a type, alone or among others.
    static func allows(_ name: String, _ type: Value?) -> Bool {
        type?.string == name || type?.array?.contains(.string(name)) == true
    }
}

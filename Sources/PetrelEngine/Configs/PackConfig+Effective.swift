public import PetrelCore
import PetrelExpressions

extension PackConfig {
    /// What an action sees as its configuration: values with their templates rendered, secrets decrypted and defaults
    /// filled in.
    ///
    /// Specification: StackStorm's pack configuration as in its content model.
    public func effective(datastore: Datastore?, user: String) throws(EngineError) -> ValueObject {
        let schema = schema ?? [:]
        let rendering = ConfigRendering(
            pack: pack, lookups: ["st2kv": datastore?.lookup(user: user) ?? NoKeys()], datastore: datastore)
        var result: ValueObject = [:]
        for (name, value) in values ?? [:] {
            result[name] = try rendering.rendered(value, name: name, schema: schema[name], depth: 0)
        }
        return ConfigDefaults.filled(result, properties: schema, depth: 0)
    }

    /// The values as they may be shown: secret ones are starred.
    public func masked(_ values: ValueObject) -> ValueObject {
        ValueObject(
            uniqueKeysWithValues: values.map { name, value in
                (name, ConfigSchema.masked(value, schema?[name], depth: 0))
            })
    }

    /// What is wrong with values, in the words of StackStorm; nil when they follow the schema.
    ///
    /// Keys that the schema does not name are allowed; a template fits every type.
    public func problem(of values: ValueObject, file: String) -> String? {
        guard let schema, let checker = try? JSONSchema(["type": "object", "properties": .object(schema)]) else {
            return nil
        }
        let filled = ConfigDefaults.filled(values, properties: schema, depth: 0)
        let violation = checker.validate(.object(filled)).first { !isTemplate(at: $0.path, in: filled) }
        return violation.map {
            "Failed validating attribute \"\($0.path.joined(separator: "."))\" in config for pack "
                + "\"\(pack)\" (\(file)): \($0.message)"
        }
    }

    private func isTemplate(at path: [String], in values: ValueObject) -> Bool {
        var place: Value = .object(values)
        for step in path {
            if let items = place.array {
                guard let index = Int(step), items.indices.contains(index) else { return false }
                place = items[index]
            } else {
                place = place[step] ?? .null
            }
        }
        return place.string.map(JinjaTemplate.isTemplate) ?? false
    }
}

/// Which schema a place of a configuration has.
enum ConfigSchema {
    static let maxDepth = 64

    /// The schema of a member of an object: its own, else all patterns that fit, else that of additional ones.
    static func member(_ name: String, of schema: Value?) -> Value? {
        guard let schema else { return nil }
        if let own = schema["properties"]?[name] { return own }
        var merged: ValueObject = [:]
        for (pattern, value) in schema["patternProperties"]?.object ?? [:] {
            guard let compiled = try? Pattern(pattern), (try? compiled.firstMatch(in: name)) ?? nil != nil else {
                continue
            }
            merged.merge(value.object ?? [:]) { _, new in new }
        }
        if !merged.isEmpty { return .object(merged) }
        let others = schema["additionalProperties"]
        return others?.object == nil ? nil : others
    }

    /// The schema of an item of an array: the one for all, the one for its place, or that of additional ones.
    static func item(_ index: Int, of schema: Value?) -> Value? {
        guard let items = schema?["items"] else { return nil }
        guard let places = items.array else { return items.object == nil ? nil : items }
        if index < places.count { return places[index] }
        let others = schema?["additionalItems"]
        return others?.object == nil ? nil : others
    }

    /// A secret member stars all that is below it.
    static func masked(_ value: Value, _ schema: Value?, depth: Int) -> Value {
        if schema?["secret"]?.bool == true, !value.isNull { return .string(secretMask) }
        guard depth < maxDepth else { return value }
        switch value {
        case .object(let members):
            return .object(
                ValueObject(
                    uniqueKeysWithValues: members.map {
                        ($0, masked($1, member($0, of: schema), depth: depth + 1))
                    }))
        case .array(let items):
            return .array(items.enumerated().map { masked($1, item($0, of: schema), depth: depth + 1) })
        default: return value
        }
    }
}

/// Renders what is a template in a pack's configuration.
private struct ConfigRendering {
    let pack: String
    let lookups: [String: any LookupRoot]
    let datastore: Datastore?

    func rendered(_ value: Value, name: String, schema: Value?, depth: Int) throws(EngineError) -> Value {
        guard depth < ConfigSchema.maxDepth else { return value }
        switch value {
        case .object(let members):
            var result: ValueObject = [:]
            for (key, member) in members {
                result[key] = try rendered(
                    member, name: key, schema: ConfigSchema.member(key, of: schema), depth: depth + 1)
            }
            return .object(result)
        case .array(let items):
            var result: [Value] = []
            for (index, item) in items.enumerated() {
                result.append(
                    try rendered(
                        item, name: name, schema: ConfigSchema.item(index, of: schema), depth: depth + 1))
            }
            return .array(result)
        case .string(let text) where JinjaTemplate.isTemplate(text):
            return try text.isEmpty ? value : rendered(text, name: name, isSecret: schema?["secret"]?.bool == true)
        default: return value
        }
    }

    private func rendered(_ text: String, name: String, isSecret: Bool) throws(EngineError) -> Value {
        var context = JinjaContext(lookups: lookups)
        if let datastore {
            context.decrypt = { value throws(ExpressionError) in try datastore.decrypt(value) }
        }
        do throws(ExpressionError) {
            let value = try JinjaTemplate.cached(text).render(context)
            if value.isEmpty { return .null }
            guard isSecret, let datastore else { return .string(value) }
            return try datastore.decrypt(.string(value))
        } catch {
            throw EngineError(
                .invalidParameter,
                "Failed to render dynamic configuration value for key \"\(name)\" with value \"\(text)\" for pack "
                    + "\"\(pack)\" config: \(error.message)",
                hint: "Set the key: petrel key set NAME VALUE", underlying: error)
        }
    }
}

/// Fills in the defaults of a configuration's schema, where a key is absent.
enum ConfigDefaults {
    static func filled(_ values: ValueObject, properties: ValueObject, depth: Int) -> ValueObject {
        guard depth < ConfigSchema.maxDepth else { return values }
        var values = values
        for (name, schema) in properties {
            if values[name] == nil {
                values[name] = schema["default"] ?? empty(schema)
            }
            if let value = values[name] { values[name] = filled(value, schema: schema, depth: depth + 1) }
        }
        return values
    }

    /// What stands for an absent member whose own members may have defaults.
    private static func empty(_ schema: Value) -> Value? {
        switch schema["type"]?.string {
        case "object"
        where schema["properties"]?.object != nil || schema["additionalProperties"]?.object != nil
            || schema["patternProperties"]?.object != nil:
            .object([:])
        case "array" where schema["items"] != nil: .array([])
        default: nil
        }
    }

    private static func filled(_ value: Value, schema: Value, depth: Int) -> Value {
        guard depth < ConfigSchema.maxDepth else { return value }
        switch value {
        case .object(let members):
            var members = filled(members, properties: schema["properties"]?.object ?? [:], depth: depth)
            for (name, member) in members where schema["properties"]?[name] == nil {
                guard let own = ConfigSchema.member(name, of: schema) else { continue }
                members[name] = filled(member, schema: own, depth: depth + 1)
            }
            return .object(members)
        case .array(let items):
            return .array(
                items.enumerated().map { index, item in
                    ConfigSchema.item(index, of: schema).map { filled(item, schema: $0, depth: depth + 1) } ?? item
                })
        default: return value
        }
    }
}

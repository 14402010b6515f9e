import PetrelCore

/// Reads the `parameters` of an action, in StackStorm's dialect of JSON Schema.
struct ParameterSchema {
    private static let attributes = [
        "type", "description", "default", "required", "enum", "minimum", "maximum", "minLength", "maxLength",
        "pattern", "format", "items", "minItems", "maxItems", "uniqueItems", "properties", "patternProperties",
        "additionalProperties", "anyOf", "oneOf", "allOf", "not", "position", "immutable", "secret", "title",
        "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minProperties", "maxProperties", "dependencies",
        "additionalItems", "definitions", "$schema", "id",
    ]

    let metadata: Metadata

    func parameters() throws(PackError) -> Parameters {
        var parameters: Parameters = [:]
        for (name, value) in try metadata.object("parameters") {
            parameters[name] = try parameter(name, value)
        }
        try checkPositions(parameters)
        return parameters
    }

    private func parameter(_ name: String, _ value: Value) throws(PackError) -> Parameter {
        let path = ["parameters", name]
        guard let schema = value.object else {
            throw metadata.problem(path, "parameter '\(name)' must hold keys and values, not \(value.typeName)")
        }
        guard
            name.unicodeScalars.allSatisfy({
                $0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "_"
            })
        else {
            throw metadata.problem(path, "'\(name)' can't be a parameter's name", hint: "Use letters, digits and _")
        }
        try metadata.allowOnly(Self.attributes, at: path, in: schema)
        return Parameter(
            kind: try kind(schema, path), summary: schema["description"]?.string, defaultValue: schema["default"],
            isRequired: try truth("required", schema, path) ?? false,
            isSecret: try truth("secret", schema, path) ?? false, isImmutable: try truth("immutable", schema, path),
            position: try position(schema, path), choices: schema["enum"]?.array, schema: schema)
    }

    private func kind(_ schema: ValueObject, _ path: [String]) throws(PackError) -> Parameter.Kind? {
        guard let type = schema["type"], !type.isNull else { return nil }
        guard let kind = type.string.flatMap(Parameter.Kind.init(rawValue:)) else {
            let kinds = Parameter.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw metadata.problem(path + ["type"], "\(type.pythonText) is no type", hint: "Types are \(kinds)")
        }
        return kind
    }

    private func truth(_ key: String, _ schema: ValueObject, _ path: [String]) throws(PackError) -> Bool? {
        guard let value = schema[key], !value.isNull else { return nil }
        guard let truth = value.bool else {
            throw metadata.problem(path + [key], "'\(key)' must be true or false, not \(value.typeName)")
        }
        return truth
    }

    private func position(_ schema: ValueObject, _ path: [String]) throws(PackError) -> Int? {
        guard let value = schema["position"], !value.isNull else { return nil }
        guard let position = value.integer, position >= 0 else {
            throw metadata.problem(path + ["position"], "'position' must be a whole number from 0")
        }
        return position
    }

    private func checkPositions(_ parameters: Parameters) throws(PackError) {
        var nameByPosition: [Int: String] = [:]
        for (name, parameter) in parameters {
            guard let position = parameter.position else { continue }
            if let other = nameByPosition.updateValue(name, forKey: position) {
                throw metadata.problem(
                    ["parameters", name, "position"],
                    "Parameters \(other) and \(name) have same position \(position). Position values have to be unique."
                )
            }
        }
        let positions = nameByPosition.keys.sorted()
        if let first = positions.first, positions != Array(first..<(first + positions.count)) {
            throw metadata.problem(["parameters"], "Positions supplied \(positions) for parameters are not contiguous.")
        }
    }
}

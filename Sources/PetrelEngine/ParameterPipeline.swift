import PetrelAliases
public import PetrelCore

/// From the parameters that somebody gave to those that a runner gets.
///
/// Specification: StackStorm's parameter rules as in its content model: merged schema, casts, defaults, immutables.
public struct ParameterPipeline: Sendable {
    /// How text is cast to the declared type.
    public enum Cast: Sendable {
        /// As the API does: arrays and objects are JSON.
        case api
        /// As aliases do: an array is a list with commas.
        case alias
    }

    private let action: Action
    private let runner: RunnerType
    /// Runner parameters overlaid, attribute by attribute, with the action's.
    public let merged: Parameters

    /// The pipeline of an action on its runner.
    public init(action: Action, runner: RunnerType) {
        self.action = action
        self.runner = runner
        merged = Self.merge(runner: runner.parameters, action: action.parameters)
    }

    /// Whether the action's own metadata declares the parameter and its runner doesn't.
    ///
    /// A chat message may give such a one by name although the alias's format doesn't mention it; a runner's parameters
    /// (`env`, `sudo`, `cwd`) change what runs, and how.
    public func isOwn(_ name: String) -> Bool { action.parameters[name] != nil && runner.parameters[name] == nil }

    /// Casts and checks what a caller gave; the answer is what is stored with the execution.
    public func requested(_ given: ValueObject, cast: Cast) throws(EngineError) -> ValueObject {
        let immutable = given.keys.filter { merged[$0]?.isImmutable == true }
        guard immutable.isEmpty else {
            let names = Value.array(immutable.map(Value.string)).pythonText
            throw problem("Override of immutable parameter(s) \(names) is unsupported.")
        }
        var parameters: ValueObject = [:]
        for (name, value) in given {
            guard let parameter = merged[name] else {
                throw problem(
                    "Additional properties are not allowed ('\(name)' was unexpected)",
                    hint: "\(action.ref) takes: \(merged.keys.sorted().joined(separator: ", "))")
            }
            parameters[name] = try castValue(value, name: name, parameter: parameter, cast: cast)
        }
        for (name, parameter) in merged { try check(parameters[name], name: name, parameter: parameter) }
        return parameters
    }

    /// What the runner gets: defaults filled in, split by who declares the name.
    public func final(_ stored: ValueObject) throws(EngineError) -> (runner: ValueObject, action: ValueObject) {
        var runnerParameters: ValueObject = [:]
        var actionParameters: ValueObject = [:]
        for (name, parameter) in merged {
            var value = stored[name] ?? .null
            if value.isNull || parameter.isImmutable == true { value = parameter.defaultValue ?? .null }
            if let text = value.string, stored[name] == nil, text.contains("{{") || text.contains("{%") {
                throw problem("The default of parameter \"\(name)\" is a template; templates are not supported yet")
            }
            value = try castValue(value, name: name, parameter: parameter, cast: .api)
            if runner.parameters[name] != nil { runnerParameters[name] = value } else { actionParameters[name] = value }
        }
        return (runnerParameters, actionParameters)
    }

    /// The parameters as they may be shown: secret ones are starred.
    public func masked(_ parameters: ValueObject) -> ValueObject {
        ValueObject(
            uniqueKeysWithValues: parameters.map { name, value in
                (name, merged[name]?.isSecret == true && !value.isNull ? .string(secretMask) : value)
            })
    }

    /// The parameters of the runner overlaid with those of the action.
    public static func merge(runner: Parameters, action: Parameters) -> Parameters {
        var merged = action
        for (name, base) in runner {
            guard let over = action[name] else {
                merged[name] = base
                continue
            }
            merged[name] = Parameter(
                kind: over.kind ?? base.kind, summary: over.summary ?? base.summary,
                defaultValue: over.defaultValue ?? base.defaultValue,
                isRequired: over.schema["required"]?.bool ?? base.isRequired, isSecret: over.isSecret || base.isSecret,
                isImmutable: over.isImmutable ?? base.isImmutable, position: over.position ?? base.position,
                choices: over.choices ?? base.choices, schema: base.schema.merging(over.schema) { _, new in new })
        }
        return merged
    }

    private func castValue(_ value: Value, name: String, parameter: Parameter, cast: Cast) throws(EngineError) -> Value
    {
        guard let kind = parameter.kind, !value.isNull else { return value }
        switch cast {
        case .alias:
            do { return try ParameterCast.alias(value, as: kind, name: name) } catch { throw problem(error.message) }
        case .api: return try Casting.api(value, as: kind, name: name, action: action.ref)
        }
    }

    private func check(_ value: Value?, name: String, parameter: Parameter) throws(EngineError) {
        guard let value, !value.isNull else {
            guard parameter.isRequired, parameter.defaultValue == nil else { return }
            throw problem("'\(name)' is a required property", hint: "Give it: \(name)=…")
        }
        if let kind = parameter.kind, !kind.accepts(value) {
            let orNull = parameter.isRequired ? "" : ", 'null'"
            throw problem("\(value.pythonText) is not of type '\(kind.rawValue)'\(orNull)", name: name)
        }
        if let choices = parameter.choices, !choices.contains(value) {
            throw problem("\(value.pythonText) is not one of \(Value.array(choices).pythonText)", name: name)
        }
        try checkBounds(value, name: name, schema: parameter.schema)
    }

    private func checkBounds(_ value: Value, name: String, schema: ValueObject) throws(EngineError) {
        if let number = value.number {
            if let least = schema["minimum"]?.number, number < least {
                throw problem(
                    "\(value.pythonText) is less than the minimum of \(Value.double(least).pythonText)", name: name)
            }
            if let most = schema["maximum"]?.number, number > most {
                throw problem(
                    "\(value.pythonText) is greater than the maximum of \(Value.double(most).pythonText)", name: name)
            }
        }
        if let text = value.string {
            if let least = schema["minLength"]?.integer, text.unicodeScalars.count < least {
                throw problem("\(value.pythonText) is too short", name: name)
            }
            if let most = schema["maxLength"]?.integer, text.unicodeScalars.count > most {
                throw problem("\(value.pythonText) is too long", name: name)
            }
        }
    }

    private func problem(_ message: String, name: String? = nil, hint: String? = nil) -> EngineError {
        EngineError(
            .invalidParameter, message,
            hint: hint ?? name.map { "See parameter \"\($0)\" of \(action.ref)" }
                ?? "petrel action get \(action.ref) shows the parameters")
    }
}

extension Parameter.Kind {
    /// Whether a value is of the type, as JSON Schema has it: a whole double is no integer here, since Python's isn't.
    func accepts(_ value: Value) -> Bool {
        switch (self, value) {
        case (.array, .array), (.boolean, .bool), (.null, .null), (.object, .object), (.string, .string): true
        case (.integer, .integer), (.integer, .bigInteger): true
        case (.number, .integer), (.number, .bigInteger), (.number, .double): true
        default: false
        }
    }
}

import PetrelAliases
public import PetrelCore
import PetrelExpressions

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
        /// As the API does, of values that were rendered already: whatever they hold is data.
        case workflow
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

    /// Renders, casts and checks what a caller gave; the answer is what is stored with the execution.
    ///
    /// Defaults that are templates are rendered now, too, unless a chat asks: its words are data.
    public func requested(_ given: ValueObject, cast: Cast, scope: ParameterScope = ParameterScope())
        throws(EngineError) -> ValueObject
    {
        try refuseForeign(given)
        let parameters = try rendered(given, cast: cast, scope: scope)
        for (name, parameter) in merged { try check(parameters[name], name: name, parameter: parameter) }
        return parameters
    }

    /// Renders and casts what a caller gave, without a check against the schema.
    public func rendered(_ given: ValueObject, cast: Cast, scope: ParameterScope) throws(EngineError) -> ValueObject {
        var parameters = cast == .api ? try live(given, scope) : given
        for (name, value) in parameters {
            guard let parameter = merged[name] else { continue }
            parameters[name] = try castValue(value, name: name, parameter: parameter, cast: cast)
        }
        return parameters
    }

    /// What the runner gets: stored values as they are, defaults rendered, split by who declares the name.
    public func final(_ stored: ValueObject, scope: ParameterScope = ParameterScope()) throws(EngineError) -> (
        runner: ValueObject, action: ValueObject
    ) {
        var rendering = ParameterRendering(scope: scope, shellSinks: shellSinks)
        for (name, value) in stored { rendering.addLiteral(name, value) }
        addDefaults(to: &rendering)
        let rendered = try rendering.rendered()
        var runnerParameters: ValueObject = [:]
        var actionParameters: ValueObject = [:]
        for (name, parameter) in merged {
            let value = try castValue(rendered[name] ?? .null, name: name, parameter: parameter, cast: .api)
            if runner.parameters[name] != nil { runnerParameters[name] = value } else { actionParameters[name] = value }
        }
        return (runnerParameters, actionParameters)
    }

    private func refuseForeign(_ given: ValueObject) throws(EngineError) {
        let immutable = given.keys.filter { merged[$0]?.isImmutable == true }
        guard immutable.isEmpty else {
            let names = Value.array(immutable.map(Value.string)).pythonText
            throw problem("Override of immutable parameter(s) \(names) is unsupported.")
        }
        if let name = given.keys.first(where: { merged[$0] == nil }) {
            throw problem(
                "Additional properties are not allowed ('\(name)' was unexpected)",
                hint: "\(action.ref) takes: \(merged.keys.sorted().joined(separator: ", "))")
        }
    }

    /// What is stored of a request: what was given and defaults that are templates, rendered.
    private func live(_ given: ValueObject, _ scope: ParameterScope) throws(EngineError) -> ValueObject {
        // Most requests hold no template, and then nothing is to be done.
        let templates = merged.filter { name, parameter in
            (given[name] ?? .null).isNull && parameter.isImmutable != true
                && parameter.defaultValue?.string.map(JinjaTemplate.isTemplate) ?? false
        }
        let isPlain = given.allSatisfy { name, value in
            merged[name]?.isImmutable != true && !(scope.rendersGiven && ParameterRendering.isTemplate(value))
        }
        if templates.isEmpty, isPlain { return given }
        var rendering = ParameterRendering(scope: scope, shellSinks: shellSinks)
        for (name, value) in given {
            if scope.rendersGiven {
                rendering.add(name, value, isGiven: true)
            } else {
                rendering.addLiteral(name, value)
            }
        }
        addDefaults(to: &rendering)
        let rendered = try rendering.rendered()
        var live = given
        for name in given.keys { live[name] = rendered[name] }
        for name in templates.keys { live[name] = rendered[name] }
        return live
    }

    /// Defaults of what was not given, and of what nobody may give; the action's before the runner's.
    private func addDefaults(to rendering: inout ParameterRendering) {
        for (name, parameter) in merged {
            rendering.addDefault(
                name, parameter.defaultValue ?? .null, isImmutable: parameter.isImmutable == true)
        }
    }

    /// Parameters that a shell reads.
    private var shellSinks: Set<String> { Self.isShell(runner.name) ? ["cmd"] : [] }

    /// Whether a runner type hands its `cmd` to a shell.
    static func isShell(_ runner: String) -> Bool { runner == "local-shell-cmd" || runner == "remote-shell-cmd" }

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
        if parameter.schema["type"]?.array != nil, !value.isNull, cast != .alias {
            throw problem(
                "the schema of \"\(name)\" names several types, of which no value can be cast to one", name: name)
        }
        guard let kind = parameter.kind, !value.isNull else { return value }
        switch cast {
        case .alias:
            do { return try ParameterCast.alias(value, as: kind, name: name) } catch {
                throw parameter.isSecret ? secretProblem(name, kind) : problem(error.message)
            }
        case .api, .workflow:
            do throws(ExpressionError) { return try SchemaCast.cast(value, to: kind.rawValue) } catch {
                if parameter.isSecret { throw secretProblem(name, kind) }
                let message =
                    kind == .string
                    ? error.message
                    : "Failed to cast value \"\(value.pythonString)\" (type: \(value.typeName)) for parameter "
                        + "\"\(name)\" of type \"\(kind.rawValue)\": \(error.message)"
                throw EngineError(
                    .invalidParameter, message, hint: "Parameter \"\(name)\" of \(action.ref) is \(kind.phrase)",
                    underlying: error)
            }
        }
    }

    /// What a secret parameter was given stands in no message.
    private func secretProblem(_ name: String, _ kind: Parameter.Kind?) -> EngineError {
        problem(
            "the value of the secret parameter \"\(name)\" is refused",
            hint: kind.map { "Parameter \"\(name)\" of \(action.ref) is \($0.phrase)" })
    }

    private func check(_ value: Value?, name: String, parameter: Parameter) throws(EngineError) {
        do throws(EngineError) { try checkValue(value, name: name, parameter: parameter) } catch {
            throw parameter.isSecret && value?.isNull == false ? secretProblem(name, parameter.kind) : error
        }
    }

    private func checkValue(_ value: Value?, name: String, parameter: Parameter) throws(EngineError) {
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
    /// The type with its article.
    var phrase: String { ([.array, .integer, .object].contains(self) ? "an " : "a ") + rawValue }

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

import PetrelCore

/// The declaration of one parameter of a runner type.
func runnerParameter(
    _ kind: Parameter.Kind, _ summary: String, defaultValue: Value? = nil, isRequired: Bool = false,
    isSecret: Bool = false, isImmutable: Bool? = nil, choices: [Value]? = nil, schema more: ValueObject = [:]
) -> Parameter {
    var schema: ValueObject = ["description": .string(summary), "type": .string(kind.rawValue)]
    if let defaultValue { schema["default"] = defaultValue }
    if isRequired { schema["required"] = true }
    if isSecret { schema["secret"] = true }
    if let isImmutable { schema["immutable"] = .bool(isImmutable) }
    if let choices { schema["enum"] = .array(choices) }
    schema.merge(more) { _, new in new }
    return Parameter(
        kind: kind, summary: summary, defaultValue: defaultValue, isRequired: isRequired, isSecret: isSecret,
        isImmutable: isImmutable, choices: choices, schema: schema)
}

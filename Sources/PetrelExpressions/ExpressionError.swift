public import PetrelCore

/// Codes of errors of the small languages.
public enum ExpressionErrorCode: String, ProblemCode {
    /// Text is not YAML that the safe loader reads, or passes a limit.
    case badYAML = "petrel.yaml.invalid"
    /// A pattern that Python's `re` would refuse, or that PCRE2 can't carry out.
    case badPattern = "petrel.pattern.invalid"
    /// Evaluating would take more steps, depth, memory or output than allowed, in whichever language.
    case tooComplex = "petrel.expression.too_complex"
    /// A template or expression that its language can't read.
    case syntax = "petrel.expression.syntax"
    /// A name, attribute or item that does not exist, where the language insists that it does.
    case undefined = "petrel.expression.undefined"
    /// A filter, test, function or method that does not exist.
    case unknownFunction = "petrel.expression.unknown_function"
    /// A function of that name exists, but none that takes these arguments.
    case noMatch = "petrel.expression.no_match"
    /// Several functions of that name take these arguments equally well.
    case ambiguous = "petrel.expression.ambiguous"
    /// A key that a dictionary does not have, in YAQL.
    case missingKey = "petrel.expression.missing_key"
    /// Something that the sandbox keeps away from templates.
    case forbidden = "petrel.expression.forbidden"
    /// An expression of a workflow whose variables can't be resolved.
    case unresolved = "petrel.expression.unresolved"
    /// Evaluation went wrong: a wrong type, a division by zero, a value that a function can't take.
    case failed = "petrel.expression.failed"
    /// A schema that is no schema.
    case badSchema = "petrel.schema.invalid"
    /// A value that its schema refuses.
    case invalidValue = "petrel.schema.refused"
    /// A timer's text that says no time.
    case badSchedule = "petrel.schedule.invalid"
    /// A JSONPath that can't be read.
    case badPath = "petrel.jsonpath.invalid"
}

/// The error type of PetrelExpressions.
public typealias ExpressionError = Problem<ExpressionErrorCode>

public import PetrelCore

/// Codes of errors of the small languages.
public enum ExpressionErrorCode: String, ProblemCode {
    /// Text is not YAML that the safe loader reads, or passes a limit.
    case badYAML = "petrel.yaml.invalid"
    /// A pattern that Python's `re` would refuse, or that PCRE2 can't carry out.
    case badPattern = "petrel.pattern.invalid"
    /// Matching would take more steps or memory than allowed.
    case tooComplex = "petrel.pattern.too_complex"
}

/// The error type of PetrelExpressions.
public typealias ExpressionError = Problem<ExpressionErrorCode>

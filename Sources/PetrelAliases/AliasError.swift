public import PetrelCore

/// Codes of errors of aliases.
public enum AliasErrorCode: String, ProblemCode {
    /// A format does not compile; its alias keeps its other formats.
    case badFormat = "petrel.alias.bad_format"
    /// Matching a message took more steps than allowed.
    case tooComplex = "petrel.alias.too_complex"
    /// A message is longer than any command.
    case tooLong = "petrel.alias.too_long"
    /// No format fits a command.
    case noMatch = "petrel.alias.no_match"
    /// Several formats fit a command.
    case ambiguous = "petrel.alias.ambiguous"
    /// A parameter's text can't become the type that the action wants.
    case badParameter = "petrel.alias.bad_parameter"
    /// The filter of a help request is no pattern.
    case badFilter = "petrel.alias.bad_filter"
}

/// The error type of PetrelAliases.
public typealias AliasError = Problem<AliasErrorCode>

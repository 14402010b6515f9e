public import PetrelCore

/// What can be wrong with content.
public enum PackErrorCode: String, ProblemCode {
    /// A file can't be read or is too large.
    case unreadable = "petrel.pack.unreadable"
    /// A file is no YAML, or no object.
    case badYAML = "petrel.pack.bad_yaml"
    /// A key is missing, unknown or has a wrong value.
    case badMetadata = "petrel.pack.bad_metadata"
    /// A workflow can't be run as it is written.
    case badWorkflow = "petrel.pack.bad_workflow"
    /// Two packs, actions or aliases have one name.
    case duplicate = "petrel.pack.duplicate"
    /// It works, but not as its author may think: a missing script, a repeated key.
    case warning = "petrel.pack.warning"
}

/// The error type of PetrelPacks.
public typealias PackError = Problem<PackErrorCode>

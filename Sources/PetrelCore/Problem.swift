/// A place in a content or settings file.
public struct Location: Sendable, Hashable, CustomStringConvertible {
    /// The file's path as the user would type it.
    public var file: String
    /// Line, counted from 1; nil when the whole file is meant.
    public var line: Int?
    /// Column, counted from 1.
    public var column: Int?

    /// A place in a file.
    public init(file: String, line: Int? = nil, column: Int? = nil) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `file:line:column`, as far as they are known.
    public var description: String {
        [file, line.map(String.init), column.map(String.init)].compactMap(\.self).joined(separator: ":")
    }
}

/// The closed list of a module's error codes; the raw value is stable and printed, such as `petrel.store.locked`.
public protocol ProblemCode: RawRepresentable, Sendable, Hashable where RawValue == String {}

/// What every error of Petrel can say of itself, whatever module it comes from.
public protocol AnyProblem: Error, CustomStringConvertible {
    /// The stable code, such as `petrel.alias.ambiguous`.
    var codeText: String { get }
    /// What happened, with the value.
    var message: String { get }
    /// What the user can do; nil where there is nothing to advise.
    var hint: String? { get }
    /// Whether the same call may succeed later, unchanged.
    var isRetryable: Bool { get }
    /// Where content or settings were at fault.
    var location: Location? { get }
}

/// The shape of every module's public error type.
///
/// A module declares its codes and a type alias, such as `typealias StoreError = Problem<StoreErrorCode>`.
public struct Problem<Code: ProblemCode>: AnyProblem {
    /// What went wrong, from the module's closed list.
    public var code: Code
    /// What happened, with the value.
    public var message: String
    /// What the user can do; nil where there is nothing to advise.
    public var hint: String?
    /// Whether the same call may succeed later, unchanged.
    public var isRetryable: Bool
    /// Where content or settings were at fault.
    public var location: Location?
    /// What a lower layer said, for the log.
    public var underlying: (any Error)?

    /// An error with its code and sentence.
    public init(
        _ code: Code, _ message: String, hint: String? = nil, isRetryable: Bool = false, location: Location? = nil,
        underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.isRetryable = isRetryable
        self.location = location
        self.underlying = underlying
    }

    /// The raw value of ``code``.
    public var codeText: String { code.rawValue }

    /// Place, message and hint in one line.
    public var description: String {
        let place = location.map { "\($0): " } ?? ""
        return place + message + (hint.map { ". \($0)" } ?? "")
    }
}

/// Codes of errors that any layer can raise.
public enum CoreErrorCode: String, ProblemCode {
    /// Text is not well-formed JSON, or passes a limit.
    case badJSON = "petrel.json.invalid"
    /// Something asked for does not exist.
    case notFound = "petrel.not_found"
    /// The caller's input is wrong.
    case invalidInput = "petrel.input.invalid"
    /// The service can't take work now: disk full, database unwritable, too much queued.
    case unavailable = "petrel.unavailable"
    /// The caller may not do this.
    case forbidden = "petrel.access.denied"
}

/// The error type of PetrelCore and of its ports.
public typealias CoreError = Problem<CoreErrorCode>

import PetrelCore

/// What can go wrong around the service: in settings, on the command line, on the way to a running service.
enum AppErrorCode: String, ProblemCode {
    /// A key that is no setting.
    case unknownSetting = "petrel.settings.unknown"
    /// A setting has a value that it can't have.
    case badSetting = "petrel.settings.invalid"
    /// A setting works, but not as its author may think.
    case settingsWarning = "petrel.settings.warning"
    /// A file can't be read or written, or is too large.
    case badFile = "petrel.file.failed"
    /// The command line makes no sense.
    case usage = "petrel.usage"
    /// No service answers at the address.
    case unreachable = "petrel.client.unreachable"
    /// The service answered with an error.
    case refused = "petrel.client.refused"
    /// What answered is not Petrel, or not what this client understands.
    case badAnswer = "petrel.client.bad_answer"
    /// A test file of an alias can't be read.
    case badTestFile = "petrel.alias_test.invalid"
}

/// The error type of PetrelApp.
typealias AppError = Problem<AppErrorCode>

/// Several errors that are reported together; never empty.
struct AppErrors: Error {
    var problems: [AppError]

    /// Errors to report.
    init(_ problems: [AppError]) { self.problems = problems }
}

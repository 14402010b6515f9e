public import PetrelCore

/// What can be wrong with a request to the engine.
public enum EngineErrorCode: String, ProblemCode {
    /// The action does not exist.
    case unknownAction = "petrel.action.unknown"
    /// The action is switched off.
    case disabledAction = "petrel.action.disabled"
    /// No runner carries out actions of this type.
    case unknownRunner = "petrel.runner.unknown"
    /// A parameter is missing, unknown, of the wrong type or not allowed.
    case invalidParameter = "petrel.parameter.invalid"
    /// There is no such inquiry.
    case unknownInquiry = "petrel.inquiry.unknown"
    /// An inquiry can't be answered any more, or not with this.
    case invalidAnswer = "petrel.inquiry.answer"
    /// The asker may not do this.
    case forbidden = "petrel.access.denied"
    /// The message that asks has been decided before.
    case duplicateMessage = "petrel.message.duplicate"
    /// The service takes no work now.
    case unavailable = "petrel.unavailable"
}

/// The error type of PetrelEngine.
public typealias EngineError = Problem<EngineErrorCode>

extension EngineError {
    /// What a port's error means to whoever asked the engine.
    init(_ error: CoreError) {
        self.init(
            .unavailable, error.message, hint: error.hint, isRetryable: error.isRetryable, underlying: error)
    }
}

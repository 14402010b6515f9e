import PetrelCore

/// What Python would raise: the class of the exception and its text.
///
/// A reference, so that throwing it through deep recursion costs one word of each frame.
final class PythonFault: Error, Sendable {
    /// The exception's class, as messages name it.
    enum Kind: String, Sendable {
        case typeError = "TypeError"
        case valueError = "ValueError"
        case zeroDivision = "ZeroDivisionError"
        case overflow = "OverflowError"
        case indexError = "IndexError"
        case keyError = "KeyError"
        case attributeError = "AttributeError"
        case runtimeError = "RuntimeError"
        case notImplemented = "NotImplementedError"
        case recursion = "RecursionError"
        case unicode = "UnicodeDecodeError"
        case undefined = "UndefinedError"
        case security = "SecurityError"
        case templateRuntime = "TemplateRuntimeError"
        case templateAssertion = "TemplateAssertionError"
        case templateSyntax = "TemplateSyntaxError"
        case templateNotFound = "TemplateNotFound"
        case filterArgument = "FilterArgumentError"
        /// An expression inside of an expression's result.
        case evaluation = "JinjaEvaluationException"
        /// Raised by a function of ours or of the caller; the text is that function's.
        case exception = "Exception"
    }

    let kind: Kind
    let message: String
    /// What another part of the module, or the caller's function, had to say.
    let cause: ExpressionError?

    init(_ kind: Kind, _ message: String, cause: ExpressionError? = nil) {
        self.kind = kind
        self.message = message
        self.cause = cause
    }

    /// An error of another part of the module on its way through the evaluator.
    convenience init(_ error: ExpressionError) { self.init(.exception, error.message, cause: error) }

    static func type(_ message: String) -> PythonFault { PythonFault(.typeError, message) }
    static func value(_ message: String) -> PythonFault { PythonFault(.valueError, message) }

    static func tooComplex(_ message: String) -> PythonFault {
        PythonFault(
            ExpressionError(.tooComplex, message, hint: "Make it smaller, or do this work in an action"))
    }

    /// Whether a limit was passed: nothing may catch it and go on.
    var isLimit: Bool { cause?.code == .tooComplex }

    /// The error as the module's callers see it.
    var problem: ExpressionError {
        if let cause { return cause }
        let code: ExpressionErrorCode =
            switch kind {
            case .undefined: .undefined
            case .security: .forbidden
            case .templateSyntax: .syntax
            case .templateAssertion: .unknownFunction
            default: .failed
            }
        return ExpressionError(code, message)
    }
}

extension EvaluationBudget {
    /// As ``step(_:)``, for code that throws Python's faults.
    @inline(__always)
    func work(_ count: Int = 1) throws(PythonFault) {
        do throws(ExpressionError) { try step(count) } catch { throw PythonFault(error) }
    }

    /// As ``produce(bytes:)``, for code that throws Python's faults.
    @inline(__always)
    func make(bytes count: Int) throws(PythonFault) {
        do throws(ExpressionError) { try produce(bytes: count) } catch { throw PythonFault(error) }
    }

    /// Counts items of a list before they are made, and the work of making them.
    func makeItems(_ count: Int) throws(PythonFault) {
        try work(count)
        try make(count, times: Self.itemBytes)
    }

    /// Counts the comparing of two texts.
    @inline(__always)
    func compare(_ one: String, _ two: String) throws(PythonFault) {
        let count = min(one.utf8.count, two.utf8.count)
        if count >= 1_024 { try work(count / 512) }
    }

    /// Counts `count` times `size` bytes, however large the product would be.
    func make(_ count: Int, times size: Int) throws(PythonFault) {
        let (bytes, isTooLarge) = count.multipliedReportingOverflow(by: size)
        try make(bytes: isTooLarge ? Int.max >> 1 : max(0, bytes))
    }
}

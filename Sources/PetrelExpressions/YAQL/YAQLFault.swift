import PetrelCore

/// What goes wrong in YAQL: the original's exception and text, beside the code that callers see.
///
/// A reference, so that throwing it through deep recursion costs one word of each frame.
final class YAQLFault: Error, Sendable {
    let code: ExpressionErrorCode
    /// The exception's class in the original, as messages name it.
    let name: String
    /// The exception's text; for a missing key the key alone.
    let text: String
    /// What another part of the module, or the caller's function, had to say.
    let cause: ExpressionError?

    init(_ code: ExpressionErrorCode, _ name: String, _ text: String, cause: ExpressionError? = nil) {
        self.code = code
        self.name = name
        self.text = text
        self.cause = cause
    }

    /// A fault of Python's rules.
    convenience init(_ fault: PythonFault) {
        if let cause = fault.cause {
            self.init(cause, as: "ValueError")
        } else {
            self.init(.failed, fault.kind.rawValue, fault.message)
        }
    }

    /// An error of a function outside the evaluator; the name stands for the class that the original raises there.
    convenience init(_ error: ExpressionError, as name: String) {
        let code: ExpressionErrorCode = error.code == .tooComplex ? .tooComplex : .failed
        self.init(code, name, error.message, cause: error)
    }

    /// The error as callers see it, with the expression as it was written.
    func problem(in expression: String) -> ExpressionError {
        if code == .missingKey {
            return ExpressionError(
                code, "Unable to resolve key '\(Self.stripped(text))' in expression '\(expression)' from context.")
        }
        if code == .tooComplex {
            return ExpressionError(
                code, "Unable to evaluate expression '\(expression)'. \(text)",
                hint: cause?.hint ?? "Make it smaller, or do this work in an action")
        }
        return ExpressionError(
            code, "Unable to evaluate expression '\(expression)'. \(name): \(losesQuotes ? Self.stripped(text) : text)")
    }

    /// The original strips single quotes off the ends of the texts of these.
    private var losesQuotes: Bool {
        switch name {
        case "TypeError", "ValueError", "JSONDecodeError", "UnicodeDecodeError": true
        default: name.hasPrefix("Yaql") && code == .syntax || name.hasPrefix("No") || name.hasPrefix("Ambiguous")
        }
    }

    private static func stripped(_ text: String) -> String {
        PythonText.strip(text, fromStart: true, fromEnd: true) { $0 == "'" }
    }
}

extension YAQLFault {
    static func type(_ text: String) -> YAQLFault { YAQLFault(.failed, "TypeError", text) }
    static func value(_ text: String) -> YAQLFault { YAQLFault(.failed, "ValueError", text) }
    static func index(_ text: String) -> YAQLFault { YAQLFault(.failed, "IndexError", text) }
    static func overflow(_ text: String) -> YAQLFault { YAQLFault(.failed, "OverflowError", text) }
    static func attribute(_ text: String) -> YAQLFault { YAQLFault(.failed, "AttributeError", text) }
    static func key(_ shown: String) -> YAQLFault { YAQLFault(.missingKey, "KeyError", shown) }
    static func workflow(_ text: String) -> YAQLFault { YAQLFault(.failed, "ExpressionEvaluationException", text) }

    /// Nothing left where something was asked for.
    static func exhausted(_ text: String = "") -> YAQLFault { YAQLFault(.failed, "StopIteration", text) }

    static func tooComplex(_ text: String) -> YAQLFault { YAQLFault(.tooComplex, "RecursionError", text) }

    static func unhashable(_ typeName: String) -> YAQLFault { .type("unhashable type: '\(typeName)'") }

    static func unknown(_ name: String, receiver: String?) -> YAQLFault {
        if let receiver {
            return YAQLFault(
                .unknownFunction, "NoMethodRegisteredException", "Unknown method \"\(name)\" for receiver \(receiver)")
        }
        return YAQLFault(.unknownFunction, "NoFunctionRegisteredException", "Unknown function \"\(name)\"")
    }

    static func noMatch(_ name: String, receiver: String? = nil) -> YAQLFault {
        if let receiver {
            return YAQLFault(
                .noMatch, "NoMatchingMethodException",
                "No method \"\(name)\" for receiver \(receiver) matches supplied arguments")
        }
        return YAQLFault(
            .noMatch, "NoMatchingFunctionException", "No function \"\(name)\" matches supplied arguments")
    }

    static func ambiguous(_ name: String, receiver: String? = nil) -> YAQLFault {
        if let receiver {
            return YAQLFault(
                .ambiguous, "AmbiguousMethodException", "Ambiguous method \"\(name)\" for receiver \(receiver)")
        }
        return YAQLFault(.ambiguous, "AmbiguousFunctionException", "Ambiguous function \"\(name)\"")
    }

    /// A named argument whose name is no plain word.
    static let badArgumentName = YAQLFault(
        .failed, "MappingTranslationException", "Cannot convert mapping to keyword argument")
}

/// Runs work that throws Python's faults.
@inline(__always)
func python<Result>(_ work: () throws(PythonFault) -> Result) throws(YAQLFault) -> Result {
    do throws(PythonFault) { return try work() } catch { throw YAQLFault(error) }
}

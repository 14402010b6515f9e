public import PetrelCore

/// Turns a value into the type that a parameter's schema names, as StackStorm does after rendering.
public enum SchemaCast {
    /// The text that stands for null wherever a null can't be written.
    public static let noneText = StackStormFunctions.noneText

    /// A value cast to a type of JSON Schema; null stays null only where the original lets it.
    ///
    /// Texts become numbers as Python reads them, truths and structures as JSON or as Python's literals. What is no
    /// text is kept for `array`, `object` and `boolean`. Types without a cast, and no type at all, keep the value.
    /// - Throws: ``ExpressionError`` with code `invalidValue` and the original's message.
    public static func cast(_ value: Value, to type: String?) throws(ExpressionError) -> Value {
        do throws(PythonFault) {
            switch type {
            case "string": return try string(value)
            case "integer": return try integer(none(value))
            case "number": return try number(none(value))
            case "boolean": return try boolean(none(value))
            case "array", "object": return try structure(none(value))
            default: return value
            }
        } catch {
            throw error.isLimit ? error.problem : ExpressionError(.invalidValue, error.message)
        }
    }

    private static func none(_ value: Value) -> Value { value.string == noneText ? .null : value }

    private static func string(_ value: Value) throws(PythonFault) -> Value {
        switch value {
        case .null: return value
        case .string: return none(value)
        default:
            throw .value(
                "Value \"\(SchemaText.shown(value))\" must either be a string or None. "
                    + "Got \"\(PythonValues.typeName(value))\".")
        }
    }

    private static func integer(_ value: Value) throws(PythonFault) -> Value {
        switch value {
        case .integer, .bigInteger: return value
        case .bool(let truth): return .integer(truth ? 1 : 0)
        case .double(let number): return try PythonNumber.double(number).whole().value
        case .string(let text): return try PythonInteger.parse(text).value
        default:
            throw .type(
                "int() argument must be a string, a bytes-like object or a real number, not "
                    + "'\(PythonValues.typeName(value))'")
        }
    }

    private static func number(_ value: Value) throws(PythonFault) -> Value {
        switch value {
        case .double: return value
        case .string(let text):
            if let number = PythonFloat.parse(text) { return .double(number) }
            throw .value("could not convert string to float: \(PythonText.quoted(text))")
        default:
            guard let number = PythonNumber(value) else {
                throw .type("float() argument must be a string or a real number, not '\(PythonValues.typeName(value))'")
            }
            return .double(try number.double())
        }
    }

    private static func boolean(_ value: Value) throws(PythonFault) -> Value {
        guard case .string(let text) = value else { return value }
        return try PythonLiteralReader.value(PythonText.capitalize(text))
    }

    private static func structure(_ value: Value) throws(PythonFault) -> Value {
        guard case .string(let text) = value else { return value }
        if let value = try? StackStormFunctions.jsonParse(value) { return value }
        return try PythonLiteralReader.value(text)
    }
}

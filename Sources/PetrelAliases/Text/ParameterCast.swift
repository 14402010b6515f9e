public import PetrelCore

/// Turns the texts that a command gives into the types that its action declares.
public enum ParameterCast {
    /// The text that stands for null wherever a null can't be written.
    private static let nullText = "%*****__%NONE%__*****%"

    /// A parameter's value as StackStorm casts it for aliases; lists are split at commas and not read as JSON.
    ///
    /// The name is for the message. What comes out may still not fit the action's schema, which is checked later.
    /// - Throws: ``AliasError`` with code `badParameter` and the reference's sentence.
    public static func alias(_ text: Value, as kind: Parameter.Kind?, name: String) throws(AliasError) -> Value {
        if text.isNull || text.string == nullText { return .null }
        guard let kind else { return text }
        switch kind {
        case .string, .null: return text
        case .array: return try array(text, name)
        case .integer:
            return try cast(text, kind, name, PythonNumber.integer, "invalid literal for int() with base 10: ")
        case .number:
            return try cast(
                text, kind, name, { PythonNumber.float($0).map(Value.double) }, "could not convert string to float: ")
        case .boolean: return try cast(text, kind, name, boolean, "malformed node or string: ")
        case .object: return try cast(text, kind, name, object, "malformed node or string: ")
        }
    }

    /// A value that is no text, such as an immutable parameter's, already has its type.
    private static func cast(
        _ value: Value, _ kind: Parameter.Kind, _ name: String, _ read: (String) -> Value?, _ why: String
    ) throws(AliasError) -> Value {
        guard let text = value.string else { return try kept(value, kind, name) }
        if let value = read(text) { return value }
        throw failure(text, kind, name, why + value.pythonText)
    }

    private static func kept(_ value: Value, _ kind: Parameter.Kind, _ name: String) throws(AliasError) -> Value {
        switch (kind, value) {
        case (.number, .integer), (.number, .bigInteger): return .double(value.number ?? 0)
        case (.integer, .double(let number)):
            return Int(exactly: number.rounded(.towardZero)).map(Value.integer) ?? value
        default: return value
        }
    }

    private static func array(_ value: Value, _ name: String) throws(AliasError) -> Value {
        if case .array = value { return value }
        guard let text = value.string else { throw failure(value.pythonText, .array, name, "it is no list") }
        return .array(text.split(separator: ",", omittingEmptySubsequences: false).map { .string(trimmed($0)) })
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }

    /// The first letter in upper case and the rest in lower case, read as a Python literal: `TRUE` is true, `yes` is not.
    private static func boolean(_ text: String) -> Value? {
        PythonLiteral.value(text.prefix(1).uppercased() + text.dropFirst().lowercased())
    }

    private static func object(_ text: String) -> Value? {
        if let value = try? JSONReader.value(text, limits: .requestBody) { return value }
        return PythonLiteral.value(text)
    }

    private static func failure(
        _ text: String, _ kind: Parameter.Kind, _ name: String, _ why: String
    ) -> AliasError {
        AliasError(
            .badParameter,
            "Failed to cast value \"\(text)\" (type: str) for parameter \"\(name)\" of type \"\(kind.rawValue)\": \(why). "
                + "Perhaps the value is of an invalid type?")
    }
}

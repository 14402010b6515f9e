import PetrelCore

/// Casts of parameter values to their declared types, as StackStorm's API does them.
enum Casting {
    /// - Throws: ``EngineError`` `invalidParameter`, naming the parameter, the value and the expected type.
    static func api(_ value: Value, as kind: Parameter.Kind, name: String, action: ContentRef) throws(EngineError)
        -> Value
    {
        if value == .string("%*****__%NONE%__*****%") { return .null }
        let cast: Value? =
            switch kind {
            case .string: value.string.map(Value.string)
            case .integer: integer(value)
            case .number: number(value)
            case .boolean: boolean(value)
            case .array, .object: structured(value)
            case .null: value
            }
        if let cast { return cast }
        if kind == .string {
            throw EngineError(
                .invalidParameter,
                "Value \"\(value.pythonText)\" must either be a string or None. Got \"\(value.typeName)\".",
                hint: "Parameter \"\(name)\" of \(action) is a string")
        }
        throw EngineError(
            .invalidParameter,
            "Failed to cast value \"\(value.string ?? value.pythonText)\" (type: \(value.typeName)) for parameter "
                + "\"\(name)\" of type \"\(kind.rawValue)\".",
            hint: "Give \(article(kind)) \(kind.rawValue)")
    }

    private static func article(_ kind: Parameter.Kind) -> String {
        [.array, .integer, .object].contains(kind) ? "an" : "a"
    }

    private static func integer(_ value: Value) -> Value? {
        switch value {
        case .integer, .bigInteger: value
        case .double(let number): Int(exactly: number.rounded(.towardZero)).map(Value.integer)
        case .bool(let truth): .integer(truth ? 1 : 0)
        case .string(let text): Int(trimmed(text)).map(Value.integer)
        default: nil
        }
    }

    private static func number(_ value: Value) -> Value? {
        switch value {
        case .double: value
        case .integer(let number): .double(Double(number))
        case .bigInteger(let digits): Double(digits).map(Value.double)
        case .bool(let truth): .double(truth ? 1 : 0)
        case .string(let text): Double(trimmed(text)).map(Value.double)
        default: nil
        }
    }

    private static func boolean(_ value: Value) -> Value? {
        guard let text = value.string else { return value }
        return switch text.lowercased() {
        case "true", "1": .bool(true)
        case "false", "0": .bool(false)
        default: nil
        }
    }

    private static func structured(_ value: Value) -> Value? {
        guard let text = value.string else { return value }
        return try? JSONReader.value(text, limits: .requestBody)
    }

    private static func trimmed(_ text: String) -> String {
        var part = Substring(text)
        while part.first?.isWhitespace == true { part.removeFirst() }
        while part.last?.isWhitespace == true { part.removeLast() }
        return part.filter { $0 != "_" }
    }
}

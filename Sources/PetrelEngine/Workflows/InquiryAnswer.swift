public import PetrelCore

/// Reads the answer to an inquiry as a person types it: `name=value …`, or the value alone when one is asked for.
public struct InquiryAnswer: Sendable {
    /// What is asked for: names with their schemas.
    public let fields: ValueObject

    /// The fields of an inquiry's schema.
    public init(schema: Value) { fields = schema["properties"]?.object ?? [:] }

    /// The fields as a person may be shown them, such as `approved (boolean, required): Go on?`.
    public var lines: [String] {
        fields.map { name, field in
            var kinds = [field["type"]?.string ?? "any"]
            if field["required"]?.bool == true { kinds.append("required") }
            if let choices = field["enum"]?.array { kinds.append("one of \(Value.array(choices).pythonText)") }
            let summary = field["description"]?.string.map { ": \($0)" } ?? ""
            return "\(name) (\(kinds.joined(separator: ", ")))\(summary)"
        }
    }

    /// How an answer is typed: `approved=…`, or `…` when one value is asked for.
    public var pattern: String {
        guard fields.count != 1 else { return fields.values[0]["type"]?.string == "boolean" ? "yes" : "…" }
        return fields.keys.map { "\($0)=…" }.joined(separator: " ")
    }

    /// The answer that a text gives.
    public func read(_ text: String) throws(EngineError) -> ValueObject {
        let words = Self.words(text)
        let pairs = words.compactMap { word -> (String, String)? in
            guard let equals = word.firstIndex(of: "="), fields[String(word[..<equals])] != nil else { return nil }
            return (String(word[..<equals]), String(word[word.index(after: equals)...]))
        }
        var answer = ValueObject()
        if pairs.count == words.count, !words.isEmpty {
            for (name, value) in pairs { answer[name] = try self.value(value, of: name) }
            return answer
        }
        guard fields.count == 1, let name = fields.keys.first, !words.isEmpty else {
            throw EngineError(
                .invalidAnswer, "The answer must give its values by name: \(pattern)",
                hint: "It takes: \(fields.keys.joined(separator: ", "))")
        }
        answer[name] = try value(words.count == 1 ? words[0] : text, of: name)
        return answer
    }

    /// The value of one field from its text.
    public func value(_ text: String, of name: String) throws(EngineError) -> Value {
        switch fields[name]?["type"]?.string {
        case "boolean":
            switch text.lowercased() {
            case "yes", "y", "true", "1", "on": return true
            case "no", "n", "false", "0", "off": return false
            default: throw wrong(name, text, "yes or no")
            }
        case "integer":
            guard let number = Int(text) else { throw wrong(name, text, "a whole number") }
            return .integer(number)
        case "number":
            guard let number = Double(text) else { throw wrong(name, text, "a number") }
            return .double(number)
        case "array":
            if let value = try? JSONReader.value(text, limits: .requestBody), value.array != nil { return value }
            return .array(text.split(separator: ",").map { .string(String($0)) })
        case "object":
            guard let value = try? JSONReader.value(text, limits: .requestBody), value.object != nil else {
                throw wrong(name, text, "JSON, such as {\"key\": 1}")
            }
            return value
        default: return .string(text)
        }
    }

    private func wrong(_ name: String, _ text: String, _ expected: String) -> EngineError {
        EngineError(.invalidAnswer, "\(name) must be \(expected), not \"\(text.prefix(100))\"")
    }

    /// Words between blanks; quotes hold blanks together.
    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        for character in text {
            if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if character.isWhitespace {
                if let done = word { words.append(done) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        return words + (word.map { [$0] } ?? [])
    }
}

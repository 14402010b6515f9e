import PetrelCore

/// Reads the parameters of `petrel run` as StackStorm's client reads them.
struct RunParameters {
    /// The action that is run: `core.http` treats files in its own way.
    var action: String
    /// The merged parameters of action and runner, as the API gives them.
    var schema: Value
    /// Lists of `key:value` texts become objects.
    var makesObjects = false
    /// Reads the file of an `@` parameter.
    var file: (String) throws(AppError) -> String

    /// The parameters that words stand for: `key=value` ones first, the rest is the command.
    /// - Parameter command: words that stood behind `--`; they are the command whatever they look like.
    func parameters(_ words: [String], command: [String]) throws(AppError) -> ValueObject {
        var parameters: ValueObject = [:]
        let pairs = words.prefix { $0.contains("=") }
        for word in pairs {
            guard let equals = word.firstIndex(of: "=") else { continue }
            try read(String(word[..<equals]), String(word[word.index(after: equals)...]), into: &parameters)
        }
        let rest = words[pairs.endIndex...] + command
        if !rest.isEmpty { parameters["cmd"] = .string(rest.joined(separator: " ")) }
        return parameters
    }

    private func read(_ key: String, _ text: String, into parameters: inout ValueObject) throws(AppError) {
        guard !key.isEmpty, key != "@" else {
            throw AppError(.usage, "\"=\(text)\" names no parameter", hint: "Write name=value")
        }
        guard key.hasPrefix("@") else { return try add(key, value(of: key, text), to: &parameters) }
        let content = try file(text)
        guard action == "core.http" else {
            let name = String(key.dropFirst())
            return try add(name, value(of: name, content), to: &parameters)
        }
        parameters["file_content"] = .string(content)
        parameters["file_name"] = .string(PathText.name(of: text))
        if parameters["method"] == nil { parameters["method"] = "POST" }
    }

    /// A list that is given twice grows; everything else is replaced.
    private func add(_ key: String, _ value: Value, to parameters: inout ValueObject) throws(AppError) {
        if case .array(let items) = value, case .array(let before) = parameters[key] {
            parameters[key] = .array(before + items)
        } else {
            parameters[key] = value
        }
    }

    private func value(of key: String, _ text: String) throws(AppError) -> Value {
        let declared = schema[key]
        switch type(of: declared) {
        case "array": return array(text, declared)
        case "object": return try object(key, text)
        case "boolean":
            guard let truth = ["true": true, "false": false, "1": true, "0": false][text.lowercased()] else {
                throw wrong(key, text, "true or false")
            }
            return .bool(truth)
        case "integer":
            guard let value = try? JSONReader.value(text, limits: .requestBody), isInteger(value) else {
                throw wrong(key, text, "a whole number")
            }
            return value
        case "number":
            guard let number = Double(text) else { throw wrong(key, text, "a number") }
            return .double(number)
        default: return .string(text)
        }
    }

    private func type(of declared: Value?) -> String? {
        if let types = declared?["type"]?.array { return types.compactMap(\.string).first { $0 != "null" } }
        return declared?["type"]?.string
    }

    private func isInteger(_ value: Value) -> Bool {
        switch value {
        case .integer, .bigInteger: true
        default: false
        }
    }

    private func array(_ text: String, _ declared: Value?) -> Value {
        let items: [Value]
        if let number = Int(text) {
            items = [.integer(number)]
        } else if let value = try? JSONReader.value(text, limits: .requestBody) {
            items = value.array ?? [value]
        } else {
            let parts = text.split(separator: ",", omittingEmptySubsequences: false)
            items = parts.map { .string(String($0.trimmingBlanks)) }
        }
        return .array(makesObjects ? objects(items, declared) : items)
    }

    /// One object of all items, if each is a text such as `name:value`.
    private func objects(_ items: [Value], _ declared: Value?) -> [Value] {
        var object: ValueObject = [:]
        for item in items {
            guard let text = item.string, let colon = text.firstIndex(of: ":") else { return items }
            let key = String(text[..<colon])
            let inner = RunParameters(action: action, schema: declared?["items"]?["properties"] ?? .null, file: file)
            let rest = String(text[text.index(after: colon)...])
            object[key] = (try? inner.value(of: key, rest)) ?? .string(rest)
        }
        return items.isEmpty ? items : [.object(object)]
    }

    private func object(_ key: String, _ text: String) throws(AppError) -> Value {
        guard text.hasPrefix("{") else {
            var members: ValueObject = [:]
            for pair in text.split(separator: ",") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                if parts.count == 2 { members[String(parts[0])] = .string(String(parts[1])) }
            }
            return .object(members)
        }
        do throws(CoreError) {
            return try JSONReader.value(text, limits: .requestBody)
        } catch {
            throw AppError(
                .usage, "the parameter \(key) is no JSON: \(error.message)",
                hint: "Write \(key)='{\"name\": \"value\"}' or \(key)=name=value,name=value")
        }
    }

    private func wrong(_ key: String, _ text: String, _ expectation: String) -> AppError {
        AppError(.usage, "the parameter \(key) must be \(expectation), not \"\(text.prefix(100))\"")
    }
}

/// The caller's environment as `-e` hands it to an action.
enum InheritedEnvironment {
    /// Variables that describe this session or open doors, and make no sense elsewhere.
    private static let kept: Set<String> = [
        "PWD", "OLDPWD", "PATH", "HOME", "USER", "USERNAME", "LOGNAME", "SHELL", "TERM", "MAIL", "PS1", "LANG",
        "LS_COLORS", "PYTHONPATH", "SSH_TTY", "SSH_CONNECTION", "SSH_AUTH_SOCK", "XDG_SESSION_ID", "PETREL_TOKEN",
        "ST2_AUTH_TOKEN", "ST2_API_KEY",
    ]

    /// The variables to hand on.
    static func value(_ environment: [String: String]) -> Value {
        let pairs = environment.filter { !kept.contains($0.key.uppercased()) }.sorted { $0.key < $1.key }
        return .object(ValueObject(pairs.map { ($0.key, .string($0.value)) }, uniquingKeysWith: { _, last in last }))
    }
}

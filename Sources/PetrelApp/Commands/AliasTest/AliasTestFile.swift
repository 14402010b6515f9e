import PetrelCore
import PetrelExpressions

/// A test file of an alias; docs/alias-tests.md describes it.
struct AliasTestFile: Sendable {
    /// A message that must be read as an alias with certain parameters.
    struct Match: Sendable {
        var message: String
        /// nil: any.
        var parameters: ValueObject?
        /// nil: the alias that the file stands beside.
        var alias: String?
        var location: Location
    }
    /// A message that must not be read as the alias.
    struct Refusal: Sendable {
        var message: String
        var location: Location
    }

    private(set) var matches: [Match] = []
    private(set) var refusals: [Refusal] = []
    private(set) var problems: [AppError] = []

    /// Reads a test file; what is wrong in it is left out and told in ``problems``.
    init(_ bytes: [UInt8], file: String) {
        let document: YAMLDocument
        do throws(ExpressionError) {
            document = try YAMLReader.document(bytes, file: file, limits: .contentFile)
        } catch {
            refuse(error.message, error.location ?? Location(file: file))
            return
        }
        guard let members = document.value.object else {
            refuse("the file must hold the keys matches and refuses", Location(file: file, line: 1))
            return
        }
        for warning in document.warnings { refuse(warning.message, warning.location ?? Location(file: file)) }
        for (key, value) in members {
            let place = { document.location(of: [key] + $0) }
            switch key {
            case "matches": readAll(value, key, place) { $0.readMatch($1, $2) }
            case "refuses": readAll(value, key, place) { $0.readRefusal($1, $2) }
            default: refuse("\"\(key)\" can't stand here; known are matches and refuses", place([]))
            }
        }
        if matches.isEmpty, problems.isEmpty {
            refuse("there is no message under matches", document.location(of: ["matches"]))
        }
    }

    private mutating func readAll(
        _ value: Value, _ key: String, _ place: @escaping ([String]) -> Location,
        _ read: (inout AliasTestFile, Value, ([String]) -> Location) -> Void
    ) {
        guard let items = value.array else {
            if !value.isNull { refuse("\"\(key)\" must be a list, not \(value.typeName)", place([])) }
            return
        }
        for (index, item) in items.enumerated() { read(&self, item) { place([String(index)] + $0) } }
    }

    private mutating func readMatch(_ value: Value, _ place: ([String]) -> Location) {
        if let message = value.string { return matches.append(Match(message: message, location: place([]))) }
        guard let members = value.object, let message = members["message"].flatMap(Self.text) else {
            return refuse("an entry of matches must have a message", place([]))
        }
        for key in members.keys where !["message", "parameters", "alias"].contains(key) {
            refuse("\"\(key)\" can't stand here; known are message, parameters and alias", place([key]))
        }
        if let parameters = members["parameters"], parameters.object == nil {
            refuse("\"parameters\" must hold names and values, not \(parameters.typeName)", place(["parameters"]))
        }
        matches.append(
            Match(
                message: message, parameters: members["parameters"]?.object, alias: members["alias"]?.string,
                location: place([])))
    }

    private mutating func readRefusal(_ value: Value, _ place: ([String]) -> Location) {
        guard let message = Self.text(value) else {
            return refuse("an entry of refuses must be a message, not \(value.typeName)", place([]))
        }
        refusals.append(Refusal(message: message, location: place([])))
    }

    private mutating func refuse(_ message: String, _ location: Location) {
        problems.append(AppError(.badTestFile, message, location: location))
    }

    /// A message; YAML takes one that looks like a number for a number.
    static func text(_ value: Value) -> String? {
        switch value {
        case .string(let text): text
        case .integer, .double, .bigInteger: JSONWriter.text(value)
        default: nil
        }
    }
}

import PetrelCore

/// The words that a script is given: named ones first, in the order given, then the positional ones in theirs.
struct ScriptArguments {
    private let words: [String]

    /// The words for an action's parameters.
    ///
    /// `marker` is the runner parameter `kwarg_op`, such as `--`.
    init(declared: Parameters, values: ValueObject, runnerParameters: ValueObject, marker: String) {
        let positional = declared.filter { $0.value.position != nil && runnerParameters[$0.key] == nil }
            // Sorting keeps the metadata's order where two have one position.
            .sorted { ($0.value.position ?? 0) < ($1.value.position ?? 0) }
        let named = values.filter { declared[$0.key]?.position == nil }
        words =
            named.compactMap { Self.named(marker + $0.key, $0.value) }
            + positional.map { shellQuoted(Self.positional($0.value.kind, values[$0.key] ?? .null)) }
    }

    /// The words as they follow the script in a shell's command line; each is quoted.
    var text: String { words.joined(separator: " ") }

    private static func named(_ name: String, _ value: Value) -> String? {
        switch value {
        case .null, .string(""), .bool(false): nil
        case .bool(true): shellQuoted(name)
        default: shellQuoted(name) + "=" + shellQuoted(value.pythonString)
        }
    }

    /// An empty text where there is nothing to say, so that those behind keep their places.
    private static func positional(_ kind: Parameter.Kind?, _ value: Value) -> String {
        switch kind {
        case .string, .number: value.isNull ? "" : value.pythonString
        case .integer: value.isTruthy ? value.pythonString : ""
        case .boolean: value.isNull ? "" : value.isTruthy ? "1" : "0"
        case .array: value.array.map { $0.map(\.pythonString).joined(separator: ",") } ?? text(value)
        case .object: value.isTruthy ? JSONWriter.text(value, .spaced) : ""
        case .null: ""
        case nil: text(value)
        }
    }

    private static func text(_ value: Value) -> String { value.isNull ? "" : value.pythonString }
}

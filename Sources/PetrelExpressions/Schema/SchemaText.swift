import PetrelCore

/// How values are shown in messages.
enum SchemaText {
    private static let maxLength = 500

    /// As Python shows the value, cut where it is long.
    static func shown(_ value: Value) -> String {
        let text: String
        switch value {
        case .string(let long) where long.utf8.count > 4 * maxLength:
            text = PythonText.quoted(String(long.unicodeScalars.prefix(maxLength)))
        case .array, .object:
            // A large one is not written out only to be cut.
            let budget = EvaluationBudget(EvaluationLimits(maxSteps: 10_000, maxBytes: 64 << 10, maxDepth: 64))
            text = (try? PythonValues.shown(value, budget)) ?? (value.array == nil ? "{…}" : "[…]")
        default: text = value.pythonText
        }
        guard text.utf8.count > maxLength else { return text }
        let start = text.unicodeScalars.prefix(maxLength)
        return start.count < text.unicodeScalars.count ? String(start) + "…" : text
    }
}

import PetrelCore
import PetrelExpressions

/// Holds a result against the schemas of its runner and action.
///
/// A schema that is none is ignored, as in the original.
struct OutputCheck {
    let action: Action
    let runner: RunnerType

    /// The outcome, or a failed one that says what does not fit.
    func checked(_ outcome: RunOutcome) -> RunOutcome {
        guard outcome.status == .succeeded else { return outcome }
        let own = action.document["output_schema"]?.object ?? [:]
        let output = runner.outputKey.flatMap { outcome.result[$0] }
        let violation =
            violation(of: outcome.result, runner.outputSchema)
            ?? (runner.outputKey == nil || own.isEmpty ? nil : violation(of: output ?? .null, own))
        guard let violation else { return outcome }
        return RunOutcome(
            status: .failed,
            result: [
                "error": .string(violation), "message": "Error validating output. See error output for more details.",
            ])
    }

    private func violation(of value: Value, _ schema: ValueObject) -> String? {
        guard !schema.isEmpty else { return nil }
        // The old form without a type names the properties alone.
        let whole: Value =
            schema["type"]?.string == nil
            ? ["type": "object", "properties": .object(schema)] : .object(schema)
        guard let checker = try? JSONSchema(whole) else { return nil }
        return checker.mostRelevantViolation(value)?.message
    }
}

import CAllocations
import Foundation
import PetrelCore
import PetrelExpressions

/// A template, expression, pattern or document that is out to cost time or memory.
struct HostileInput {
    let language: String
    let source: String
    let context: ValueObject

    /// Answers with each input's time and bytes, the slowest first.
    static func measuredAll(_ records: [Value]) -> Value {
        let measured = records.map { HostileInput($0).measured() }
        return .array(measured.sorted { ($0["ms"]?.number ?? 0) > ($1["ms"]?.number ?? 0) })
    }

    /// `repeat` of a record names texts of the context, each so and so often: `{"s": ["a", 10000000]}`.
    private init(_ record: Value) {
        language = record["language"]?.string ?? ""
        var context = record["context"]?.object ?? [:]
        var source = record["source"]?.string ?? ""
        for (name, pair) in record["repeat"]?.object ?? [:] {
            let text = String(repeating: pair.array?[0].string ?? "", count: pair.array?[1].integer ?? 0)
            if name == "source" { source += text } else { context[name] = .string(text) }
        }
        self.source = source
        self.context = context
    }

    private func measured() -> Value {
        let request: Value = [
            "language": .string(language), "source": .string(source), "context": .object(context),
        ]
        var best = Duration.seconds(1_000)
        var answer: Value = nil
        var peak = 0
        for round in 0..<3 {
            allocations_begin()
            let time = ContinuousClock().measure { answer = Evaluation.answer(request) }
            let counted = allocations_end()
            if round == 0 || time < best { best = time }
            peak = max(peak, Int(counted.peak_bytes))
            // What is slow once need not be proved three times.
            if time > .seconds(1) { break }
        }
        let components = best.components
        return [
            "ms": .double(Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15),
            "mb": .double(Double(peak) / 1_048_576), "language": .string(language),
            "source": .string(String(source.prefix(100))), "outcome": answer["error"] ?? "a result",
        ]
    }
}

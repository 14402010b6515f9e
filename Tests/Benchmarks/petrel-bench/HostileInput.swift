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
            let piece = Array((pair.array?[0].string ?? "").utf8)
            let size = piece.count * (pair.array?[1].integer ?? 0)
            var bytes = piece
            bytes.reserveCapacity(size)
            while bytes.count < size { bytes += bytes.prefix(size - bytes.count) }
            let text = String(decoding: bytes.prefix(size), as: UTF8.self)
            if name == "source" { source += text } else { context[name] = .string(text) }
        }
        self.source = source
        self.context = context
    }

    private func measured() -> Value {
        let request: Value = [
            "language": .string(language), "source": .string(source), "context": .object(context),
        ]
        var best = Double.infinity
        var answer: Value = nil
        var peak = 0
        for _ in 0..<3 {
            allocations_begin()
            let began = ProcessorTime.now
            answer = Evaluation.answer(request)
            let seconds = ProcessorTime.now - began
            peak = max(peak, Int(allocations_end().peak_bytes))
            best = min(best, seconds)
            // What is fast enough once, or far too slow, need not be measured again.
            if seconds < 0.02 || seconds > 0.5 { break }
        }
        return [
            "ms": .double(best * 1e3), "mb": .double(Double(peak) / 1_048_576), "language": .string(language),
            "source": .string(String(source.prefix(100))), "outcome": answer["error"] ?? "a result",
        ]
    }
}

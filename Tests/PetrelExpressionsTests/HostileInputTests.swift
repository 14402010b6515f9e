import Foundation
import PetrelCore
import PetrelExpressions
import Testing

/// The inputs of Tests/Fixtures/hostile.jsonl, whose times and bytes `make bench` measures.
@Suite("Hostile inputs")
struct HostileInputTests {
    @Test("each hostile template and expression ends, with a result within its limits or with an error")
    func ends() throws {
        let limits = EvaluationLimits(maxSteps: 5_000, maxBytes: 1 << 18, maxDepth: 200)
        var count = 0
        for record in try Self.records() {
            let source = record["source"]?.string ?? ""
            // The texts are cut to what a slow build can be asked to make.
            var values: ValueObject = [:]
            for (name, pair) in record["repeat"]?.object ?? [:] {
                let times = min(pair.array?[1].integer ?? 0, 5_000)
                values[name] = .string(String(repeating: pair.array?[0].string ?? "", count: times))
            }
            let length = try Self.length(record["language"]?.string ?? "", source, values, limits)
            #expect(length <= 1 << 20, "\(source.prefix(80))")
            count += 1
        }
        #expect(count > 900)
    }

    /// The length of what an input gives, none for an error.
    private static func length(
        _ language: String, _ source: String, _ values: ValueObject, _ limits: EvaluationLimits
    ) throws -> Int {
        switch language {
        case "jinja":
            let text = try? JinjaTemplate(source).render(JinjaContext(values: values, limits: limits))
            return text?.utf8.count ?? 0
        case "yaql":
            let context = ExpressionContext(values: values, limits: limits)
            let value = try? EmbeddedExpression.evaluate(.string(source), in: context)
            return value.map { JSONWriter.bytes($0).count } ?? 0
        case "yaml":
            let text = source + (values["source"]?.string ?? "")
            _ = try? YAMLReader.document(Array(text.utf8), file: "", limits: .contentFile)
            return 0
        case "json":
            _ = try? JSONReader.value(source + (values["source"]?.string ?? ""), limits: .requestBody)
            return 0
        case "jsonpath":
            _ = try? JSONPath(source).values(in: .object(values))
            return 0
        default:
            let matches = try? Pattern(source).matches(in: values["s"]?.string ?? "", limit: 1_000)
            return (matches?.count ?? 0) > 1_000 ? .max : 0
        }
    }

    private static func records() throws -> [Value] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: root.appendingPathComponent("Fixtures/hostile.jsonl"))
        return try data.split(separator: UInt8(ascii: "\n")).map { line in
            try JSONReader.value(Array(line), limits: .ownDocument)
        }
    }
}

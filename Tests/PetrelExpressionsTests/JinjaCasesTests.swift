import Foundation
import PetrelCore
import PetrelExpressions
import Testing

/// Cases that were put to Jinja2 3.1.6, set up as StackStorm does, beside the recorded vectors.
@Suite("Jinja cases")
struct JinjaCasesTests {
    private static let codes: [String: ExpressionErrorCode] = [
        "undefined": .undefined, "syntax": .syntax, "unknown_filter_or_test": .unknownFunction,
        "security": .forbidden, "runtime": .failed,
    ]

    private static func records() throws -> [Value] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: root.appendingPathComponent("Fixtures/jinja-cases.jsonl"))
        return try data.split(separator: UInt8(ascii: "\n")).map {
            try JSONReader.value(Array($0), limits: .ownDocument)
        }
    }

    @Test("each template gives what Jinja2 gave: the same text, or an error of the same kind")
    func cases() throws {
        var count = 0
        for record in try Self.records() {
            count += 1
            let context = JinjaContext(
                values: record["context"]?.object ?? [:], isLenient: record["engine"]?.string == "st2-lenient")
            let source = record["template"]?.string ?? ""
            do throws(ExpressionError) {
                let text = try JinjaTemplate(source).render(context)
                #expect(
                    record["error"] == nil && record["result"]?.string == text,
                    "\(source)\n got \(text)\n not \(JSONWriter.text(record))")
            } catch {
                let code = record["error"]?.string.flatMap { Self.codes[$0] }
                #expect(
                    code == error.code,
                    "\(source)\n got \(error.code) \(error.message)\n not \(JSONWriter.text(record))")
                if ProcessInfo.processInfo.environment["PETREL_CONFORMANCE_VERBOSE"] == "1",
                    record["message"]?.string != error.message
                {
                    print("message \(source)\n got \(error.message)\n not \(record["message"]?.string ?? "")")
                }
            }
        }
        #expect(count > 100)
    }
}

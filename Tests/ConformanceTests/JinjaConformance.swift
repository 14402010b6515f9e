import Foundation
import PetrelCore
import PetrelExpressions
import Testing

/// The recorded renderings of Jinja as StackStorm and Orquesta do them.
@Suite("Jinja vectors")
struct JinjaConformance {
    private static let file = "jinja.jsonl"

    /// The folder that PETREL_CONFORMANCE_DIR names, else the one beside the package, else the package's own copy.
    private static var folder: URL {
        if let named = ProcessInfo.processInfo.environment["PETREL_CONFORMANCE_DIR"], !named.isEmpty {
            return URL(fileURLWithPath: named)
        }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let shared = root.appendingPathComponent("../shared/conformance")
        if FileManager.default.fileExists(atPath: shared.path) { return shared }
        return root.appendingPathComponent("Tests/Fixtures/conformance")
    }

    private static let isVerbose = ProcessInfo.processInfo.environment["PETREL_CONFORMANCE_VERBOSE"] == "1"

    @Test("each recorded template gives the recorded text or value, or an error of the recorded kind")
    func vectors() throws {
        let data = try Data(contentsOf: Self.folder.appendingPathComponent(Self.file))
        var passed = 0
        var failed = 0
        var otherMessages = 0
        for line in data.split(separator: UInt8(ascii: "\n")) {
            let record = try JSONReader.value(Array(line), limits: .ownDocument)
            let outcome = JinjaOutcome(of: record)
            let isRight = outcome.equals(record)
            if isRight { passed += 1 } else { failed += 1 }
            let hasOtherMessage =
                isRight && record["message"] != nil && record["message"]?.string != outcome.error?.message
            if hasOtherMessage { otherMessages += 1 }
            guard Self.isVerbose, !isRight || hasOtherMessage else { continue }
            print("\(isRight ? "message" : "failed") \(JSONWriter.text(record))\n    got \(outcome)")
        }
        print("\(Self.file) passed=\(passed) failed=\(failed)")
        if Self.isVerbose { print("other messages: \(otherMessages)") }
        #expect(passed > 0)
        #expect(Double(failed) <= Double(passed + failed) * 0.005)
    }
}

/// What a template gave.
private enum JinjaOutcome: CustomStringConvertible {
    case value(Value)
    case failure(ExpressionError)

    init(of record: Value) {
        do throws(ExpressionError) { self = .value(try Self.rendered(record)) } catch { self = .failure(error) }
    }

    private static func rendered(_ record: Value) throws(ExpressionError) -> Value {
        let values = plain(record["context"] ?? [:]).object ?? [:]
        var context = JinjaContext(values: values)
        switch record["engine"]?.string {
        case "st2-values":
            return .object(try JinjaValues.render(record["template"]?.object ?? [:], context))
        case "orquesta":
            return try OrquestaJinja.evaluate(
                record["template"]?.string ?? "", functions: WorkflowFunctions.functions(for: values), context: values,
                limits: .content, reevaluatesResults: true)
        case let engine:
            context.isLenient = engine == "st2-lenient"
            return .string(try JinjaTemplate.cached(record["template"]?.string ?? "").render(context))
        }
    }

    var error: ExpressionError? {
        if case .failure(let error) = self { error } else { nil }
    }

    var description: String {
        switch self {
        case .value(let value): JSONWriter.text(value)
        case .failure(let error): "\(error.code): \(error.message)"
        }
    }

    private static let categories: [String: ExpressionErrorCode] = [
        "undefined": .undefined, "syntax": .syntax, "unknown_filter_or_test": .unknownFunction,
        "security": .forbidden, "unresolved": .unresolved, "runtime": .failed,
    ]

    func equals(_ record: Value) -> Bool {
        switch self {
        case .failure(let error): record["error"]?.string.flatMap { Self.categories[$0] } == error.code
        case .value(let value): record["error"] == nil && Self.equal(value, Self.plain(record["result"] ?? .null))
        }
    }

    private static func equal(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.double(let one), .double(let two)): one == two || one.isNaN && two.isNaN
        case (.array(let one), .array(let two)): one.count == two.count && zip(one, two).allSatisfy(equal)
        case (.object(let one), .object(let two)):
            one.count == two.count && one.allSatisfy { key, value in two[key].map { equal(value, $0) } ?? false }
        default: left == right
        }
    }

    /// The value that a record's way of writing stands for.
    private static func plain(_ value: Value) -> Value {
        switch value {
        case .array(let items): return .array(items.map(plain))
        case .object(let members):
            if members.count == 1, let text = members["$float"]?.string { return .double(Double(text) ?? .nan) }
            return .object(members.mapValues(plain))
        default: return value
        }
    }
}

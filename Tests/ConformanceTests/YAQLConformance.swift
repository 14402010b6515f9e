import Foundation
import PetrelCore
import PetrelExpressions
import Testing

/// The recorded evaluations of YAQL as Orquesta does them.
@Suite("YAQL vectors")
struct YAQLConformance {
    private static let file = "yaql.jsonl"

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

    @Test("each recorded expression gives the recorded value or an error of the recorded kind")
    func vectors() throws {
        let data = try Data(contentsOf: Self.folder.appendingPathComponent(Self.file))
        var passed = 0
        var failed = 0
        var otherMessages = 0
        for line in data.split(separator: UInt8(ascii: "\n")) {
            let record = try JSONReader.value(Array(line), limits: .ownDocument)
            let outcome = Outcome(of: record)
            let isRight = outcome.equals(record)
            if isRight { passed += 1 } else { failed += 1 }
            let hasOtherMessage = isRight && outcome.message != record["message"]?.string
            if hasOtherMessage, record["message"] != nil { otherMessages += 1 }
            guard Self.isVerbose, !isRight || (hasOtherMessage && record["message"] != nil) else { continue }
            print("\(isRight ? "message" : "failed") \(JSONWriter.text(record))\n    got \(outcome)")
        }
        print("\(Self.file) passed=\(passed) failed=\(failed)")
        if Self.isVerbose { print("other messages: \(otherMessages)") }
        #expect(passed > 0)
        #expect(Double(failed) <= Double(passed + failed) * 0.005)
    }
}

/// What an expression gave.
private enum Outcome: CustomStringConvertible {
    case value(Value)
    case error(ExpressionError)

    init(of record: Value) {
        let context = ExpressionContext(
            values: record["context"]?.object ?? [:], limits: .content, reevaluatesResults: true)
        do throws(ExpressionError) {
            self = .value(try EmbeddedExpression.markedResult(of: record["expr"] ?? .null, in: context))
        } catch { self = .error(error) }
    }

    var message: String? {
        if case .error(let error) = self { error.message } else { nil }
    }

    var description: String {
        switch self {
        case .value(let value): JSONWriter.text(value)
        case .error(let error): "\(error.codeText) \(error.message)"
        }
    }

    private static let categories: [String: ExpressionErrorCode] = [
        "syntax": .syntax, "unknown_function": .unknownFunction, "no_match": .noMatch, "ambiguous": .ambiguous,
        "key": .missingKey, "runtime": .failed,
    ]

    func equals(_ record: Value) -> Bool {
        switch self {
        case .value(let value):
            guard record["error"] == nil else { return false }
            return Self.comparable(value) == Self.comparable(record["result"] ?? .null)
        case .error(let error):
            guard let category = record["error"]?.string else { return false }
            return Self.categories[category] == error.code
        }
    }

    /// The same text for equal values: members and sets in one order, floats apart from integers.
    private static func comparable(_ value: Value) -> String {
        switch value {
        case .array(let items): return "[" + items.map(comparable).joined(separator: ",") + "]"
        case .object(let members):
            if members.count == 1, let items = members["$set"]?.array {
                return "set(" + items.map(comparable).sorted().joined(separator: ",") + ")"
            }
            if members.count == 1, let pairs = members["$map"]?.array {
                return "map(" + pairs.map(comparable).sorted().joined(separator: ",") + ")"
            }
            if members.count == 1, let name = members["$float"]?.string { return "float(\(name))" }
            return "{" + members.map { "\($0):\(comparable($1))" }.sorted().joined(separator: ",") + "}"
        case .double(let number):
            return number.isNaN
                ? "float(nan)" : number.isInfinite ? "float(\(number < 0 ? "-inf" : "inf"))" : "\(number)"
        default: return JSONWriter.text(value)
        }
    }
}

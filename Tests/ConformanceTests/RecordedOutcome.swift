import PetrelCore
import PetrelExpressions

/// What an expression or template gave, and whether that is what was recorded.
struct RecordedOutcome {
    private let result: Result<Value, ExpressionError>

    init(_ body: () throws(ExpressionError) -> Value) {
        do throws(ExpressionError) { result = .success(try body()) } catch { result = .failure(error) }
    }

    /// Values are compared exactly, errors by their kind.
    func verdict(_ record: Value) -> ConformanceFile.Verdict {
        switch result {
        case .success(let value):
            let isRight =
                record["error"] == nil && Self.comparable(value) == Self.comparable(record["result"] ?? .null)
            return .init(isRight: isRight, got: JSONWriter.text(value))
        case .failure(let error):
            let isRight = record["error"]?.string.flatMap { Self.categories[$0] } == error.code
            let hasOtherMessage = isRight && record["message"] != nil && record["message"]?.string != error.message
            return .init(isRight: isRight, got: "\(error.codeText) \(error.message)", hasOtherMessage: hasOtherMessage)
        }
    }

    private static let categories: [String: ExpressionErrorCode] = [
        "syntax": .syntax, "unknown_function": .unknownFunction, "unknown_filter_or_test": .unknownFunction,
        "no_match": .noMatch, "ambiguous": .ambiguous, "key": .missingKey, "undefined": .undefined,
        "security": .forbidden, "unresolved": .unresolved, "runtime": .failed,
    ]

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

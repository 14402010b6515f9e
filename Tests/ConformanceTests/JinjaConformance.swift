import PetrelCore
import PetrelExpressions
import Testing

/// The recorded renderings of Jinja as StackStorm and Orquesta do them.
@Suite("Jinja vectors")
struct JinjaConformance {
    @Test("each recorded template gives the recorded text or value, or an error of the recorded kind")
    func vectors() throws {
        let score = try ConformanceFile("jinja.jsonl").judge { record in
            RecordedOutcome { () throws(ExpressionError) in try Self.rendered(record) }.verdict(record)
        }
        #expect(score.isEnough)
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

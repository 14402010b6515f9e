import PetrelCore
import PetrelExpressions

/// One evaluation in one of the languages, for comparing with the originals.
enum Evaluation {
    /// Answers `{"language", "source", "context"}` with `{"result"}` or `{"error", "message"}`.
    static func answer(_ request: Value) -> Value {
        do throws(ExpressionError) { return ["result": try result(request)] } catch {
            return ["error": .string(error.codeText), "message": .string(error.message)]
        }
    }

    private static func result(_ request: Value) throws(ExpressionError) -> Value {
        let source = request["source"]?.string ?? ""
        let values = request["context"]?.object ?? [:]
        switch request["language"]?.string {
        case "jinja":
            let context = JinjaContext(values: values, isLenient: request["lenient"]?.bool ?? false)
            return .string(try JinjaTemplate(source).render(context))
        case "yaql":
            return try EmbeddedExpression.markedResult(of: .string(source), in: ExpressionContext(values: values))
        case "yaml": return try YAMLReader.document(Array(source.utf8), file: "", limits: .contentFile).value
        case "operator":
            let isMatch = try RuleOperator(source).matches(
                request["value"] ?? .null, pattern: request["pattern"] ?? .null, now: Instant(microseconds: 0))
            return .bool(isMatch)
        case "pattern":
            let matches = try Pattern(source).matches(in: request["context"]?["s"]?.string ?? "", limit: 100_000)
            return .array(matches.map { .string($0.text) })
        case "json":
            do throws(CoreError) { return try JSONReader.value(source, limits: .requestBody) } catch {
                throw ExpressionError(.failed, error.message)
            }
        case "jsonpath": return .array(try JSONPath(source).values(in: .object(values)))
        default: throw ExpressionError(.failed, "no language of that name")
        }
    }
}

import PetrelCore
import PetrelExpressions
import Testing

/// The recorded evaluations of YAQL as Orquesta does them, which evaluates results that look like expressions again.
@Suite("YAQL vectors")
struct YAQLConformance {
    @Test("each recorded expression gives the recorded value or an error of the recorded kind")
    func vectors() throws {
        let score = try ConformanceFile("yaql.jsonl").judge { record in
            let context = ExpressionContext(
                values: record["context"]?.object ?? [:], limits: .content, reevaluatesResults: true)
            return RecordedOutcome { () throws(ExpressionError) in
                try EmbeddedExpression.markedResult(of: record["expr"] ?? .null, in: context)
            }
            .verdict(record)
        }
        #expect(score.isEnough)
    }
}

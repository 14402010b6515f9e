import CAllocations
import Foundation
import PetrelCore
import PetrelExpressions

/// One kind of work, over all of its cases: `run` does each once and says how many did what they should.
struct Row {
    let count: Int
    let run: () -> Int

    /// Runs passes until the time is over; the figures are of one case.
    func measured(seconds: Double) -> Value {
        let succeeded = run()
        allocations_begin()
        _ = run()
        let allocations = allocations_end()
        var passes: [Double] = []
        let end = ProcessorTime.now + seconds
        repeat {
            let began = ProcessorTime.now
            _ = run()
            passes.append((ProcessorTime.now - began) * 1e6)
        } while ProcessorTime.now < end
        let median = passes.sorted()[passes.count / 2]
        let each = Double(max(1, count))
        return [
            "us": .double(median / each), "cases": .integer(count), "ok": .integer(succeeded),
            "allocations": .double(Double(allocations.count) / each),
        ]
    }

    /// The rows of a mix, `{"jinja": [{"template", "context"}], "yaql": […], "yaml": […], "criteria": […], "json": …}`.
    static func all(_ mix: Value) throws -> [String: Row] {
        var rows: [String: Row] = [:]
        addJinja(mix["jinja"]?.array ?? [], to: &rows)
        addYAQL(mix["yaql"]?.array ?? [], to: &rows)
        addCriteria(mix["criteria"]?.array ?? [], to: &rows)
        addYAML(mix["yaml"]?.array ?? [], to: &rows)
        addJSON(mix["json"]?.object ?? [:], to: &rows)
        return rows
    }

    private init<Case>(_ cases: [Case], _ body: @escaping (Case) throws -> Void) {
        count = cases.count
        run = {
            var succeeded = 0
            for each in cases where (try? body(each)) != nil { succeeded += 1 }
            return succeeded
        }
    }

    private static func addJinja(_ records: [Value], to rows: inout [String: Row]) {
        let cases = records.map { record in
            (
                source: record["template"]?.string ?? "",
                context: JinjaContext(
                    values: record["context"]?.object ?? [:], isLenient: record["engine"]?.string == "st2-lenient")
            )
        }
        let compiled = cases.compactMap { one in
            (try? JinjaTemplate(one.source)).map { (template: $0, context: one.context) }
        }
        rows["jinja.compiled"] = Row(compiled) { _ = try $0.template.render($0.context) }
        rows["jinja.cached"] = Row(cases) { _ = try JinjaTemplate.cached($0.source).render($0.context) }
        rows["jinja.uncached"] = Row(cases) { _ = try JinjaTemplate($0.source).render($0.context) }
    }

    private static func addYAQL(_ records: [Value], to rows: inout [String: Row]) {
        let cases = records.map { record in
            (
                text: record["expr"] ?? .null,
                context: ExpressionContext(values: record["context"]?.object ?? [:])
            )
        }
        rows["yaql"] = Row(cases) { _ = try EmbeddedExpression.evaluate($0.text, in: $0.context) }
        let sources = records.compactMap { $0["source"]?.string }
        rows["yaql.parsing"] = Row(sources) { _ = try YAQLExpression($0) }
    }

    private static func addCriteria(_ records: [Value], to rows: inout [String: Row]) {
        let cases = records.map { record in
            (
                criteria: record["criteria"]?.object ?? [:], payload: record["payload"] ?? .null,
                context: CriteriaContext(now: record["now"]?.string.flatMap { Instant($0) } ?? Instant(microseconds: 0))
                {
                    (template, values) throws(ExpressionError) -> String in
                    try JinjaTemplate.cached(template).render(JinjaContext(values: values))
                }
            )
        }
        let read = cases.compactMap { one in
            (try? RuleCriteria(one.criteria)).map { (criteria: $0, payload: one.payload, context: one.context) }
        }
        rows["criteria"] = Row(read) { _ = $0.criteria.evaluate($0.payload, context: $0.context) }
        rows["criteria.uncached"] = Row(cases) {
            _ = try RuleCriteria($0.criteria).evaluate($0.payload, context: $0.context)
        }
    }

    private static func addYAML(_ texts: [Value], to rows: inout [String: Row]) {
        let files = texts.compactMap(\.string).map { Array($0.utf8) }
        rows["yaml"] = Row(files) { _ = try YAMLReader.document($0, file: "", limits: .contentFile) }
    }

    private static func addJSON(_ documents: ValueObject, to rows: inout [String: Row]) {
        for (name, document) in documents {
            let bytes = JSONWriter.bytes(document)
            let data = Data(bytes)
            // Small ones a hundred times over, so that a pass is long enough for the clock.
            let times = Array(0..<max(1, 100_000 / bytes.count))
            rows["json.\(name).read"] = Row(times) { _ in _ = try JSONReader.value(bytes, limits: .ownDocument) }
            rows["json.\(name).write"] = Row(times) { _ in _ = JSONWriter.bytes(document) }
            rows["json.\(name).foundation.read"] = Row(times) { _ in
                _ = try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
            }
            if let object = try? JSONSerialization.jsonObject(with: data) {
                rows["json.\(name).foundation.write"] = Row(times) { _ in
                    _ = try JSONSerialization.data(withJSONObject: object)
                }
            }
            rows["json.\(name).foundation.decode"] = Row(times) { _ in
                _ = try JSONDecoder().decode(CodableValue.self, from: data)
            }
            rows["json.\(name).foundation.encode"] = Row(times) { _ in
                _ = try JSONEncoder().encode(CodableValue(value: document))
            }
        }
    }
}

/// Seconds of processor time that this program has used; unlike the clock's, they don't count what others do meanwhile.
enum ProcessorTime {
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// A value as Foundation's coders read and write it.
private struct CodableValue: Codable {
    let value: Value

    init(value: Value) { self.value = value }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        if let members = try? decoder.container(keyedBy: Key.self) {
            var object: ValueObject = [:]
            for key in members.allKeys {
                object[key.stringValue] = try members.decode(CodableValue.self, forKey: key).value
            }
            value = .object(object)
            return
        }
        if var items = try? decoder.unkeyedContainer() {
            var array: [Value] = []
            while !items.isAtEnd { array.append(try items.decode(CodableValue.self).value) }
            value = .array(array)
            return
        }
        let one = try decoder.singleValueContainer()
        if one.decodeNil() {
            value = .null
        } else if let truth = try? one.decode(Bool.self) {
            value = .bool(truth)
        } else if let number = try? one.decode(Int.self) {
            value = .integer(number)
        } else if let number = try? one.decode(Double.self) {
            value = .double(number)
        } else {
            value = .string(try one.decode(String.self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        switch value {
        case .object(let object):
            var members = encoder.container(keyedBy: Key.self)
            for (key, member) in object {
                try members.encode(CodableValue(value: member), forKey: Key(stringValue: key))
            }
        case .array(let array):
            var items = encoder.unkeyedContainer()
            for item in array { try items.encode(CodableValue(value: item)) }
        default:
            var one = encoder.singleValueContainer()
            switch value {
            case .bool(let truth): try one.encode(truth)
            case .integer(let number): try one.encode(number)
            case .double(let number): try one.encode(number)
            case .bigInteger(let text), .string(let text): try one.encode(text)
            default: try one.encodeNil()
            }
        }
    }
}

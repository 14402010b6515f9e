import ArgumentParser
import PetrelCore
import Testing

@testable import PetrelApp

@Suite("Parts of a trace")
struct TraceChoiceTests {
    private static func part(_ id: String, _ ref: String, at: Int, cause: (type: String, id: String)? = nil) -> Value {
        [
            "object_id": .string(id), "ref": .string(ref), "updated_at": .string("2026-11-21T10:00:0\(at).000000Z"),
            "caused_by": cause.map { ["type": .string($0.type), "id": .string($0.id)] } ?? [:],
        ]
    }

    /// A webhook starts an action, whose end starts another one; a second webhook meets no rule.
    private static let trace: Value = [
        "id": "t", "trace_tag": "tag",
        "trigger_instances": [
            part("i1", "core.hook", at: 0), part("i2", "core.end", at: 3, cause: ("action_execution", "e1")),
            part("i3", "core.hook", at: 1),
        ],
        "rules": [
            part("r1", "p.first", at: 0, cause: ("trigger_instance", "i1")),
            part("r2", "p.second", at: 3, cause: ("trigger_instance", "i2")),
        ],
        "action_executions": [
            part("e1", "p.act", at: 0, cause: ("rule", "r1:i1")), part("e2", "p.tell", at: 4, cause: ("rule", "r2:i2")),
            part("e3", "p.child", at: 5, cause: ("action_execution", "e2")),
        ],
    ]

    private func ids(_ arguments: String...) throws -> [String] {
        let chosen = try TraceChoice.parse(arguments).applied(to: Self.trace)
        return TraceChoice.rows(of: chosen).compactMap { $0["id"]?.string }
    }

    @Test("all parts are shown by time, each with what led to it")
    func all() throws {
        #expect(try ids() == ["i1", "r1", "e1", "i3", "i2", "r2", "e2", "e3"])
        let rows = TraceChoice.rows(of: Self.trace)
        #expect(rows.map { $0["type"]?.string }.prefix(3) == ["trigger-instance", "rule", "execution"])
        #expect(rows.last?["caused_by"] == "action_execution e2")
        #expect(rows.first?["caused_by"] == "")
    }

    @Test("what led to one part is a chain back to the beginning")
    func chains() throws {
        #expect(try ids("-e", "e3") == ["i1", "r1", "e1", "i2", "r2", "e2", "e3"])
        #expect(try ids("-r", "r1") == ["i1", "r1"])
        #expect(try ids("-g", "i3") == ["i3"])
        #expect(try ids("-e", "none").isEmpty)
    }

    @Test("kinds of parts are chosen, and events that led to nothing left out")
    func kinds() throws {
        #expect(try ids("--show-rules") == ["r1", "r2"])
        #expect(try ids("--show-rules", "--show-executions") == ["r1", "e1", "r2", "e2", "e3"])
        #expect(try ids("-n") == ["i1", "r1", "e1", "i2", "r2", "e2", "e3"])
    }
}

import PetrelCore
import PetrelStore
import PetrelTestKit
import Testing

@testable import PetrelEngine

@Suite("Traces")
struct TraceTests {
    private func trace(_ fixture: EventFixture, of execution: ExecutionID) async throws -> Trace {
        var query = EventQuery()
        query.execution = execution.text
        return try #require(try await fixture.store.traces(query).items.first)
    }

    @Test("an execution that somebody asked for begins a trace of its own")
    func adHoc() async throws {
        let fixture = try EventFixture()
        let execution = try await fixture.engine.submission.submit(fixture.engine.request())
        let trace = try await trace(fixture, of: execution.id)
        #expect(trace.tag == TraceTag(id: execution.id.text, tag: "execution-\(execution.id)"))
        #expect(trace.executions.map(\.id) == [execution.id.text])
        #expect(trace.executions.first?.causeType == nil)
        #expect(trace.instances.isEmpty && trace.rules.isEmpty)
        var query = EventQuery()
        query.traceTag = "execution-\(execution.id)"
        #expect(try await fixture.store.traces(query).items == [trace])
    }

    @Test("a tag names the new trace, which is found by it")
    func tagged() async throws {
        let fixture = try EventFixture()
        for tag in ["release-7", "execution-of-a-plan", "release-7"] {
            var request = fixture.engine.request()
            request.context["trace_context"] = ["trace_tag": .string(tag)]
            _ = try await fixture.engine.submission.submit(request)
        }
        var query = EventQuery()
        query.traceTag = "release-7"
        #expect(try await fixture.store.traces(query).total == 2, "a tag alone always begins a new one")
        query.traceTag = "execution-of-a-plan"
        #expect(try await fixture.store.traces(query).items.map(\.tag.tag) == ["execution-of-a-plan"])
        query.traceTag = "release"
        #expect(try await fixture.store.traces(query).total == 0)
    }

    @Test("what goes on a trace stands in it, and is no trace by itself")
    func joined() async throws {
        let fixture = try EventFixture(rules: [EventFixture.rule()])
        let first = try await fixture.engine.submission.submit(fixture.engine.request())
        var request = fixture.engine.request()
        request.context = EventCause(first).context
        let second = try await fixture.engine.submission.submit(request)
        let event = NewEvent(
            fixture.catalog.current.webhook("hook"), payload: ["body": [:]], origin: .webhook,
            cause: EventCause(first))
        try await fixture.dispatch.dispatch(event)
        let trace = try await trace(fixture, of: second.id)
        #expect(trace.tag.id == first.id.text)
        #expect(trace.executions.count == 3)
        #expect(trace.instances.map(\.causeID) == [first.id.text])
        #expect(trace.rules.count == 1)
        let all = try await fixture.store.traces(EventQuery())
        #expect(all.total == 1 && all.items.count == 1)
    }

    @Test("a listing mixes both kinds by time, and pages through them")
    func listing() async throws {
        let fixture = try EventFixture(rules: [EventFixture.rule()])
        var tags: [String] = []
        for number in 0..<6 {
            fixture.engine.clock.advance(by: .seconds(1))
            if number.isMultiple(of: 2) {
                try await fixture.send([:], tag: "event-\(number)")
                tags.insert("event-\(number)", at: 0)
            } else {
                let execution = try await fixture.engine.submission.submit(fixture.engine.request())
                tags.insert("execution-\(execution.id)", at: 0)
            }
        }
        var query = EventQuery()
        query.limit = 4
        query.offset = 1
        let page = try await fixture.store.traces(query)
        #expect(page.items.map(\.tag.tag) == Array(tags[1..<5]))
        #expect(page.total == 6)
        query.isAscending = true
        query.offset = 0
        #expect(try await fixture.store.traces(query).items.map(\.tag.tag) == Array(tags.reversed()[0..<4]))
    }
}

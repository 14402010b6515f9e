import FoundationEssentials
import PetrelCore
import PetrelStore
import PetrelTestKit
import Testing

@testable import PetrelEngine

@Suite("Timers")
struct TimerTests {
    private func timers(_ fixture: EventFixture, zone: String = "UTC", misfire: Misfire = .once) -> Timers {
        Timers(
            options: .init(zone: zone, misfire: misfire), store: fixture.store, catalog: fixture.catalog,
            dispatch: fixture.dispatch, clock: fixture.engine.clock)
    }

    private func rule(_ type: String, _ parameters: ValueObject, misfire: String? = nil) -> ValueObject {
        var trigger: ValueObject = ["type": .string("core.st2." + type), "parameters": .object(parameters)]
        if let misfire { trigger["misfire"] = .string(misfire) }
        return EventFixture.rule("timer", trigger: .object(trigger))
    }

    private static let minute: ValueObject = ["unit": "minutes", "delta": 1]

    @Test("an interval fires once for each pause, from when it was first seen")
    func interval() async throws {
        let fixture = try EventFixture(rules: [rule("IntervalTimer", Self.minute)])
        let timers = timers(fixture)
        for _ in 0..<50 {
            await timers.tick()
            fixture.engine.clock.advance(by: .seconds(6))
        }
        await timers.tick()
        let found = try await fixture.instances()
        #expect(found.count == 5)
        #expect(found.allSatisfy { $0.origin == .timer && $0.trace.tag.hasPrefix("IntervalTimer-") })
        #expect(found.first?.payload["schedule"] == .null)
        #expect(try await fixture.executions().count == 5)
    }

    @Test(
        "after four days of downtime a one-minute timer does what its misfire rule says",
        arguments: [("once", 1), ("skip", 0), ("all", 1000)])
    func downtime(_ misfire: String, _ count: Int) async throws {
        let rules = [rule("IntervalTimer", Self.minute, misfire: misfire)]
        let first = try EventFixture(owner: "one", rules: rules)
        await timers(first).tick()
        try first.store.close()
        let second = try EventFixture(folder: first.engine.folder, owner: "two", rules: rules)
        second.engine.clock.advance(by: .seconds(4 * 86_400 + 10))
        let timers = timers(second)
        await timers.tick()
        await timers.tick()
        #expect(try await second.instances().count == count)
        second.engine.clock.advance(by: .seconds(60))
        await timers.tick()
        #expect(try await second.instances().count == count + 1, "it goes on")
    }

    @Test("a firing that another owner has stored is not stored again")
    func oneOwner() async throws {
        let fixture = try EventFixture(rules: [rule("IntervalTimer", Self.minute)])
        let (one, two) = (timers(fixture), timers(fixture))
        await one.tick()
        await two.tick()
        fixture.engine.clock.advance(by: .seconds(61))
        await one.tick()
        await two.tick()
        #expect(try await fixture.instances().count == 1)
    }

    @Test("a daily timer fires once on the days on which clocks change")
    func daylightSaving() async throws {
        // 2024-03-30 to 2024-04-01 and 2024-10-26 to 2024-10-28 in Oslo.
        for start in ["2024-03-30T00:00:00Z", "2024-10-26T00:00:00Z"] {
            let fixture = try EventFixture(rules: [
                rule("CronTimer", ["hour": 2, "minute": 30, "timezone": "Europe/Oslo"])
            ])
            let begin = try #require(Instant(start))
            fixture.engine.clock.advance(by: begin - fixture.engine.clock.now)
            let timers = timers(fixture)
            for _ in 0..<(3 * 24 * 6) {
                await timers.tick()
                fixture.engine.clock.advance(by: .seconds(600))
            }
            #expect(try await fixture.instances().count == 3)
        }
    }

    @Test("a clock that is set back or forth fires nothing twice and stops nothing")
    func clockJumps() async throws {
        let fixture = try EventFixture(rules: [rule("IntervalTimer", Self.minute)])
        let timers = timers(fixture)
        let clock = fixture.engine.clock
        await timers.tick()
        clock.advance(by: .seconds(61))
        await timers.tick()
        clock.advance(by: .seconds(86_400))
        await timers.tick()
        #expect(try await fixture.instances().count == 2, "a day forth counts as one missed time")
        clock.advance(by: .seconds(-2 * 86_400))
        await timers.tick()
        #expect(try await fixture.instances().count == 2)
        clock.advance(by: .seconds(61))
        await timers.tick()
        #expect(try await fixture.instances().count == 3, "a day back does not stop it for a day")
    }

    @Test("a date fires once, and never when it was past when it was first seen")
    func dates() async throws {
        let fixture = try EventFixture(rules: [
            EventFixture.rule(
                "past", trigger: ["type": "core.st2.DateTimer", "parameters": ["date": "2020-01-01 00:00:00"]]),
            EventFixture.rule(
                "soon", trigger: ["type": "core.st2.DateTimer", "parameters": ["date": "2023-11-14 22:14:00"]]),
        ])
        let timers = timers(fixture)
        for _ in 0..<5 {
            await timers.tick()
            fixture.engine.clock.advance(by: .seconds(30))
        }
        #expect(try await fixture.enforcements().map(\.rule.name) == ["soon"])
    }

    @Test("ten thousand timers cost one look at the next of them")
    func many() async throws {
        let fixture = try EventFixture(
            rules: (1...10_000).map { number in
                EventFixture.rule(
                    "r\(number)",
                    trigger: [
                        "type": "core.st2.IntervalTimer", "parameters": ["unit": "days", "delta": .integer(number)],
                    ])
            })
        let timers = timers(fixture)
        for _ in 0..<10 {
            await timers.tick()
            fixture.engine.clock.advance(by: .seconds(1))
        }
        #expect(try await fixture.instances().isEmpty)
        fixture.engine.clock.advance(by: .seconds(86_400))
        await timers.tick()
        #expect(try await fixture.instances().count == 1)
    }
}

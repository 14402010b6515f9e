import PetrelCore
import PetrelStore
import PetrelTestKit
import Testing

@testable import PetrelEngine

@Suite("Sensors over processes")
struct SensorLeaseTests {
    private static let start = Instant(microseconds: 1_700_000_000_000_000)

    private static func ref(_ number: Int) -> ContentRef { ContentRef(pack: "p", name: "S\(number)") }

    private static func sensor(_ number: Int) throws -> SensorType {
        try SensorType(
            id: ContentID(stored: "00000000000000000000000\(number)"), pack: "p", packPath: "/",
            document: ["class_name": .string("S\(number)"), "entry_point": "s.py"],
            typeIDs: { _ in ContentID(stored: "") })
    }

    private func leases(_ fixture: EngineFixture, _ owner: String, _ count: Int) throws -> SensorLeases {
        let sensors = try (0..<count).map(Self.sensor)
        return SensorLeases(owner: owner, store: fixture.store, clock: fixture.clock) { sensors }
    }

    private func held(_ leases: SensorLeases) -> [String] { leases.sensors.map(\.ref.name) }

    @Test("one process alone looks after every sensor")
    func alone() async throws {
        let fixture = try EngineFixture()
        let one = try leases(fixture, "one", 3)
        #expect(held(one).isEmpty, "before it has looked")
        await one.step()
        #expect(held(one) == ["S0", "S1", "S2"])
    }

    @Test("a process that joins takes its share once the other has let it go, and no sensor is ever held by two")
    func joining() async throws {
        let fixture = try EngineFixture()
        let (one, two) = (try leases(fixture, "one", 5), try leases(fixture, "two", 5))
        await one.step()
        await two.step()
        #expect(held(one).count == 5)
        #expect(held(two).isEmpty)
        for _ in 0..<20 {
            fixture.clock.advance(by: .seconds(1))
            await one.step()
            await two.step()
            #expect(Set(held(one)).isDisjoint(with: held(two)))
        }
        #expect(held(one).count == 3)
        #expect(held(two).count == 2)
    }

    @Test("the sensors of a process that was killed go to the other when its leases end, not before")
    func takeover() async throws {
        let fixture = try EngineFixture()
        let (one, two) = (try leases(fixture, "one", 4), try leases(fixture, "two", 4))
        await one.step()
        for _ in 0..<20 {
            fixture.clock.advance(by: .seconds(1))
            await one.step()
            await two.step()
        }
        #expect(held(two).count == 2)
        var seconds = 0
        while held(two).count < 4, seconds < 60 {
            // The first one is dead: nobody prolongs its leases.
            fixture.clock.advance(by: .seconds(1))
            seconds += 1
            await two.step()
            #expect(Set(held(one)).isDisjoint(with: held(two)))
        }
        #expect(held(two).count == 4)
        #expect((10...20).contains(seconds))
    }

    @Test("a process that can't prolong its leases lets the sensors go before they end")
    func unreachable() async throws {
        let fixture = try EngineFixture()
        let one = try leases(fixture, "one", 2)
        await one.step()
        fixture.clock.advance(by: .seconds(8))
        #expect(held(one).count == 2)
        fixture.clock.advance(by: .seconds(2))
        #expect(held(one).isEmpty)
    }

    @Test("a service that holds the store alone takes the leases of a dead one at once")
    func restart() async throws {
        let fixture = try EngineFixture()
        let (one, two) = (try leases(fixture, "one", 2), try leases(fixture, "two", 2))
        await one.step()
        try await fixture.store.dropDeadLeases(notOf: "two")
        await two.step()
        #expect(held(two).count == 2)
    }

    @Test("shares are fair and stay where they are")
    func shares() {
        let refs = (0..<7).map(Self.ref)
        func lease(_ name: String, _ owner: String) -> Lease {
            Lease(name: name, owner: owner, until: Self.start + .seconds(9))
        }
        let known = [
            lease("sensors by b", "b"), lease("sensors by c", "c"), lease(SensorShare.lease(of: refs[6]), "a"),
        ]
        let share = SensorShare(wanted: refs, leases: known, owner: "a", now: Self.start)
        #expect(share.taken.count == 4, "three of seven, and its own presence")
        #expect(share.taken.contains(SensorShare.lease(of: refs[6])), "what it has it keeps")
        let late = SensorShare(wanted: refs, leases: known, owner: "a", now: Self.start + .seconds(10))
        #expect(late.taken.count == 8, "the others are gone")
    }
}

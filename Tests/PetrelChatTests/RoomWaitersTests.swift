import PetrelCore
import Testing

@testable import PetrelChat

@Suite("Waiting for a room's lines", .timeLimit(.minutes(1)))
struct RoomWaitersTests {
    private let waiters = RoomWaiters()
    private let late = Instant(microseconds: 2_000_000)

    private func line(_ sequence: Int, room: String = "room") -> RoomPost {
        RoomPost(
            sequence: sequence, room: room, key: "k\(sequence)", author: "ann", text: "x",
            at: Instant(microseconds: 0))
    }

    @Test("a line that comes before it is asked for is not missed, and is the first that came")
    func before() async {
        let wait = waiters.begin(room: "room", after: 3)
        for sequence in [3, 4, 5] { waiters.add(line(sequence)) }
        #expect(await waiters.line(wait, until: late)?.sequence == 4)
        waiters.end(wait)
        #expect(await waiters.line(wait, until: late) == nil)
    }

    @Test("who waits is handed the next line of the room, and of no other")
    func next() async {
        let wait = waiters.begin(room: "room", after: 0)
        async let found = waiters.line(wait, until: late)
        waiters.add(line(1, room: "other"))
        waiters.add(line(2))
        waiters.add(line(3))
        #expect(await found?.sequence == 2)
    }

    @Test("a wait ends when its time is over, and not before")
    func over() async {
        let wait = waiters.begin(room: "room", after: 0)
        let other = waiters.begin(room: "room", after: 0)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { #expect(await waiters.line(wait, until: late) == nil) }
            group.addTask {
                while waiters.count(room: "room") > 1 {
                    waiters.endWaits(at: late)
                    await Task.yield()
                }
            }
        }
        waiters.add(line(1))
        #expect(await waiters.line(other, until: late)?.sequence == 1)
    }

    @Test("a wait ends with its task")
    func canceled() async {
        let wait = waiters.begin(room: "room", after: 0)
        let task = Task { await waiters.line(wait, until: late) }
        task.cancel()
        #expect(await task.value == nil)
        #expect(waiters.count(room: "room") == 0)
    }
}

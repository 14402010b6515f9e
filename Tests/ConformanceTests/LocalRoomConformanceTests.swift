import FoundationEssentials
import PetrelChat
import PetrelCore
import PetrelEngine
import PetrelStore
import PetrelTestKit
import Testing

@Suite("The local room as a platform", .timeLimit(.minutes(1)))
struct LocalRoomConformanceTests {
    private func store() throws -> SQLiteStorage {
        let folder = FileManager.default.temporaryDirectory.path + "/petrel-adapter-\(UUID().uuidString)"
        return try SQLiteStorage(.init(folder: folder, owner: "me"), digest: PlainDigest())
    }

    @Test("sending the same post to the local room twice leaves one line")
    func onceInTheRoom() async throws {
        let store = try store()
        let room = LocalRoom(name: "local", store: store, events: EventHub(), clock: ManualClock())
        let post = Samples.post("1", to: Samples.message("x", channel: "r", adapter: "local"))
        _ = await room.send(post)
        _ = await room.send(post)
        #expect(try await store.roomPosts(room: "r", after: 0, limit: 9).count == 1)
    }

    @Test("what was said and not handed on before a stop is handed on at the next start, unless it is too old")
    func history() async throws {
        let store = try store()
        let clock = ManualClock()
        _ = try await store.append(RoomPost(room: "r", key: "k1", author: "ann", text: "date", at: clock.now))
        let old = RoomPost(room: "r", key: "k0", author: "ann", text: "old", at: clock.now - .seconds(3600))
        _ = try await store.append(old)
        let room = LocalRoom(name: "local", store: store, events: EventHub(), clock: clock)
        let receiver = RecordingReceiver(clock: clock)
        let running = Task { await room.run(receiver: receiver) }
        #expect(await receiver.message("date") != nil)
        #expect(receiver.texts == ["date"])
        running.cancel()
    }
}

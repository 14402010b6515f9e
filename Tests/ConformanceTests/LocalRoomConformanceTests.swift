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
        let room = LocalRoom(name: "local", store: store, clock: ManualClock())
        let post = Samples.post("1", to: Samples.message("x", channel: "r", adapter: "local"))
        _ = await room.send(post)
        _ = await room.send(post)
        #expect(try await store.roomPosts(room: "r", after: 0, limit: 9).count == 1)
    }
}

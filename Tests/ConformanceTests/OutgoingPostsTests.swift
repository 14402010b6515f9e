import FoundationEssentials
import PetrelCore
import PetrelTestKit
import Synchronization
import Testing

@testable import PetrelStore

/// What is done about posts after they were committed.
@Suite("Posts on their way out of the store")
struct OutgoingPostsTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/petrel-posts-\(UUID().uuidString)"

    @Test("what is done about one does not nest in what is done about another")
    func doesNotNest() async throws {
        let store = try SQLiteStorage(.init(folder: folder, owner: "me"), digest: PlainDigest())
        let seen = Mutex((depth: 0, deepest: 0, done: 0))
        store.listen(adapter: "fake") { posts in
            posts.map { _ in
                {
                    seen.withLock { $0.depth += 1 }
                    store.outgoing.followUp()
                    seen.withLock { seen in
                        seen.deepest = max(seen.deepest, seen.depth)
                        seen.depth -= 1
                        seen.done += 1
                    }
                }
            }
        }
        let message = Samples.message("act")
        try await store.enqueue((1...300).map { Samples.post("\($0)", to: message) })
        #expect(seen.withLock(\.done) == 300)
        #expect(seen.withLock(\.deepest) == 1)
    }
}

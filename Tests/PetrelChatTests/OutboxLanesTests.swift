import PetrelCore
import PetrelTestKit
import Testing

@testable import PetrelChat

@Suite("Posts that wait in memory")
struct OutboxLanesTests {
    private let here = Samples.message("x", channel: "here")
    private let there = Samples.message("x", channel: "there")

    private func post(_ number: Int, _ message: InboundMessage) -> OutboundPost {
        Samples.post("\(number)", to: message, text: "\(number)")
    }

    private func queued(_ post: OutboundPost) -> QueuedPost { QueuedPost(post: post, attempts: 0, isDoubtful: false) }

    private func unsent(_ post: OutboundPost) -> UnsentPost {
        UnsentPost(id: post.id, conversation: post.to.conversation)
    }

    /// Lanes that know that the store has nothing.
    private func upToDate() -> OutboxLanes {
        var lanes = OutboxLanes()
        let began = lanes.beginReading()
        lanes.catchUp(with: [], isWhole: true, since: began)
        lanes.endReading()
        return lanes
    }

    @Test("at the start nothing is taken before the store has been read")
    func start() {
        var lanes = OutboxLanes()
        #expect(lanes.isBehind && lanes.arrive([post(1, here)]).isEmpty)
        let began = lanes.beginReading()
        #expect(lanes.arrive([post(2, here)]).isEmpty)
        lanes.catchUp(with: [unsent(post(1, here))], isWhole: true, since: began)
        #expect(lanes.isBehind && lanes.arrive([post(3, there)]).isEmpty, "what came meanwhile makes the answer old")
        let again = lanes.beginReading()
        lanes.catchUp(with: [unsent(post(1, here))], isWhole: false, since: again)
        #expect(lanes.arrive([post(4, there)]).isEmpty, "there may be more")
        let last = lanes.beginReading()
        lanes.catchUp(with: [unsent(post(1, here))], isWhole: true, since: last)
        #expect(lanes.arrive([post(5, there), post(6, here)]).map(\.post.text) == ["5"])
    }

    @Test("posts of one conversation go one after the other, those of others beside them")
    func order() {
        var lanes = upToDate()
        #expect(!lanes.isBehind)
        #expect(lanes.arrive([post(1, here), post(2, here), post(3, there)]).map(\.post.text) == ["1", "3"])
        #expect(lanes.arrive([post(4, here)]).isEmpty)
        #expect(lanes.done(queued(post(1, here)))?.post.text == "2")
        #expect(lanes.done(queued(post(2, here)))?.post.text == "4")
        #expect(lanes.done(queued(post(4, here))) == nil)
        #expect(lanes.busyCount == 1)
    }

    @Test("after a failure the conversation is left to the store until that has given all up")
    func failure() {
        var lanes = upToDate()
        _ = lanes.arrive([post(1, here), post(2, here)])
        let began = lanes.beginReading()
        lanes.failed(queued(post(1, here)))
        #expect(lanes.take([queued(post(1, here))]).isEmpty, "a read that is older than the failure sends nothing")
        lanes.catchUp(with: [], isWhole: true, since: began)
        lanes.endReading()
        #expect(lanes.isBehind && lanes.arrive([post(3, here)]).isEmpty)
        #expect(lanes.arrive([post(4, there)]).count == 1, "others are not held up")
        _ = lanes.beginReading()
        let again = lanes.take([queued(post(1, here)), queued(post(4, there))])
        lanes.endReading()
        #expect(again.map(\.post.text) == ["1"] && again.first?.isDoubtful == true, "it may have arrived all the same")
        #expect(lanes.done(queued(post(1, here))) == nil, "what waited behind it comes from the store")
        let reading = lanes.beginReading()
        lanes.catchUp(with: [unsent(post(2, here)), unsent(post(4, there))], isWhole: true, since: reading)
        lanes.endReading()
        #expect(lanes.isBehind)
        let last = lanes.beginReading()
        lanes.catchUp(with: [unsent(post(4, there))], isWhole: true, since: last)
        lanes.endReading()
        #expect(!lanes.isBehind && lanes.arrive([post(5, here)]).count == 1)
    }

    @Test("a post that was sent while the store was read is not sent again")
    func race() {
        var lanes = upToDate()
        _ = lanes.arrive([post(1, here)])
        _ = lanes.beginReading()
        #expect(lanes.done(queued(post(1, here))) == nil)
        #expect(lanes.take([queued(post(1, here))]).isEmpty)
        lanes.endReading()
        #expect(!lanes.isBehind)
    }

    @Test("a post that a read found before it was told is sent once")
    func early() {
        var lanes = upToDate()
        let began = lanes.beginReading()
        #expect(lanes.take([queued(post(1, here))]).count == 1)
        lanes.catchUp(with: [unsent(post(1, here))], isWhole: true, since: began)
        lanes.endReading()
        #expect(lanes.arrive([post(1, here), post(2, here)]).isEmpty)
        #expect(lanes.done(queued(post(1, here)))?.post.text == "2")
        #expect(lanes.done(queued(post(2, here))) == nil)
    }

    @Test("more than fits is left to the store, and nothing overtakes it")
    func bounds() {
        var lanes = upToDate()
        let posts = (0...OutboxLanes.maxWaiting + 1).map { post($0 + 1, here) }
        #expect(lanes.arrive(posts).count == 1)
        #expect(lanes.isBehind)
        for number in 1...OutboxLanes.maxWaiting { _ = lanes.done(queued(post(number, here))) }
        #expect(lanes.arrive([post(5000, here)]).isEmpty, "an earlier one lies in the store")
        var wide = upToDate()
        let many = (0...OutboxLanes.maxParallel).map { post($0 + 1, Samples.message("x", channel: "c\($0)")) }
        #expect(wide.arrive(many).count == OutboxLanes.maxParallel && wide.isBehind)
    }
}

import FoundationEssentials
import PetrelChat
import PetrelCore
import PetrelEngine
import PetrelStore
import PetrelTestKit

/// The whole chat path on a real store, with a fake platform and a fake runner.
struct ChatFixture {
    let store: SQLiteStorage
    let adapter: FakeAdapter
    let runner: FakeRunner
    let inbox: Inbox
    let replies: Replies
    let outbox: Outbox
    let scheduler: Scheduler
    let claimCode: ClaimCode
    let questions: Questions
    let clock = ManualClock()
    let events = EventHub()

    init(
        aliases: [ActionAlias], parameters: Parameters? = nil, policy: ChatPolicy = ChatPolicy(),
        defaultRole: Role = .starter, automatic: RunOutcome? = nil, runner: FakeRunner? = nil, canEdit: Bool = false,
        folder: String = newFolder()
    ) throws {
        store = try SQLiteStorage(.init(folder: folder, owner: "me"), digest: PlainDigest())
        adapter = FakeAdapter(canEdit: canEdit)
        self.runner = runner ?? FakeRunner(automatic: automatic)
        let ids = CountingIDs()
        let act = Samples.action(
            parameters: parameters ?? [
                "n": Parameter(kind: .integer, schema: ["type": "integer"]),
                "text": Parameter(kind: .string, schema: [:]),
            ])
        let others = [Samples.action("test.ask", runner: "inquirer"), Samples.action("test.noop", runner: "noop")]
        let catalog = LiveCatalog(Catalog(actions: [act] + others, aliases: aliases))
        let runners = RunnerCatalog([self.runner, InquirerRunner(), NoopRunner()])
        let attempts = Attempts(
            catalog: catalog, runners: runners, tokens: ExecutionTokens(key: Secret([1]), digest: PlainDigest()),
            apiURL: { "" })
        let documents = ExecutionDocuments(runners: runners, digest: PlainDigest())
        replies = Replies(
            store: store, catalog: catalog, prefix: "!", capabilities: ["fake": adapter.capabilities],
            documents: documents, events: events, clock: clock, ids: ids)
        scheduler = Scheduler(
            options: .init(owner: "me", boot: "boot"), store: store, attempts: attempts, events: events, clock: clock,
            reply: replies.posts(on:))
        let submission = Submission(
            store: store, catalog: catalog, runners: runners, scheduler: scheduler, events: events, clock: clock,
            ids: ids)
        claimCode = ClaimCode(random: FixedRandom())
        questions = Questions(
            store: store, inquiries: Inquiries(store: store, access: Access(), events: events, clock: clock),
            access: Access(), adapters: ["fake"], prefix: "!", events: events, clock: clock, ids: ids)
        let commands = Commands(
            Commands.Parts(
                addressing: Addressing(name: "petrel", prefix: "!"), prefix: "!",
                identities: Identities(store: store, defaultRole: defaultRole), identityStore: store,
                catalog: catalog, access: Access(chatPolicy: LiveChatPolicy(policy)), submission: submission,
                scheduler: scheduler, executions: store, posts: store, questions: store,
                capabilities: ["fake": adapter.capabilities], documents: documents, claimCode: claimCode, clock: clock,
                ids: ids, inquiries: questions))
        inbox = Inbox(store: store, commands: commands, clock: clock, ids: ids, events: events)
        outbox = Outbox(adapter: adapter, store: store, events: events, clock: clock)
    }

    private static func newFolder() -> String {
        FileManager.default.temporaryDirectory.path + "/petrel-chat-\(UUID().uuidString)"
    }

    /// The folder of a process that has taken a message in and ended before it decided, so many times in a row.
    static func folder(undecided message: InboundMessage, times: Int = 1) async throws -> String {
        let folder = newFolder()
        for time in 1...times {
            let store = try SQLiteStorage(.init(folder: folder, owner: "dead"), digest: PlainDigest())
            if time == 1 { _ = try await store.accept(message, at: message.sentAt) }
            if time > 1 { _ = try await store.beginAgain(message.key) }
        }
        return folder
    }

    /// Runs a body while all loops work.
    func running(_ body: () async throws -> Void) async throws {
        let loops = Task {
            await withDiscardingTaskGroup { group in
                group.addTask { await scheduler.run() }
                group.addTask { await replies.run() }
                group.addTask { await outbox.run() }
                group.addTask { await questions.run() }
            }
        }
        defer { loops.cancel() }
        try await body()
    }

    /// Says something and gives the posts that stand on the platform once there are so many.
    func say(_ message: InboundMessage, posts count: Int) async throws -> [OutboundPost] {
        try await inbox.receive(message)
        await adapter.waitForPosts(count)
        return adapter.sent
    }
}

/// Randomness that is none.
struct FixedRandom: RandomSource {
    func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0) } }
}

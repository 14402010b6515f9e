public import PetrelCore
public import PetrelEngine

/// Takes messages in: stores each before anything else, then decides on it, once.
///
/// A message is stored without a flush; its decision stores it once more and flushes that, so that one flush lies between a
/// message and its start (docs/adr/0004). Until then ``receive(_:)`` has not returned and the platform is not acknowledged to.
public struct Inbox: InboundReceiver {
    /// A message whose handling has crashed the process so often is set aside.
    private static let maxAttempts = 3
    private static let recoveryBatch = 1000
    /// What was said longer ago is never run; its sender is asked to say it again.
    private static let maxAge = Duration.seconds(15 * 60)
    private static let maxRefusals = 10_000

    private struct Refusal: Sendable {
        var message: InboundMessage
        var reason: String
    }

    private let store: any InboxStore
    private let commands: Commands
    private let clock: any PetrelClock
    private let ids: any IDSource
    private let events: EventHub
    private let refusals: (stream: AsyncStream<Refusal>, continuation: AsyncStream<Refusal>.Continuation)

    /// The stage over the store and the commands that messages are read as.
    public init(
        store: any InboxStore, commands: Commands, clock: any PetrelClock, ids: any IDSource, events: EventHub
    ) {
        self.store = store
        self.commands = commands
        self.clock = clock
        self.ids = ids
        self.events = events
        refusals = AsyncStream<Refusal>.makeStream(bufferingPolicy: .bufferingOldest(Self.maxRefusals))
    }

    /// See ``InboundReceiver/lastMessageAt(adapter:)``.
    public func lastMessageAt(adapter: AdapterName) async -> Instant? {
        (try? await store.lastMessageAt(adapter: adapter)) ?? nil
    }

    /// Decides again on a message that is stored and undecided; one that is settled is only acknowledged, and one that was
    /// said too long ago is not run.
    public func receive(_ message: InboundMessage) async throws(CoreError) {
        do throws(CoreError) {
            switch try await store.accept(message, at: clock.now) {
            case .settled: break
            case .new, .unfinished:
                if isTooOld(message) { try await settleLate(message) } else { try await handle(message) }
            }
        } catch {
            // Its sender is told now that it was not taken; it must not run by itself when there is space again.
            refusals.continuation.yield(Refusal(message: message, reason: error.message))
            throw error
        }
        FaultPoint.inboxBeforeAcknowledge.pass()
    }

    /// Recovers, then settles what had to be refused, until the task is cancelled.
    public func run() async {
        await recover()
        for await refusal in refusals.stream { await settle(refusal) }
    }

    private func settle(_ refusal: Refusal) async {
        var answer = Commands.Answer.ignored
        if commands.areAskedBy(refusal.message) {
            answer = Commands.Answer(
                kind: .invalid, decision: "not_taken",
                text: "I could not take that when you said it: \(refusal.reason). It was not run; please say it again.",
                reason: refusal.reason)
        }
        while !Task.isCancelled {
            do throws(CoreError) {
                // Unless its sender has said it again under the same key meanwhile.
                guard try await store.accept(refusal.message, at: clock.now) != .settled else { return }
                return try await settle(refusal.message, answer)
            } catch {
                try? await clock.sleep(for: .seconds(1))
            }
        }
    }

    /// Handles what was stored and not decided when the last process ended.
    public func recover() async {
        while !Task.isCancelled {
            guard let messages = try? await store.unsettled(limit: Self.recoveryBatch) else {
                try? await clock.sleep(for: .seconds(1))
                continue
            }
            for message in messages { await recover(message) }
            if messages.count < Self.recoveryBatch { return }
        }
    }

    /// Counts before it handles: a message that stops the process is found out by the count that outlived it.
    private func recover(_ message: InboundMessage) async {
        var attempts: Int?
        while !Task.isCancelled {
            do throws(CoreError) {
                if attempts == nil { attempts = try await store.beginAgain(message.key) }
                if isTooOld(message) { return try await settleLate(message) }
                guard let attempts, attempts > Self.maxAttempts else { return try await handle(message) }
                return try await quarantine(message)
            } catch {
                try? await clock.sleep(for: .seconds(1))
            }
        }
    }

    private func isTooOld(_ message: InboundMessage) -> Bool { clock.now - message.sentAt > Self.maxAge }

    /// Talk that was not meant for Petrel is left alone, however old.
    private func settleLate(_ message: InboundMessage) async throws(CoreError) {
        let answer =
            commands.areAskedBy(message)
            ? Commands.Answer(
                kind: .notice, decision: "too_late",
                text: "I was away when you said that, too long to run it now. Say it again.")
            : .ignored
        try await settle(message, answer)
    }

    private func handle(_ message: InboundMessage) async throws(CoreError) {
        FaultPoint.inboxInterpret.pass()
        switch try await commands.decide(on: message) {
        case .submitted: return
        case .answer(let answer): try await settle(message, answer)
        }
    }

    private func settle(_ message: InboundMessage, _ answer: Commands.Answer) async throws(CoreError) {
        let posts = answer.text.map { text in
            [
                OutboundPost(
                    id: ids.make(), to: ReplyAddress(to: message), kind: answer.kind, text: text,
                    execution: answer.execution, isFinal: true, placement: answer.placement, choices: answer.choices)
            ]
        }
        _ = try await store.settle(
            message, posts: posts ?? [], audit: answer.isAudited ? [audit(message, answer)] : [], at: clock.now)
        events.publish(.postsQueued(message.key.adapter))
    }

    private func quarantine(_ message: InboundMessage) async throws(CoreError) {
        let answer = Commands.Answer(
            kind: .invalid, decision: "quarantined",
            text: "Reading that message stopped me \(Self.maxAttempts) times, so I have set it aside. "
                + "Please tell whoever runs Petrel; the audit trail has the text.")
        try await settle(message, answer)
    }

    private func audit(_ message: InboundMessage, _ answer: Commands.Answer) -> AuditRecord {
        AuditRecord(
            at: clock.now, kind: .message, user: answer.user ?? "\(message.key.adapter):\(message.sender.id)",
            subject: "\(message.key.adapter) \(message.key.eventID)", decision: answer.decision,
            detail: [
                "channel": .string(message.conversation.channel), "person": .string(message.sender.id),
                "text": .string(String(message.text.prefix(4000))), "reason": Value(answer.reason),
            ])
    }
}

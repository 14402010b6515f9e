import PetrelCore
import PetrelTestKit
import Synchronization
import Testing

/// What every storage driver must do: the sentences of PetrelCore/Ports/Stores.swift, one check each.
///
/// A new driver adds one line to ``StoreConformanceTests``; nothing here is copied for it.
struct StoreConformance {
    /// Opens a storage on a place that stays, for an owner; the same place may be opened again after closing.
    let open: @Sendable (_ owner: String) async throws -> any Storage
    let at = Instant(microseconds: 1_700_000_000_000_000)

    func claim(_ owner: String = "me") -> Claim { Claim(owner: owner, boot: "boot", leaseUntil: at + .seconds(60)) }

    static let address = ReplyAddress(to: Samples.message("act"))

    // MARK: Inbox

    func acceptsOnce() async throws {
        let store = try await open("me")
        let message = Samples.message("date")
        #expect(try await store.accept(message, at: at) == .new)
        #expect(try await store.accept(message, at: at) == .unfinished)
        #expect(try await store.unsettled(limit: 10).isEmpty, "this process has it in hand")
        #expect(try await store.settle(message, posts: [], audit: [], at: at))
        #expect(try await store.accept(message, at: at) == .settled)
    }

    func leavesWhatIsUndecidedToTheNext() async throws {
        let first = try await open("one")
        let messages = (1...3).map { Samples.message("m\($0)\n\"\u{1F426}\"", event: "e\($0)") }
        for (number, message) in messages.enumerated() {
            #expect(try await first.accept(message, at: at + .seconds(number)) == .new)
        }
        #expect(try await first.settle(messages[1], posts: [], audit: [], at: at))
        let next = try await open("two")
        #expect(try await next.unsettled(limit: 10) == [messages[0], messages[2]])
        #expect(try await next.unsettled(limit: 1) == [messages[0]])
        #expect(try await next.beginAgain(messages[0].key) == 2)
        #expect(try await next.beginAgain(messages[0].key) == 3)
        #expect(try await next.accept(messages[0], at: at) == .unfinished)
        #expect(try await next.settle(messages[0], posts: [], audit: [], at: at))
        let last = try await open("three")
        #expect(try await last.unsettled(limit: 10) == [messages[2]])
        #expect(try await last.beginAgain(messages[2].key) == 2)
        #expect(try await last.lastMessageAt(adapter: "fake") == at + .seconds(2))
    }

    func settlesOnce() async throws {
        let store = try await open("me")
        let message = Samples.message("date")
        _ = try await store.accept(message, at: at)
        #expect(try await store.settle(message, posts: [Samples.post("1", to: message)], audit: [], at: at))
        #expect(try await !store.settle(message, posts: [Samples.post("2", to: message)], audit: [], at: at))
        #expect(try await store.duePosts(adapter: "fake", at: at, limit: 10).map(\.post.id.text.last) == ["1"])
    }

    func forgetsOnlySettledMessages() async throws {
        let store = try await open("me")
        let (old, open) = (Samples.message("a", event: "old"), Samples.message("b", event: "open"))
        _ = try await store.accept(old, at: at)
        _ = try await store.accept(open, at: at)
        _ = try await store.settle(old, posts: [], audit: [], at: at + .seconds(9))
        #expect(try await store.lastMessageAt(adapter: "fake") == at)
        let later = try await self.open("later")
        try await later.forgetMessages(before: at + .seconds(1))
        #expect(try await later.accept(old, at: at) == .new)
        #expect(try await later.accept(open, at: at) == .unfinished)
    }

    // MARK: Executions

    func submitsWithAckAndSettlesTheMessage() async throws {
        let store = try await open("me")
        let message = Samples.message("act")
        _ = try await store.accept(message, at: at)
        let execution = Samples.execution(1, replyTo: ReplyAddress(to: message))
        let record = SubmittedExecution(
            execution: execution, message: message, posts: [Samples.post("1", to: message)],
            audit: [AuditRecord(at: at, kind: .submission, user: "ann", subject: "x", decision: "allowed")])
        #expect(try await store.submit(record))
        let again = SubmittedExecution(execution: Samples.execution(2), message: message)
        #expect(try await !store.submit(again))
        #expect(try await store.execution(Samples.execution(2).id) == nil)
        let stored = try #require(try await store.execution(execution.id))
        #expect(stored.status == .requested)
        #expect(stored.parameters == ["n": 1])
        #expect(stored.actionDocument == ["ref": "test.act", "name": "act"])
        #expect(stored.replyTo == ReplyAddress(to: message))
        #expect(try await store.duePosts(adapter: "fake", at: at, limit: 10).count == 1)
        #expect(try await store.auditRecords(limit: 10, offset: 0).map(\.subject) == ["x"])
        #expect(try await store.accept(message, at: at) == .settled)
    }

    func storesWhatEndsAtOnce() async throws {
        let store = try await open("me")
        let message = Samples.message("act")
        func submission(_ number: Int) -> SubmittedExecution {
            var execution = Samples.execution(number, replyTo: ReplyAddress(to: message))
            execution.claim = claim()
            execution.attempt = 1
            execution.status = .running
            return SubmittedExecution(execution: execution, message: message, posts: [Samples.post("1", to: message)])
        }
        func end(_ execution: Execution) -> CompletedAttempt {
            var end = CompletedAttempt(
                attempt: execution.attemptKeyForTest, owner: "me",
                outcome: RunOutcome(status: .succeeded, result: ["n": 1]), at: at + .seconds(1),
                audit: [AuditRecord(at: at, kind: .completion, user: "ann", subject: "x", decision: "succeeded")],
                followUp: SubmittedExecution(execution: Samples.execution(9)))
            end.execution = execution
            end.reply = [Samples.post("2", to: message)]
            return end
        }
        let first = submission(1)
        let ended = try #require(try await store.submit(first, endedBy: end(first.execution)))
        let stored = try #require(try await store.execution(first.execution.id))
        #expect(ended.status == .succeeded && stored.status == .succeeded && stored.claim == nil)
        #expect(stored.result == ["n": 1] && stored.endedAt == at + .seconds(1))
        #expect(try await store.accept(message, at: at) == .settled)
        #expect(try await store.unsentPosts(adapter: "fake", limit: 9).map(\.id.text.last) == ["1", "2"])
        #expect(try await store.auditRecords(limit: 10, offset: 0).map(\.subject) == ["x"])
        #expect(try await store.owedReplies(limit: 1).isEmpty)
        #expect(try await store.owedEnds(limit: 9).isEmpty)
        #expect(try await store.openCounts() == [.requested: 1], "the retry")
        // The message is settled: neither the execution nor its end is stored.
        let second = submission(2)
        #expect(try await store.submit(second, endedBy: end(second.execution)) == nil)
        #expect(try await store.execution(second.execution.id) == nil)
        #expect(try await store.auditRecords(limit: 10, offset: 0).count == 1)
        // Whoever is to hear of ends hears of this one.
        try await store.watchEnds(true)
        var third = submission(3)
        (third.message, third.posts) = (nil, [])
        var last = end(third.execution)
        (last.followUp, last.reply) = (nil, [])
        _ = try await store.submit(third, endedBy: last)
        #expect(try await store.owedEnds(limit: 9).map(\.id) == [third.execution.id])
    }

    func claimsOldestFirstAndOnce() async throws {
        let store = try await open("me")
        for number in [3, 1, 2] { _ = try await store.submit(SubmittedExecution(execution: Samples.execution(number))) }
        let first = try await store.claim(claim(), limit: 2, at: at)
        #expect(first.map(\.id) == [Samples.execution(1).id, Samples.execution(2).id])
        #expect(first.allSatisfy { $0.status == .running && $0.attempt == 1 && $0.claim?.owner == "me" })
        #expect(first[0].log.map(\.status) == [.requested, .scheduled, .running])
        #expect(try await store.claim(claim(), limit: 9, at: at).map(\.id) == [Samples.execution(3).id])
        #expect(try await store.claim(claim(), limit: 9, at: at).isEmpty)
    }

    func twoClaimersNeverGetTheSame() async throws {
        let store = try await open("me")
        for number in 1...40 { _ = try await store.submit(SubmittedExecution(execution: Samples.execution(number))) }
        let claimed = try await withThrowingTaskGroup(of: [ExecutionID].self) { group in
            for owner in 0..<8 {
                group.addTask { try await store.claim(claim("o\(owner)"), limit: 10, at: at).map(\.id) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(claimed.count == 40)
        #expect(Set(claimed).count == 40)
    }

    func completesOnlyTheClaimedAttempt() async throws {
        let store = try await open("me")
        _ = try await store.submit(SubmittedExecution(execution: Samples.execution(1)))
        let running = try #require(try await store.claim(claim(), limit: 1, at: at).first)
        let outcome = RunOutcome(status: .succeeded, result: ["stdout": "hi"])
        func complete(_ number: Int, _ owner: String) async throws -> Execution? {
            try await store.complete(
                CompletedAttempt(
                    attempt: AttemptKey(execution: running.id, number: number), owner: owner, outcome: outcome,
                    at: at + .seconds(2)))
        }
        #expect(try await complete(2, "me") == nil)
        #expect(try await complete(1, "other") == nil)
        let done = try #require(try await complete(1, "me"))
        #expect(done.status == .succeeded && done.claim == nil)
        #expect(try await complete(1, "me") == nil, "terminal is terminal")
        let stored = try #require(try await store.execution(running.id))
        #expect(stored.result == ["stdout": "hi"])
        #expect(stored.elapsed == .seconds(2))
        #expect(stored.log.last?.status == .succeeded)
    }

    func lateCompletionAfterARescueChangesNothing() async throws {
        let store = try await open("me")
        _ = try await store.submit(SubmittedExecution(execution: Samples.execution(1)))
        let first = try #require(try await store.claim(claim("old"), limit: 1, at: at).first)
        #expect(try await store.requeue(first.attemptKeyForTest, owner: "old", at: at))
        let second = try #require(try await store.claim(claim("new"), limit: 1, at: at).first)
        #expect(second.attempt == 2)
        let late = CompletedAttempt(
            attempt: first.attemptKeyForTest, owner: "old", outcome: RunOutcome(status: .failed, result: [:]), at: at)
        #expect(try await store.complete(late) == nil)
        #expect(try await store.execution(first.id)?.status == .running)
        #expect(try await !store.requeue(first.attemptKeyForTest, owner: "old", at: at))
    }

    func adoptsFromTheNamedOwnerOnly() async throws {
        let store = try await open("me")
        _ = try await store.submit(SubmittedExecution(execution: Samples.execution(1)))
        let running = try #require(try await store.claim(claim("dead"), limit: 1, at: at).first)
        #expect(try await store.orphans(notOf: "dead", at: at).isEmpty)
        let late = at + .seconds(3600)
        #expect(try await store.orphans(notOf: "me", at: late).map(\.id) == [running.id])
        #expect(try await !store.adopt(running.attemptKeyForTest, from: "wrong", claim: claim("me")))
        #expect(try await store.adopt(running.attemptKeyForTest, from: "dead", claim: claim("me")))
        #expect(try await !store.adopt(running.attemptKeyForTest, from: "dead", claim: claim("you")))
        let adopted = try #require(try await store.execution(running.id))
        #expect(adopted.claim?.owner == "me" && adopted.claim?.boot == "boot" && adopted.attempt == 1)
    }

    func cancelsWhatWaits() async throws {
        let store = try await open("me")
        _ = try await store.submit(
            SubmittedExecution(execution: Samples.execution(1, replyTo: Self.address)))
        let answer = try await store.requestCancel(Samples.execution(1).id, by: "bob", at: at, audit: [])
        guard case .canceled(let execution) = answer else {
            Issue.record("expected canceled, got \(answer)")
            return
        }
        #expect(execution.status == .canceled)
        #expect(execution.context["cancelled_by"] == "bob")
        let stored = try await store.execution(execution.id)
        #expect(stored?.result == ["message": "Action canceled by user.", "user": "bob"])
        #expect(try await store.claim(claim(), limit: 1, at: at).isEmpty)
        #expect(try await store.owedReplies(limit: 5).map(\.id) == [execution.id])
    }

    func cancelingWinsOverTheOutcome() async throws {
        let store = try await open("me")
        _ = try await store.submit(SubmittedExecution(execution: Samples.execution(1)))
        let running = try #require(try await store.claim(claim(), limit: 1, at: at).first)
        let answer = try await store.requestCancel(running.id, by: "bob", at: at, audit: [])
        guard case .canceling = answer else {
            Issue.record("expected canceling, got \(answer)")
            return
        }
        guard case .alreadyCanceling = try await store.requestCancel(running.id, by: "bob", at: at, audit: []) else {
            Issue.record("expected alreadyCanceling")
            return
        }
        let done = try await store.complete(
            CompletedAttempt(
                attempt: running.attemptKeyForTest, owner: "me",
                outcome: RunOutcome(status: .succeeded, result: ["x": 1]), at: at))
        #expect(done?.status == .canceled)
        guard case .notCancelable = try await store.requestCancel(running.id, by: "bob", at: at, audit: []) else {
            Issue.record("expected notCancelable")
            return
        }
        let unknown = ExecutionID(stored: "ffffffffffffffffffffffff")
        guard case .unknown = try await store.requestCancel(unknown, by: "bob", at: at, audit: []) else {
            Issue.record("expected unknown")
            return
        }
    }

    func keepsLargeResults() async throws {
        let store = try await open("me")
        _ = try await store.submit(SubmittedExecution(execution: Samples.execution(1)))
        let running = try #require(try await store.claim(claim(), limit: 1, at: at).first)
        let large: Value = ["stdout": .string(String(repeating: "0123456789\n", count: 50_000))]
        _ = try await store.complete(
            CompletedAttempt(
                attempt: running.attemptKeyForTest, owner: "me",
                outcome: RunOutcome(status: .succeeded, result: large), at: at))
        let stored = try #require(try await store.execution(running.id))
        #expect(stored.result == large)
        #expect(stored.resultBytes == JSONWriter.bytes(large).count)
    }

    func listsAsAsked() async throws {
        let store = try await open("me")
        for number in 1...5 {
            _ = try await store.submit(
                SubmittedExecution(execution: Samples.execution(number, at: at + .seconds(number))))
        }
        var query = ExecutionQuery()
        query.limit = 2
        let page = try await store.executions(query)
        #expect(page.total == 5)
        #expect(page.executions.map(\.id) == [Samples.execution(5).id, Samples.execution(4).id])
        query.isAscending = true
        query.offset = 1
        #expect(try await store.executions(query).executions.first?.id == Samples.execution(2).id)
        query = ExecutionQuery()
        query.startedAfter = at + .seconds(3)
        #expect(try await store.executions(query).total == 2)
        query = ExecutionQuery()
        query.statuses = [.running]
        #expect(try await store.executions(query).total == 0)
        query.statuses = [.requested]
        query.user = "ann"
        query.action = "test.act"
        query.parent = .some(nil)
        #expect(try await store.executions(query).total == 5)
        query.limit = -1
        #expect(try await store.executions(query).executions.count == 5)
        #expect(try await store.openCounts() == [.requested: 5])
        try await pagesAreParts(of: store)
    }

    /// Each page of each length, either way round, is the part of the whole list that it should be.
    private func pagesAreParts(of store: any Storage) async throws {
        for isAscending in [false, true] {
            var query = ExecutionQuery()
            query.isAscending = isAscending
            query.limit = -1
            let all = try await store.executions(query).executions.map(\.id)
            #expect(all.count == 5)
            for offset in 0...6 {
                for limit in [-1, 0, 1, 2, 5, 9] {
                    (query.offset, query.limit) = (offset, limit)
                    let page = try await store.executions(query)
                    let part = all.dropFirst(offset)
                    #expect(page.executions.map(\.id) == (limit < 0 ? Array(part) : Array(part.prefix(limit))))
                    #expect(page.total == 5)
                }
            }
        }
    }

    // MARK: Outbox

    func owesEachReplyOnce() async throws {
        let store = try await open("me")
        _ = try await store.submit(SubmittedExecution(execution: Samples.execution(1, replyTo: Self.address)))
        _ = try await store.submit(SubmittedExecution(execution: Samples.execution(2)))
        for running in try await store.claim(claim(), limit: 2, at: at) {
            _ = try await store.complete(
                CompletedAttempt(
                    attempt: running.attemptKeyForTest, owner: "me",
                    outcome: RunOutcome(status: .failed, result: ["error": "x"]), at: at))
        }
        let owed = try await store.owedReplies(limit: 10)
        #expect(owed.map(\.id) == [Samples.execution(1).id])
        #expect(owed.first?.result == ["error": "x"])
        let post = Samples.post("9", to: Samples.message("act"))
        #expect(try await store.settleReply(owed[0].id, posts: [post]))
        #expect(try await !store.settleReply(owed[0].id, posts: [post]))
        #expect(try await store.owedReplies(limit: 10).isEmpty)
        #expect(try await store.duePosts(adapter: "fake", at: at, limit: 10).map(\.post) == [post])
    }

    func keepsOrderWithinAConversation() async throws {
        let store = try await open("me")
        let (here, there) = (Samples.message("x", channel: "here"), Samples.message("x", channel: "there"))
        let (first, second) = (Samples.post("1", to: here), Samples.post("2", to: here))
        let other = Samples.post("3", to: there)
        try await store.enqueue([first, second, other])
        func due(_ at: Instant) async throws -> [DeliveryID] {
            try await store.duePosts(adapter: "fake", at: at, limit: 10).map(\.post.id)
        }
        #expect(try await due(at) == [first.id, other.id])
        try await store.recordRetry(first.id, at: at + .seconds(5), reason: "429")
        #expect(try await due(at) == [other.id], "the second waits behind the first")
        #expect(try await store.nextRetry(adapter: "fake") == at + .seconds(5))
        #expect(try await due(at + .seconds(5)) == [first.id, other.id])
        try await store.recordSent(first.id, platformID: "p1", at: at)
        #expect(try await due(at) == [second.id, other.id])
        try await store.recordRefused(second.id, reason: "gone", at: at)
        #expect(try await due(at) == [other.id])
        let counts = try await store.outboxCounts()
        #expect(counts.unsent == 1 && counts.refused == 1)
    }

    func tellsOfCommittedPosts() async throws {
        let store = try await open("me")
        let told = Mutex<[OutboundPost]>([])
        let followed = Mutex<[DeliveryID]>([])
        store.listen(adapter: "fake") { posts in
            told.withLock { $0 += posts }
            return posts.map { post in { followed.withLock { $0.append(post.id) } } }
        }
        let message = Samples.message("act")
        let (first, second) = (Samples.post("1", to: message), Samples.post("2", to: message))
        try await store.enqueue([first])
        try await store.enqueue([first, second])
        #expect(told.withLock(\.self) == [first, second], "each once, in the order of the commits")
        #expect(followed.withLock(\.self) == [first.id, second.id], "before whoever committed goes on")
        #expect(try await store.unsentPosts(adapter: "fake", limit: 9).map(\.id) == [first.id, second.id])
        #expect(try await store.unsentPosts(adapter: "fake", limit: 1).map(\.conversation) == [message.conversation])
        #expect(try await store.platformID(of: first.id) == nil)
        try await store.recordSent(first.id, platformID: "p1", at: at)
        #expect(try await store.platformID(of: first.id) == "p1")
        #expect(try await store.settleReply(Samples.execution(7).id, posts: [Samples.post("3", to: message)]) == false)
        #expect(told.withLock(\.count) == 2, "what is not stored is not told")
        store.listen(adapter: "other") { _ in
            told.withLock { $0 = [] }
            return []
        }
        try await store.enqueue([Samples.post("4", to: message)])
        #expect(told.withLock(\.count) == 3)
    }

    func aReplyIsCommittedWithItsEnd() async throws {
        let store = try await open("me")
        let message = Samples.message("act")
        for number in 1...2 {
            let execution = Samples.execution(number, replyTo: ReplyAddress(to: message))
            _ = try await store.submit(SubmittedExecution(execution: execution))
        }
        let running = try await store.claim(claim(), limit: 2, at: at)
        let posts = running.indices.map { Samples.post("\($0 + 1)", to: message) }
        _ = try await store.requestCancel(running[1].id, by: "ann", at: at, audit: [])
        for (execution, post) in zip(running, posts) {
            var end = CompletedAttempt(
                attempt: AttemptKey(execution: execution.id, number: 1), owner: "me",
                outcome: RunOutcome(status: .succeeded, result: [:]), at: at, owesReply: true)
            end.reply = [post]
            _ = try await store.complete(end)
        }
        #expect(try await store.unsentPosts(adapter: "fake", limit: 9).map(\.id) == [posts[0].id])
        #expect(try await store.owedReplies(limit: 9).map(\.id) == [running[1].id], "one that was canceled says so")
    }

    func postsOfAnEarlierProcessAreDoubtful() async throws {
        let store = try await open("one")
        let message = Samples.message("x")
        try await store.enqueue([Samples.post("1", to: message)])
        #expect(try await store.duePosts(adapter: "fake", at: at, limit: 1).first?.isDoubtful == false)
        let later = try await open("two")
        #expect(try await later.duePosts(adapter: "fake", at: at, limit: 1).first?.isDoubtful == true)
    }

    // MARK: Content, identities, rooms

    func keepsContentAndItsIDs() async throws {
        let store = try await open("me")
        func record(_ id: String, _ ref: String, _ text: Value) -> ContentRecord {
            ContentRecord(
                id: ContentID(stored: id), kind: .action, ref: ref, packPath: "/p", file: "actions/a.yaml", hash: "h",
                document: ["text": text])
        }
        try await store.changeContent(put: [record("a", "p.x", 1), record("b", "p.y", 1)], remove: [], audit: [])
        try await store.changeContent(put: [record("c", "p.x", 2)], remove: [record("b", "p.y", 1)], audit: [])
        let content = try await store.content()
        #expect(content.map(\.ref) == ["p.x"])
        #expect(content.first?.id.text == "a")
        #expect(content.first?.document == ["text": 2])
    }

    func onlyOneAdministratorCanClaim() async throws {
        let store = try await open("me")
        func mapping(_ person: String) -> IdentityMapping {
            IdentityMapping(adapter: "fake", personID: person, user: person, role: .admin)
        }
        #expect(try await !store.hasAdministrator(adapter: "fake"))
        #expect(try await store.mapping(adapter: "fake", personID: "ann") == nil)
        #expect(try await store.claimAdministrator(mapping("ann"), audit: []))
        #expect(try await !store.claimAdministrator(mapping("bob"), audit: []))
        #expect(try await store.mapping(adapter: "fake", personID: "ann")?.role == .admin)
        #expect(try await store.mapping(adapter: "fake", personID: "bob") == nil)
        #expect(try await store.mapping(adapter: "other", personID: "ann") == nil)
    }

    func roomsRememberEachLineOnce() async throws {
        let store = try await open("me")
        keepRooms(store) { _ in }
        let (one, two) = (Samples.message("one", event: "k1"), Samples.message("two", event: "k2"))
        let room = one.conversation.channel
        #expect(try await store.accept(one, at: at) == .new)
        #expect(try await store.roomPost(key: "k1") == nil, "a line comes with the decision")
        #expect(try await store.settle(one, posts: [], audit: [], at: at))
        let first = try #require(try await store.roomPost(key: "k1"))
        #expect(try await !store.settle(one, posts: [], audit: [], at: at))
        #expect(try await store.submit(SubmittedExecution(execution: Samples.execution(1), message: two)))
        let second = try #require(try await store.roomPost(key: "k2"))
        #expect(second.sequence > first.sequence)
        #expect(try await store.roomPosts(room: room, after: first.sequence, limit: 9) == [second])
        #expect(try await store.lastRoomPosts(room: room, limit: 2) == [first, second])
        #expect(await store.writability() == .writable)
    }

    func decidedLinesAreNotLeftOver() async throws {
        let first = try await open("one")
        keepRooms(first) { _ in }
        let messages = (1...3).map { Samples.message("m\($0)", event: "e\($0)") }
        for message in messages { _ = try await first.accept(message, at: at) }
        #expect(try await first.settle(messages[0], posts: [], audit: [], at: at))
        #expect(try await first.submit(SubmittedExecution(execution: Samples.execution(1), message: messages[1])))
        let next = try await open("two")
        keepRooms(next) { _ in }
        #expect(try await next.unsettled(limit: 9) == [messages[2]])
        #expect(try await next.accept(messages[0], at: at) == .settled)
        #expect(try await next.settle(messages[2], posts: [], audit: [], at: at))
        #expect(try await !next.settle(messages[2], posts: [], audit: [], at: at))
        let last = try await open("three")
        #expect(try await last.unsettled(limit: 9).isEmpty)
        #expect(try await last.roomPosts(room: "room", after: 0, limit: 9).map(\.text) == ["m1", "m2", "m3"])
    }

    func aLineThatDeliversAPostRecordsThat() async throws {
        let store = try await open("me")
        let message = Samples.message("act")
        _ = try await store.accept(message, at: at)
        let post = Samples.post("1", to: message)
        #expect(try await store.settle(message, posts: [post], audit: [], at: at))
        let line = RoomPost(room: "r", key: post.id.text, author: "petrel", text: post.text, kind: post.kind, at: at)
        let first = try await store.deliver(line, of: "fake")
        #expect(try await store.duePosts(adapter: message.key.adapter, at: at, limit: 9).isEmpty)
        #expect(try await store.platformID(of: post.id) == String(first.sequence))
        #expect(try await store.deliver(line, of: "fake") == first)
        #expect(try await store.roomPosts(room: "r", after: 0, limit: 9) == [first])
        // What somebody said under the id of a post is not that post.
        let theirs = Samples.message("mine", event: "theirs", channel: "r")
        keepRooms(store) { _ in }
        #expect(try await store.settle(theirs, posts: [], audit: [], at: at))
        var other = line
        other.key = "theirs"
        await #expect(throws: CoreError.self) { try await store.deliver(other, of: "fake") }
        // Nor is a message one that has the key of a post, or of what somebody else said.
        for key in [post.id.text, "theirs"] {
            let clash = Samples.message("date", event: key, channel: "elsewhere")
            #expect(try await !store.submit(SubmittedExecution(execution: Samples.execution(2), message: clash)))
        }
        #expect(try await store.execution(Samples.execution(2).id) == nil)
        #expect(try await store.roomPosts(room: "r", after: 0, limit: 9).count == 2)
    }

    /// Has what goes to the adapter `fake` kept as lines.
    private func keepRooms(_ store: any Storage, told: @escaping @Sendable (RoomPost) -> Void) {
        store.keepRooms(
            of: "fake",
            said: { message in
                RoomPost(
                    room: message.conversation.channel, key: message.key.eventID, author: message.sender.id,
                    text: message.text, at: message.sentAt)
            }, posted: Self.line, told: told)
    }

    @Sendable private static func line(_ post: OutboundPost) -> RoomPost {
        RoomPost(
            room: post.to.conversation.channel, key: post.id.text, author: "petrel", text: post.text,
            kind: post.kind, at: Instant(microseconds: 1_700_000_000_000_000))
    }

    func postsToRoomsThatItKeepsAreLines() async throws {
        let store = try await open("me")
        let told = Mutex<[RoomPost]>([])
        let listened = Mutex<[OutboundPost]>([])
        store.listen(adapter: "fake") { posts in
            listened.withLock { $0 += posts }
            return []
        }
        let (room, elsewhere) = (Samples.message("act"), Samples.message("act", event: "e2", channel: "elsewhere"))
        let early = Samples.post("1", to: room)
        try await store.enqueue([early])
        keepRooms(store) { line in told.withLock { $0.append(line) } }
        let (behind, beside) = (Samples.post("2", to: room), Samples.post("3", to: elsewhere))
        try await store.enqueue([behind, beside])
        #expect(listened.withLock(\.self) == [early, behind], "what waits is not overtaken")
        #expect(told.withLock { $0.map(\.key) } == [beside.id.text])
        for post in [early, behind] { _ = try await store.deliver(Self.line(post), of: "fake") }
        let last = Samples.post("4", to: room)
        _ = try await store.accept(room, at: at)
        #expect(try await store.settle(room, posts: [last], audit: [], at: at))
        #expect(try await store.settle(room, posts: [Samples.post("5", to: room)], audit: [], at: at) == false)
        let lines = try await store.roomPosts(room: room.conversation.channel, after: 0, limit: 9)
        #expect(lines.map(\.key) == [early.id.text, behind.id.text, room.key.eventID, last.id.text])
        #expect(try await store.platformID(of: last.id) == nil, "the line is all that there is of it")
        #expect(try await store.unsentPosts(adapter: "fake", limit: 9).isEmpty)
        #expect(told.withLock(\.self).suffix(4) == lines, "each once, as it is stored, in their order")
        #expect(told.withLock(\.count) == 5 && listened.withLock(\.count) == 2)
    }

    func everythingSurvivesReopening() async throws {
        let store = try await open("one")
        let message = Samples.message("act")
        _ = try await store.accept(message, at: at)
        _ = try await store.submit(SubmittedExecution(execution: Samples.execution(1)))
        try await store.record([AuditRecord(at: at, kind: .service, user: "", subject: "s", decision: "started")])
        let later = try await open("two")
        #expect(try await later.unsettled(limit: 1) == [message])
        #expect(try await later.execution(Samples.execution(1).id)?.status == .requested)
        #expect(try await later.auditRecords(limit: 1, offset: 0).first?.decision == "started")
    }

    func findsChildren() async throws {
        let store = try await open("me")
        for (number, parent) in [(1, nil), (2, 1), (3, 2), (4, 1)] as [(Int, Int?)] {
            var execution = Samples.execution(number, at: at + .seconds(number))
            execution.parent = parent.map { Samples.execution($0).id }
            _ = try await store.submit(SubmittedExecution(execution: execution))
        }
        let root = Samples.execution(1).id
        let all = [2, 3, 4].map { Samples.execution($0).id }
        #expect(try await store.children(of: root, depth: -1, limit: 100).map(\.id) == all)
        #expect(try await store.children(of: root, depth: 1, limit: 100).map(\.id) == [all[0], all[2]])
        #expect(try await store.executionFacets().actions == ["test.act"])
    }

    func forgetsOldExecutions() async throws {
        let store = try await open("me")
        for number in 1...3 {
            _ = try await store.submit(SubmittedExecution(execution: Samples.execution(number)))
            guard number < 3, let mine = try await store.claim(claim(), limit: 1, at: at).first else { continue }
            let outcome = RunOutcome(
                status: .succeeded, result: ["stdout": .string(String(repeating: "x", count: 100_000))])
            _ = try await store.complete(
                CompletedAttempt(
                    attempt: AttemptKey(execution: mine.id, number: 1), owner: "me", outcome: outcome,
                    at: at + .seconds(number * 100)))
        }
        #expect(try await store.forgetExecutions(endedBefore: at + .seconds(150), limit: 10) == 1)
        #expect(try await store.forgetExecutions(endedBefore: at + .seconds(150), limit: 10) == 0)
        #expect(try await store.execution(Samples.execution(1).id) == nil)
        // The same output, still named by the other one.
        #expect(try await store.execution(Samples.execution(2).id)?.result?["stdout"]?.string?.count == 100_000)
        #expect(try await store.execution(Samples.execution(3).id)?.status == .requested)
    }

    func holdsBackDelayed() async throws {
        let store = try await open("me")
        var execution = Samples.execution(1)
        execution.delay = .seconds(10)
        _ = try await store.submit(SubmittedExecution(execution: execution))
        #expect(try await store.claim(claim(), limit: 1, at: at + .seconds(9)).isEmpty)
        #expect(try await store.claim(claim(), limit: 1, at: at + .seconds(10)).count == 1)
    }

    func keepsTokens() async throws {
        let store = try await open("me")
        let token = AccessToken(id: "1", user: "ann", hash: "h", expiresAt: at, metadata: ["a": 1])
        try await store.addToken(token, audit: [])
        #expect(try await store.token(hash: "h") == token)
        #expect(try await store.token(hash: "g") == nil)
        try await store.forgetTokens(endedBefore: at)
        #expect(try await store.token(hash: "h") == token)
        try await store.forgetTokens(endedBefore: at + .seconds(1))
        #expect(try await store.token(hash: "h") == nil)
        #expect(try await !store.removeToken(hash: "h", audit: []))
    }

    func keepsAPIKeys() async throws {
        let store = try await open("me")
        var key = APIKey(id: "1", user: "ann", hash: "h", metadata: [:], isEnabled: true, createdAt: at)
        #expect(try await store.addAPIKey(key, audit: []) == nil)
        #expect(try await store.addAPIKey(key, audit: []) == "1")
        key.isEnabled = false
        #expect(try await store.changeAPIKey(key, audit: []))
        #expect(try await store.apiKey("h") == key)
        #expect(try await store.apiKey("1") == key)
        #expect(try await store.apiKeys(user: "bob", limit: 10, offset: 0).total == 0)
        #expect(try await store.apiKeys(user: nil, limit: 10, offset: 0).keys == [key])
        #expect(try await store.removeAPIKey("1", audit: []))
        #expect(try await !store.removeAPIKey("1", audit: []))
        #expect(try await !store.changeAPIKey(key, audit: []))
    }

    func chainsTheAuditTrail() async throws {
        let store = try await open("me")
        #expect(try await store.auditVerdict().problem == nil)
        for number in 1...20 {
            try await store.record([
                AuditRecord(
                    at: at + .seconds(number), kind: .service, user: "", subject: "\(number)", decision: "started")
            ])
        }
        let before = try await store.auditVerdict()
        #expect(before.problem == nil && before.rows >= 20)
        try await store.forgetAudit(before: at + .seconds(11))
        let after = try await store.auditVerdict()
        #expect(after == AuditVerdict(rows: 10, problem: nil))
        try await store.forgetAudit(before: at + .seconds(1000))
        try await store.record([AuditRecord(at: at, kind: .service, user: "", subject: "s", decision: "stopped")])
        #expect(try await store.auditVerdict().problem == nil)
    }

    func manyAtOnceAllArrive() async throws {
        let store = try await open("me")
        await withTaskGroup(of: Void.self) { group in
            for number in 1...300 {
                group.addTask {
                    let message = Samples.message("m\(number)", event: "e\(number)")
                    _ = try? await store.accept(message, at: at)
                    let execution = Samples.execution(number, replyTo: ReplyAddress(to: message))
                    _ = try? await store.submit(SubmittedExecution(execution: execution, message: message))
                }
            }
        }
        #expect(try await store.openCounts() == [.requested: 300])
        #expect(try await store.unsettled(limit: 10).isEmpty)
    }
}

extension Execution {
    /// The attempt that runs.
    var attemptKeyForTest: AttemptKey { AttemptKey(execution: id, number: attempt) }
}

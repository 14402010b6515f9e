import PetrelCore
import PetrelEngine
import PetrelStore
import PetrelTestKit
import Testing

/// Randomness that repeats itself never, but is none.
private final class CountingRandom: RandomSource {
    private let ids = CountingIDs()
    func bytes(_ count: Int) -> [UInt8] { Array((ids.next() + ids.next() + ids.next()).utf8.suffix(count)) }
}

@Suite("Credentials")
struct CredentialsTests {
    private let engine: EngineFixture
    private let credentials: Credentials

    init() throws {
        engine = try EngineFixture()
        credentials = Credentials(
            options: .init(maxTokenLife: .seconds(3600), defaultRole: .operator), store: engine.store,
            digest: PlainDigest(), random: CountingRandom(), clock: engine.clock, ids: engine.ids)
    }

    private func reason(_ body: () async throws(CoreError) -> Credentials.Grant) async -> String? {
        do throws(CoreError) {
            _ = try await body()
            return nil
        } catch { return error.message }
    }

    @Test("a token speaks for its user until it ends")
    func tokenLife() async throws {
        let made = try await credentials.makeToken(for: "ann", life: .seconds(60))
        let token = made.secret.reveal()
        #expect(try await credentials.grant(token: token).identity == Identity(user: "ann", role: .operator))
        engine.clock.advance(by: .seconds(61))
        #expect(
            await reason { () async throws(CoreError) in try await credentials.grant(token: token) }
                == "Token has expired.")
    }

    @Test("no token lives longer than the setting says")
    func tokenLimit() async throws {
        let error = await #expect(throws: CoreError.self) {
            try await credentials.makeToken(for: "ann", life: .seconds(3601))
        }
        #expect(error?.message == "TTL specified 3601 is greater than max allowed 3600.")
    }

    @Test("a revoked token is refused at once, though it was just used")
    func revoked() async throws {
        let token = try await credentials.makeToken(for: "ann", life: nil).secret.reveal()
        _ = try await credentials.grant(token: token)
        #expect(try await credentials.revoke(token: token, by: "ann"))
        #expect(
            await reason { () async throws(CoreError) in try await credentials.grant(token: token) }
                == "Unable to find a token.")
        #expect(try await !credentials.revoke(token: token, by: "ann"))
    }

    @Test("a disabled key is refused at once, and accepted again when it is enabled")
    func keys() async throws {
        let made = try await credentials.makeAPIKey(for: "bot", metadata: ["for": "tests"], by: "ann")
        let secret = try #require(made.secret?.reveal())
        #expect(try await credentials.grant(apiKey: secret).identity.user == "bot")
        var key = made.key
        key.isEnabled = false
        #expect(try await credentials.change(key, by: "ann"))
        #expect(
            await reason { () async throws(CoreError) in try await credentials.grant(apiKey: secret) }
                == "API key is disabled.")
        key.isEnabled = true
        #expect(try await credentials.change(key, by: "ann"))
        #expect(try await credentials.grant(apiKey: secret).identity.user == "bot")
        #expect(try await credentials.remove(key, by: "ann"))
        #expect(await reason { () async throws(CoreError) in try await credentials.grant(apiKey: secret) } != nil)
    }

    @Test("neither the token nor the key is stored, only digests")
    func digestsOnly() async throws {
        let token = try await credentials.makeToken(for: "ann", life: nil)
        let key = try await credentials.makeAPIKey(for: "ann", metadata: [:], by: "ann")
        #expect(try await engine.store.token(hash: token.secret.reveal()) == nil)
        #expect(try await engine.store.apiKey(key.secret?.reveal() ?? "") == nil)
        #expect(try await credentials.apiKey(key.secret?.reveal() ?? "")?.id == key.key.id)
    }

    @Test("the digest of a key is no key")
    func digestIsNoKey() async throws {
        let made = try await credentials.makeAPIKey(for: "ann", metadata: [:], by: "ann")
        #expect(
            await reason { () async throws(CoreError) in try await credentials.grant(apiKey: made.key.hash) } != nil)
        #expect(await reason { () async throws(CoreError) in try await credentials.grant(apiKey: made.key.id) } != nil)
    }
}

@Suite("Log-ins")
struct LogInsTests {
    /// Knows one password.
    private struct OnePassword: PasswordBackend {
        func isValid(_ password: Secret<String>, of user: String) async throws(CoreError) -> Bool {
            if user == "down" { throw CoreError(.unavailable, "no answer") }
            return user == "ann" && password.reveal() == "right"
        }
    }

    private let engine: EngineFixture
    private let logIns: LogIns

    init() throws {
        engine = try EngineFixture()
        logIns = LogIns(backend: OnePassword(), audit: engine.store, clock: engine.clock)
    }

    private func answer(_ password: String, user: String = "ann", from address: String = "10.0.0.1") async
        -> LogIns.Answer
    {
        await logIns.check(user: user, password: Secret(password), address: address)
    }

    @Test("after five wrong passwords even the right one must wait a minute")
    func slowedDown() async {
        for _ in 1...5 { #expect(await answer("wrong") == .wrong) }
        #expect(await answer("right") == .wait(.seconds(60)))
        engine.clock.advance(by: .seconds(61))
        #expect(await answer("right") == .welcome)
    }

    @Test("right passwords use up no tries")
    func rightOnes() async {
        for _ in 1...30 { #expect(await answer("right") == .welcome) }
    }

    @Test("one address gets twenty tries for all users together, and others are not held up")
    func addresses() async {
        for number in 1...20 { #expect(await answer("wrong", user: "user\(number)") == .wrong) }
        guard case .wait = await answer("right") else {
            Issue.record("the address was not slowed down")
            return
        }
        #expect(await answer("right", from: "10.0.0.2") == .welcome)
    }

    @Test("a flood of guesses at once gets no more tries than one after another")
    func flood() async {
        let answers = await withTaskGroup(of: LogIns.Answer.self) { group in
            for _ in 1...200 { group.addTask { await answer("wrong") } }
            return await group.reduce(into: [LogIns.Answer]()) { $0.append($1) }
        }
        #expect(answers.count { $0 == .wrong } == 5)
        print("login-flood tries=200 checked=\(answers.count { $0 == .wrong })")
    }

    @Test("a back-end that is down counts against nobody")
    func down() async {
        for _ in 1...10 { #expect(await answer("x", user: "down") == .unavailable(reason: "no answer")) }
    }

    @Test("refused log-ins are in the audit trail, without the password")
    func audited() async throws {
        _ = await answer("hunter2")
        let record = try #require(try await engine.store.auditRecords(limit: 1, offset: 0).first)
        #expect(record.kind == .credential && record.decision == "refused" && record.user == "ann")
        #expect(!JSONWriter.text(.object(record.detail)).contains("hunter2"))
    }
}

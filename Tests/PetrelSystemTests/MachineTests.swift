import PetrelCore
import PetrelSystem
import Testing

@Suite("The machine")
struct MachineTests {
    @Test("ids are 24 hexadecimal digits, rise strictly and tell the second")
    func ids() {
        let source = SystemIDs()
        let ids = (0..<20_000).map { _ in source.next() }
        #expect(ids.allSatisfy { ContentID($0) != nil })
        #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
        let seconds = SystemClock().now.microseconds / 1_000_000
        #expect(abs((Int64(ids[0].prefix(8), radix: 16) ?? 0) - seconds) < 60)
    }

    @Test("ids rise from many tasks at once, and none comes twice")
    func idsFromManyTasks() async {
        let source = SystemIDs()
        let all = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<8 { group.addTask { (0..<2000).map { _ in source.next() } } }
            return await group.reduce(into: [String]()) { $0 += $1 }
        }
        #expect(Set(all).count == 16_000)
    }

    @Test("ids rise also when the clock stands still or goes back")
    func idsWithBadClock() {
        struct BackwardClock: PetrelClock {
            let ticks = SystemIDs()
            var now: Instant { Instant(microseconds: Int64.random(in: 1_700_000_000_000_000...1_700_000_000_000_009)) }
            func sleep(for duration: Duration) async throws {}
        }
        let source = SystemIDs(clock: BackwardClock())
        let ids = (0..<2000).map { _ in source.next() }
        #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test("digests equal the published vectors")
    func digests() {
        let digest = SystemDigest()
        #expect(digest.sha256([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            digest.sha256(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        // RFC 4231, case 2.
        #expect(
            digest.hmacSHA256(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(digest.hmacSHA256([], key: []).count == 64)
    }

    @Test("random bytes are as many as asked for, and never the same")
    func random() {
        let source = SystemRandom()
        #expect(source.bytes(0).isEmpty)
        #expect(source.bytes(32).count == 32)
        #expect(source.bytes(32) != source.bytes(32))
    }

    @Test("the machine says its boot, and the process its user")
    func identity() {
        #expect(bootID().count == 36)
        #expect(!currentUserName().isEmpty)
        #expect(currentEnvironment()["PATH"] != nil)
    }

    @Test(
        "passwords are checked against bcrypt and SHA-512-crypt",
        arguments: [
            "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
        ])
    func passwords(hash: String) async {
        let password = hash.hasPrefix("$2") ? "U*U" : "Hello world!"
        #expect(await PasswordHash.verify(password, against: hash))
        #expect(await !PasswordHash.verify(password + "x", against: hash))
        #expect(await !PasswordHash.verify("", against: hash))
    }

    @Test("a hash of an unknown kind fits no password", arguments: ["", "*", "*0", "plain", "$9$a$b", "$2b$05$short"])
    func badHashes(hash: String) async {
        #expect(await !PasswordHash.verify("plain", against: hash))
    }

    @Test("the websocket library is there and can be set up")
    func websockets() {
        #expect(WebSocketLibrary.version.hasPrefix("4."))
        #expect(WebSocketLibrary.isUsable)
    }
}

import PetrelCore
import PetrelSystem
import PetrelTestKit
import Synchronization
import Testing

@testable import PetrelAdapters

@Suite("Parts that the adapters share")
struct SharedPartsTests {
    private let start = Instant(microseconds: 1_700_000_000_000_000)

    @Test("a bucket lets a burst through and then keeps the pace")
    func pace() {
        var buckets = PaceBuckets()
        let limit = PaceLimit(perSecond: 1, burst: 3)
        let waits = (0..<5).map { _ in buckets.reserve("a", limit, at: start) }
        #expect(waits == [.zero, .zero, .zero, .seconds(1), .seconds(2)])
        #expect(buckets.reserve("b", limit, at: start) == .zero)
        #expect(buckets.reserve("a", limit, at: start + .seconds(60)) == .zero)
    }

    @Test("a pause that the platform asked for holds everything under its key back")
    func pause() {
        var buckets = PaceBuckets()
        buckets.pause("a", until: start + .seconds(7), at: start)
        #expect(buckets.reserve("a", nil, at: start) == .seconds(7))
        #expect(buckets.reserve("a", PaceLimit(perSecond: 1, burst: 3), at: start) == .seconds(7))
        #expect(buckets.reserve("a", nil, at: start + .seconds(8)) == .zero)
        #expect(buckets.reserve("b", nil, at: start) == .zero)
    }

    @Test("whoever would wait long for a turn is told to come again")
    func comeAgain() async {
        let pacing = SendPacing(isPaced: true, clock: ManualClock())
        pacing.pause("a", for: .seconds(90))
        await #expect(throws: PlatformFailure.limited(after: .seconds(90))) {
            try await pacing.wait("a", PaceLimit(perSecond: 1, burst: 1))
        }
    }

    @Test("the jobs of a channel are done in order, those of others beside them")
    func lanes() async {
        let lanes = ChannelLanes(maxJobs: 4)
        let done = Mutex<[String]>([])
        await withDiscardingTaskGroup { group in
            for number in 0..<40 {
                await lanes.waitForRoom()
                let channel = number.isMultiple(of: 2) ? "even" : "odd"
                let isFirst = lanes.add(channel) {
                    await Task.yield()
                    done.withLock { $0.append("\(channel) \(number)") }
                }
                if isFirst { group.addTask { await lanes.work(on: channel) } }
            }
        }
        let lines = done.withLock(\.self)
        #expect(lines.filter { $0.hasPrefix("even") } == (0..<20).map { "even \($0 * 2)" })
        #expect(lines.filter { $0.hasPrefix("odd") } == (0..<20).map { "odd \($0 * 2 + 1)" })
    }

    @Test("a map of recent keys forgets the oldest")
    func recent() {
        var map = RecentMap<Int, String>(capacity: 3)
        for number in 0..<5 { map.set(number, "\(number)") }
        map.set(3, "three")
        #expect(map[1] == nil && map[2] == "2" && map[3] == "three" && map[4] == "4")
        map.set(5, "5")
        #expect(map[2] == nil && map.count == 3)
    }

    @Test("a catch-up that is asked for while one runs is done after it, from the earlier time")
    func catchUps() async {
        let queue = CatchUpQueue()
        let runs = Mutex<[Instant]>([])
        await queue.run(since: start) { since in
            runs.withLock { $0.append(since) }
            if runs.withLock(\.count) == 1 {
                await queue.run(since: start - .seconds(5)) { _ in }
                await queue.run(since: start - .seconds(9)) { _ in }
            }
        }
        #expect(runs.withLock(\.self) == [start, start - .seconds(9)])
    }

    @Test("a form is read as it was written")
    func forms() {
        let fields = [(name: "text", value: "a & b = ü + %"), (name: "x", value: "")]
        #expect(WebBody.fields(of: WebBody.form(fields)) == ["text": "a & b = ü + %", "x": ""])
        #expect(WebBody.fields(of: Array("a=%4&b=%zz&c".utf8)) == ["a": "%4", "b": "%zz", "c": ""])
        #expect(WebBody.safeFileName("../a\"\r\nb.txt") == "..ab.txt")
    }

    @Test("a time stamp of Slack is a time, to the microsecond, and nothing else is one")
    func stamps() {
        #expect(SlackTime("1700000000.000123")?.instant == Instant(microseconds: 1_700_000_000_000_123))
        #expect(SlackTime(Instant(microseconds: 1_700_000_000_000_123)).text == "1700000000.000123")
        for text in ["", "1", "1.5", "a.000000", "1.00000x", "-1.000000", "1.000000.0", "99999999999999.000000"] {
            #expect(SlackTime(text) == nil, "\(text)")
        }
    }

    @Test("a connection that ends is opened again, one that is refused after a minute")
    func connections() async {
        let clock = HurriedClock(factor: 200)
        let health = ConnectionHealth(clock: clock)
        let attempts = Mutex<[Instant]>([])
        let loop = ConnectionLoop(health: health, clock: clock)
        let running = Task {
            await loop.run(seed: 7) { isReady throws(PlatformFailure) in
                let number = attempts.withLock { attempts in
                    attempts.append(clock.now)
                    return attempts.count
                }
                switch number {
                case 1: throw .notSent("nobody there")
                case 2: isReady()
                case 3: throw .denied("a wrong password")
                default:
                    isReady()
                    try? await clock.sleep(for: .seconds(100_000))
                }
            }
        }
        #expect(await comesToHold(within: .seconds(60)) { health.current.connections == 2 })
        running.cancel()
        await running.value
        let times = attempts.withLock(\.self)
        #expect(times.count == 4 && times[3] - times[2] >= .seconds(60))
        #expect(health.current.state == .stopped && health.current.lastError == "a wrong password")
    }

    @Test("an answer goes to whoever asked under its key, and nobody waits for ever")
    func pending() async throws {
        let answers = PendingAnswers<Int>()
        let clock = SystemClock()
        let early = try await answers.ask("a", within: .seconds(20), clock: clock) { () throws(PlatformFailure) in
            #expect(answers.answer("a", 1))
        }
        #expect(early == 1 && !answers.answer("a", 2))
        let late = try await answers.ask("b", within: .milliseconds(20), clock: clock) { () throws(PlatformFailure) in }
        #expect(late == nil)
        await #expect(throws: PlatformFailure.notSent("x")) {
            _ = try await answers.ask("c", within: .seconds(20), clock: clock) { () throws(PlatformFailure) in
                throw .notSent("x")
            }
        }
        #expect(!answers.answer("c", 3))
        async let first = answers.ask("d", within: .seconds(20), clock: clock) { () throws(PlatformFailure) in }
        async let second = answers.ask("d", within: .seconds(20), clock: clock) { () throws(PlatformFailure) in }
        // Either may not have asked yet.
        while !Task.isCancelled {
            answers.answerAll(4)
            try await clock.sleep(for: .milliseconds(2))
            if await comesToHold(within: .milliseconds(20), { !answers.answer("d", 4) }) { break }
        }
        let both = try await [first, second]
        #expect(both == [4, 4])
    }
}

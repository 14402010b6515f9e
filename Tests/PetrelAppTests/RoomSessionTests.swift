import PetrelCore
import Testing

@testable import PetrelApp

@Suite("Posts on a terminal")
struct PostRenderingTests {
    private let plain = PostRendering(style: .plain, width: 40)

    @Test("people stand before their words, Petrel's answers behind a bar")
    func kinds() {
        #expect(plain.lines(.said("ann", "hello\nthere")) == ["ann> hello", "     there"])
        #expect(plain.lines(.answer(.result, "done\nok", .succeeded)) == ["  ▎ done", "  ▎ ok"])
    }

    @Test(
        "the bar has the colour of the kind",
        arguments: [
            (PostKind.ack, nil, "  \u{1B}[2m▎\u{1B}[0m \u{1B}[2mx\u{1B}[0m"),
            (.result, .succeeded, "  \u{1B}[32m▎\u{1B}[0m x"), (.result, .failed, "  \u{1B}[31m▎\u{1B}[0m x"),
            (.result, .timeout, "  \u{1B}[31m▎\u{1B}[0m x"), (.refused, nil, "  \u{1B}[33m▎\u{1B}[0m x"),
            (.invalid, nil, "  \u{1B}[33m▎\u{1B}[0m x"), (.unmatched, nil, "  \u{1B}[33m▎\u{1B}[0m x"),
            (.answer, nil, "  \u{1B}[36m▎\u{1B}[0m x"), (.notice, nil, "  \u{1B}[36m▎\u{1B}[0m x"),
        ] as [(PostKind, ExecutionStatus?, String)])
    func colors(kind: PostKind, status: ExecutionStatus?, expected: String) {
        #expect(PostRendering(style: .colored, width: 40).lines(.answer(kind, "x", status)) == [expected])
    }

    @Test("names and texts can't steer the terminal")
    func hostile() {
        let lines =
            plain.lines(.said("\u{1B}[2Jann\r", "x\u{1B}]0;t\u{7}\r\u{9B}1A"))
            + plain.lines(.answer(.result, "\u{1B}[1A\u{1B}[2K fake\n> ok\u{8}", .failed))
        #expect(lines == ["␛[2Jann␍> x␛]0;t␇␍<U+009B>1A", "  ▎ ␛[1A␛[2K fake", "  ▎ > ok␈"])
    }

    @Test("long lines are folded at blanks, and behind the bar")
    func folding() {
        let text = "aaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbb 世界世界世界世界世界世界世界世界世界世界"
        let lines = plain.lines(.answer(.answer, text, nil))
        #expect(
            lines == [
                "  ▎ aaaaaaaaaaaaaaaaaaaaaaaaa", "  ▎ bbbbbbbbbbbbbbbbbb", "  ▎ 世界世界世界世界世界世界世界世界世界", "  ▎ 世界",
            ])
        #expect(lines.allSatisfy { DisplayWidth.of($0) <= 40 })
    }

    @Test("a post of many lines is cut")
    func manyLines() {
        let lines = plain.lines(.answer(.result, String(repeating: "x\n", count: 5000), .succeeded))
        #expect(lines.count == PostRendering.maxLines + 1)
        #expect(lines.last == "  ▎ … 3001 more lines")
    }
}

@Suite("Prompt")
struct PromptRenderingTests {
    private func draw(_ text: String, width: Int = 30, left: Int = 0, running: Duration? = nil) -> String {
        var editor = LineEditor()
        editor.replace(with: text)
        for _ in 0..<left { _ = editor.take(.left) }
        return PromptRendering(style: .plain, width: width).draw(editor, label: "petrel>", runningFor: running)
    }

    @Test("the cursor stands behind what was typed, or where it was moved to")
    func cursor() {
        #expect(draw("ping") == "\rpetrel> ping\u{1B}[K\r\u{1B}[12C")
        #expect(draw("世界", left: 1) == "\rpetrel> 世界\u{1B}[K\r\u{1B}[10C")
        #expect(draw("") == "\rpetrel> \u{1B}[K\r\u{1B}[8C")
    }

    @Test("it shows how long something has been running")
    func running() { #expect(draw("a", running: .seconds(72)) == "\r… running 1m12s petrel> a\u{1B}[K\r\u{1B}[25C") }

    @Test("a line longer than the terminal is shown around the cursor, in one row")
    func window() {
        let long = "0123456789abcdefghijklmnopqrstuvwxyz"
        #expect(draw(long) == "\rpetrel> ghijklmnopqrstuvwxyz\u{1B}[K\r\u{1B}[28C")
        #expect(draw(long, left: 36) == "\rpetrel> 0123456789abcdefghijk\u{1B}[K\r\u{1B}[8C")
        #expect(draw(long, width: 5) == "\rpetrel> tuvwxyz\u{1B}[K\r\u{1B}[15C")
    }

    @Test("times read as people say them", arguments: [(0, "0s"), (59, "59s"), (185, "3m05s"), (7620, "2h07m")])
    func times(seconds: Int, text: String) { #expect(PromptRendering.text(.seconds(seconds)) == text) }
}

@Suite("Room session")
struct RoomSessionTests {
    private let start = Instant(microseconds: 1_700_000_000_000_000)
    private func session(history: [String] = []) -> RoomSession {
        RoomSession(label: "petrel>", prefix: "!", history: history, style: .plain, width: 60)
    }
    private let prompt = "\rpetrel> \u{1B}[K\r\u{1B}[8C"

    @Test("a line that is entered is sent and remembered, and the prompt is empty again")
    func send() {
        var session = session()
        #expect(
            session.take(.keys([.text("ping"), .enter]), at: start)
                == [.post("ping"), .remember("ping"), .write(prompt)])
        #expect(session.take(.keys([.text("ping"), .enter]), at: start) == [.post("ping"), .write(prompt)])
    }

    @Test("posts appear above the prompt, which keeps what is being typed")
    func incoming() {
        var session = session()
        _ = session.take(.keys([.text("de")]), at: start)
        #expect(
            session.take(.posts([.said("bob", "hi", sequence: 4)]), at: start)
                == [.write("\r\u{1B}[Jbob> hi\r\n\rpetrel> de\u{1B}[K\r\u{1B}[10C")])
    }

    @Test("a post that was shown is not shown again")
    func seen() {
        var session = session()
        _ = session.take(.posts([.said("bob", "hi", sequence: 4)]), at: start)
        #expect(session.take(.posts([.said("bob", "hi", sequence: 4)]), at: start) == [])
    }

    @Test("while something asked here runs, the prompt tells how long")
    func running() {
        var session = session()
        _ = session.take(.posted(key: "k"), at: start)
        #expect(session.isWaiting)
        let shown = session.take(.tick, at: start + .seconds(12))
        #expect(shown == [.write("\r… running 12s petrel> \u{1B}[K\r\u{1B}[22C")])
        _ = session.take(.posts([.answer(.ack, "on it", nil, to: "k", sequence: 1)]), at: start)
        #expect(session.isWaiting)
        _ = session.take(.posts([.answer(.result, "ok", .succeeded, to: "k", sequence: 2, isFinal: true)]), at: start)
        #expect(!session.isWaiting)
        #expect(session.take(.tick, at: start) == [])
    }

    @Test("an answer may be seen before the message is known to have arrived")
    func race() {
        var session = session()
        _ = session.take(.posts([.answer(.answer, "pong", nil, to: "k", sequence: 2, isFinal: true)]), at: start)
        _ = session.take(.posted(key: "k"), at: start)
        #expect(!session.isWaiting)
    }

    @Test("a line that could not be sent comes back")
    func failure() {
        var session = session()
        let effects = session.take(.postFailed(text: "ping", AppError(.unreachable, "gone")), at: start)
        #expect(
            effects == [.write("\r\u{1B}[J  not sent: gone\r\n\rpetrel> ping\u{1B}[K\r\u{1B}[12C")])
    }

    @Test("a lost connection is told once, and when it is back")
    func connection() {
        var session = session()
        let problem = AppError(.unreachable, "gone")
        #expect(
            session.take(.connectionLost(problem), at: start)
                == [.write("\r\u{1B}[J  gone; trying again …\r\n" + prompt)])
        #expect(session.take(.connectionLost(problem), at: start) == [])
        #expect(session.take(.connectionBack, at: start) == [.write("\r\u{1B}[J  connected again\r\n" + prompt)])
        #expect(session.take(.connectionBack, at: start) == [])
    }

    @Test("control-D and a lost terminal leave")
    func leave() {
        var session = session()
        #expect(session.take(.keys([.control("d")]), at: start).last == .leave)
        #expect(session.take(.inputEnded, at: start).last == .leave)
    }

    @Test("a new width redraws the prompt within it")
    func resize() {
        var session = session()
        _ = session.take(.keys([.text("0123456789abcdefghijklmnopqrstuvwxyz")]), at: start)
        #expect(
            session.take(.resized(width: 30), at: start)
                == [.write("\rpetrel> ghijklmnopqrstuvwxyz\u{1B}[K\r\u{1B}[28C")])
    }
}

@Suite("Room terminal")
struct RoomTerminalTests {
    @Test("what is typed reaches the room, its answer the screen, and leaving ends it all")
    func conversation() async {
        let room = FakeRoom()
        let device = FakeDevice()
        let terminal = RoomTerminal(
            connection: room, device: device, clock: StillClock(), style: .plain, commands: { ["ping"] })
        async let ended: Void = terminal.run()
        await device.waitUntilWritten("petrel> ")
        device.type("ping\r")
        await device.waitUntilWritten("  ▎ pong")
        #expect(await room.said == ["ping"])
        device.type("\u{4}")
        await ended
        #expect(device.isClosed)
    }

    @Test("a line that was entered just before leaving is still sent")
    func farewell() async {
        let room = FakeRoom()
        let device = FakeDevice()
        let terminal = RoomTerminal(connection: room, device: device, clock: StillClock(), style: .plain)
        async let ended: Void = terminal.run()
        device.type("ping\r\u{4}")
        await ended
        #expect(await room.said == ["ping"])
    }

    @Test("a cancelled task gives the terminal back")
    func cancellation() async {
        let device = FakeDevice()
        let task = Task {
            await RoomTerminal(connection: FakeRoom(), device: device, clock: StillClock(), style: .plain).run()
        }
        await device.waitUntilWritten("petrel> ")
        task.cancel()
        await task.value
        #expect(device.isClosed)
    }
}

extension RoomPost {
    /// Something a person said.
    static func said(_ author: String, _ text: String, sequence: Int = 1) -> RoomPost {
        RoomPost(
            sequence: sequence, room: "r", key: "\(sequence)", author: author, text: text, at: Instant(microseconds: 0))
    }

    /// Something Petrel answered.
    static func answer(
        _ kind: PostKind, _ text: String, _ status: ExecutionStatus?, to key: String = "k", sequence: Int = 1,
        isFinal: Bool = false
    ) -> RoomPost {
        RoomPost(
            sequence: sequence, room: "r", key: "a\(sequence)", inReplyTo: key, author: "petrel", text: text,
            kind: kind, status: status, isFinal: isFinal, at: Instant(microseconds: 0))
    }
}

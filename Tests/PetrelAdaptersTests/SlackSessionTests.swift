import PetrelCore
import Testing

@testable import PetrelAdapters

@Suite("The session with Slack")
struct SlackSessionTests {
    private let start = Instant(microseconds: 1_700_000_000_000_000)

    /// A session and the socket that it is connected by.
    private func connected() -> (SlackSession, Int) {
        var session = SlackSession(seed: 7)
        let socket = opened(session.begin())
        _ = session.handle(.opened(socket), at: start)
        _ = session.handle(.hello(socket), at: start)
        return (session, socket)
    }

    private func opened(_ actions: [SlackSession.Action]) -> Int {
        for case .open(let id) in actions { return id }
        Issue.record("nothing is opened: \(actions)")
        return -1
    }

    private func waiting(_ actions: [SlackSession.Action]) -> (Duration, Int)? {
        for case .wait(let pause, let timer) in actions { return (pause, timer) }
        return nil
    }

    @Test("it is connected with the hello, and fetches what was missed since the last stored message")
    func begins() {
        var session = SlackSession(seed: 7)
        let actions = session.begin()
        #expect(actions.first == .enter(.connecting))
        let socket = opened(actions)
        #expect(session.handle(.opened(socket), at: start).count == 1)
        #expect(session.current == nil)
        #expect(session.handle(.hello(socket), at: start) == [.enter(.connected), .catchUp(since: nil)])
        #expect(session.current == socket)
    }

    @Test("before a refresh the new socket is opened, and the old one goes after the new one's hello")
    func refreshes() {
        for reason in ["warning", "refresh_requested", "something_new"] {
            var (session, old) = connected()
            let new = opened(session.handle(.disconnect(old, reason: reason), at: start))
            #expect(session.readable == [old])
            #expect(session.handle(.disconnect(old, reason: "refresh_requested"), at: start).isEmpty)
            _ = session.handle(.opened(new), at: start)
            #expect(session.handle(.hello(new), at: start) == [.enter(.connected), .retire(old)])
            #expect(session.handle(.closed(old, why: "", lastHeard: start), at: start).isEmpty)
            #expect(session.current == new)
        }
    }

    @Test("when the old socket goes before the new one's hello, what was missed between is fetched")
    func gapInRefresh() {
        var (session, old) = connected()
        let new = opened(session.handle(.disconnect(old, reason: "refresh_requested"), at: start))
        #expect(
            session.handle(.closed(old, why: "", lastHeard: start), at: start + .seconds(1)) == [.enter(.connecting)])
        _ = session.handle(.opened(new), at: start + .seconds(1))
        #expect(
            session.handle(.hello(new), at: start + .seconds(2)) == [.enter(.connected), .catchUp(since: start)])
    }

    @Test("a lost socket is replaced soon, and what was missed is fetched from when it was last heard")
    func loses() throws {
        var (session, socket) = connected()
        let end = start + .seconds(100)
        let actions = session.handle(.closed(socket, why: "reset", lastHeard: end - .seconds(9)), at: end)
        #expect(actions.contains(.note(error: "reset")))
        let (pause, timer) = try #require(waiting(actions))
        #expect(pause < .milliseconds(500))
        let next = opened(session.handle(.timer(timer), at: end))
        _ = session.handle(.opened(next), at: end)
        #expect(session.handle(.hello(next), at: end) == [.enter(.connected), .catchUp(since: end - .seconds(9))])
    }

    @Test("attempts that fail are repeated ever more rarely, once a minute at last")
    func backsOff() throws {
        var session = SlackSession(seed: 7)
        var socket = opened(session.begin())
        var pauses: [Duration] = []
        for _ in 0..<10 {
            let (wait, timer) = try #require(waiting(session.handle(.openFailed(socket, .notSent("x")), at: start)))
            pauses.append(wait)
            socket = opened(session.handle(.timer(timer), at: start))
        }
        for (index, pause) in pauses.enumerated() {
            let whole = min(60.0, Double(1 << index))
            #expect(pause.inSeconds >= whole / 2 && pause.inSeconds <= whole)
        }
    }

    @Test("a bad token and a switched-off app are tried again once a minute, and are reported")
    func refused() throws {
        var session = SlackSession(seed: 7)
        let socket = opened(session.begin())
        let actions = session.handle(.openFailed(socket, .denied("invalid_auth")), at: start)
        #expect(actions.contains(.enter(.refused)) && actions.contains(.note(error: "invalid_auth")))
        #expect(try #require(waiting(actions)).0 == .seconds(60))
        var (other, open) = connected()
        let switchedOff = other.handle(.disconnect(open, reason: "link_disabled"), at: start)
        #expect(switchedOff.contains(.enter(.refused)) && switchedOff.contains(.drop(open)))
        #expect(try #require(waiting(switchedOff)).0 == .seconds(60))
        #expect(waiting(other.handle(.closed(open, why: "", lastHeard: start), at: start)) == nil)
    }

    @Test("a limit on opening connections is obeyed")
    func limited() throws {
        var session = SlackSession(seed: 7)
        let socket = opened(session.begin())
        let actions = session.handle(.openFailed(socket, .limited(after: .seconds(40))), at: start)
        #expect(try #require(waiting(actions)).0 == .seconds(40))
    }

    @Test("a socket that says no hello is given up")
    func silent() throws {
        var session = SlackSession(seed: 7)
        let socket = opened(session.begin())
        let (limit, timer) = try #require(waiting(session.handle(.opened(socket), at: start)))
        #expect(limit == .seconds(10))
        #expect(session.handle(.timer(timer), at: start + limit).contains(.drop(socket)))
        #expect(session.handle(.hello(socket), at: start).isEmpty)
    }

    @Test("too many connections: the old one goes first, without one it is tried again later")
    func tooMany() throws {
        var session = SlackSession(seed: 7)
        let socket = opened(session.begin())
        _ = session.handle(.opened(socket), at: start)
        let actions = session.handle(.disconnect(socket, reason: "too_many_websockets"), at: start)
        #expect(try #require(waiting(actions)).0 == .seconds(10))
        var (other, old) = connected()
        let new = opened(other.handle(.disconnect(old, reason: "warning"), at: start))
        _ = other.handle(.opened(new), at: start)
        let swap = other.handle(.disconnect(new, reason: "too_many_websockets"), at: start)
        #expect(swap.contains(.retire(old)))
        #expect(try #require(waiting(swap)).0 == .seconds(1))
    }
}

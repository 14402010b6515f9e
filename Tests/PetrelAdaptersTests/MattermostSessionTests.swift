import PetrelCore
import Testing

@testable import PetrelAdapters

@Suite("The session with Mattermost")
struct MattermostSessionTests {
    private typealias Session = MattermostSession
    private let start = Instant(microseconds: 1_700_000_000_000_000)

    private func opened(_ actions: [Session.Action]) -> (Int, Session.Resumption?) {
        for case .open(let id, let resumption) in actions { return (id, resumption) }
        Issue.record("nothing is opened: \(actions)")
        return (-1, nil)
    }

    private func timer(_ actions: [Session.Action]) -> Int {
        for case .wait(_, let timer) in actions { return timer }
        Issue.record("nothing is waited for: \(actions)")
        return -1
    }

    /// A session that is connected and has received the events up to a number.
    private func connected(_ last: Int = 4) -> (Session, Int) {
        var session = Session(seed: 3)
        let (socket, _) = opened(session.begin())
        _ = session.handle(.opened(socket), at: start)
        _ = session.receive(on: socket, sequence: 0, hello: "c1", at: start)
        for number in 1...last { _ = session.receive(on: socket, sequence: number, at: start) }
        return (session, socket)
    }

    private func reconnected(_ session: inout Session, after socket: Int) -> (Int, Session.Resumption?) {
        let lost = session.handle(.closed(socket, why: "reset", lastHeard: start), at: start + .seconds(1))
        let (next, resumption) = opened(session.handle(.timer(timer(lost)), at: start + .seconds(2)))
        _ = session.handle(.opened(next), at: start + .seconds(2))
        return (next, resumption)
    }

    @Test("it is connected with the hello, and fetches what was missed since the last stored message")
    func begins() {
        var session = Session(seed: 3)
        let (socket, resumption) = opened(session.begin())
        #expect(resumption == nil)
        _ = session.handle(.opened(socket), at: start)
        let (reading, actions) = session.receive(on: socket, sequence: 0, hello: "c1", at: start)
        #expect(reading == .handle)
        #expect(actions == [.enter(.connected), .catchUp(since: nil)])
        #expect(session.handle(.replied(socket, isAuthenticated: true), at: start).isEmpty)
    }

    @Test("after a loss it goes on from the next number, and nothing is fetched")
    func resumes() {
        var (session, socket) = connected()
        let (next, resumption) = reconnected(&session, after: socket)
        #expect(resumption == Session.Resumption(connection: "c1", sequence: 5))
        #expect(session.handle(.replied(next, isAuthenticated: true), at: start) == [.enter(.connected)])
        #expect(session.receive(on: next, sequence: 5, at: start).0 == .handle)
    }

    @Test("when the server can't go on, what was missed is fetched from when it was last heard")
    func begunAnew() {
        var (session, socket) = connected()
        let (next, _) = reconnected(&session, after: socket)
        let (_, actions) = session.receive(on: next, sequence: 0, hello: "c2", at: start + .seconds(3))
        #expect(actions == [.enter(.connected), .catchUp(since: start)])
        #expect(session.receive(on: next, sequence: 1, at: start).0 == .handle)
    }

    @Test("an event that was received before is left out, a missing one ends the connection")
    func numbers() {
        var (session, socket) = connected(4)
        #expect(session.receive(on: socket, sequence: 4, at: start).0 == .skip)
        #expect(session.receive(on: socket, sequence: 5, at: start).0 == .handle)
        let (reading, actions) = session.receive(on: socket, sequence: 9, at: start)
        #expect(reading == .gap)
        #expect(actions == [.note(error: "3 events are missing"), .drop(socket)])
        #expect(reconnected(&session, after: socket).1?.sequence == 6)
    }

    @Test(
        "a server that did not see the header is told who we are; a token that it does not know is tried once a minute")
    func authenticates() {
        var session = Session(seed: 3)
        let (socket, _) = opened(session.begin())
        _ = session.handle(.opened(socket), at: start)
        #expect(session.handle(.replied(socket, isAuthenticated: false), at: start) == [.authenticate(socket)])
        let actions = session.handle(.replied(socket, isAuthenticated: false), at: start)
        #expect(actions.contains(.enter(.refused)) && actions.contains(.drop(socket)))
        #expect(actions.contains { if case .wait(.seconds(60), _) = $0 { true } else { false } })
    }

    @Test("a server that says nothing is given up")
    func silent() {
        var session = Session(seed: 3)
        let (socket, _) = opened(session.begin())
        let limit = timer(session.handle(.opened(socket), at: start))
        let actions = session.handle(.timer(limit), at: start + .seconds(10))
        #expect(actions.contains(.drop(socket)))
        #expect(session.handle(.closed(socket, why: "", lastHeard: start), at: start).isEmpty)
    }
}

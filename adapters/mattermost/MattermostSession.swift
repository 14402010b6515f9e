import PetrelCore

/// The life of the connection to Mattermost: what comes next after each thing that happens to it.
///
/// The server numbers what it sends. After a loss it is asked to go on from the next number; when it can't, it says hello
/// under a new connection id, and what was missed is fetched by REST.
struct MattermostSession: Sendable {
    typealias SocketID = Int
    typealias TimerID = Int

    /// Where a connection is to go on.
    struct Resumption: Sendable, Hashable {
        var connection: String
        /// The number that the next event should have.
        var sequence: Int
    }

    /// Something that happened.
    enum Event: Sendable {
        /// A socket has been opened; word from the server is awaited.
        case opened(SocketID)
        case openFailed(SocketID, PlatformFailure)
        /// The server has answered our first action.
        case replied(SocketID, isAuthenticated: Bool)
        /// The socket is gone; `lastHeard` is when something last came over it.
        case closed(SocketID, why: String, lastHeard: Instant)
        case timer(TimerID)
    }

    /// Something to be done.
    enum Action: Sendable, Hashable {
        case open(SocketID, Resumption?)
        /// Say who we are, in the way for servers that did not see the header.
        case authenticate(SocketID)
        case wait(Duration, TimerID)
        case drop(SocketID)
        /// Fetch what was said since then; nil: since what is stored.
        case catchUp(since: Instant?)
        case enter(AdapterHealth.State)
        case note(error: String)
    }

    /// Whether an event that was received is to be handled.
    enum Reading: Sendable, Hashable {
        case handle
        /// It was received before.
        case skip
        /// Events before it are missing.
        case gap
    }

    private enum State: Hashable {
        case waiting(TimerID)
        case opening(SocketID)
        /// Open; the server must say something before the timer.
        case greeting(SocketID, deadline: TimerID, hasAuthenticated: Bool)
        case live(SocketID, since: Instant)
    }

    private static let greetingLimit = Duration.seconds(10)
    private var state = State.waiting(0)
    private var lastID = 0
    private var pacing: ReconnectPacing
    private var resumption: Resumption?
    private var gapSince: Instant?
    private var hasBeenConnected = false

    init(seed: UInt64) { pacing = ReconnectPacing(seed: seed) }

    /// The first thing to do.
    mutating func begin() -> [Action] { [.enter(.connecting)] + openNow() }

    /// Takes in that an event came, before it is handled.
    /// - Parameters:
    ///   - sequence: its number.
    ///   - hello: the connection id, if the event is a hello; it begins the numbers anew.
    mutating func receive(
        on id: SocketID, sequence: Int?, hello: String? = nil, at now: Instant
    ) -> (Reading, [Action]) {
        guard id == socket else { return (.skip, []) }
        if let hello {
            let isNew = hello != resumption?.connection
            resumption = Resumption(connection: hello, sequence: (sequence ?? 0) + 1)
            return (.handle, connected(id, isNew: isNew, at: now))
        }
        let actions = connected(id, isNew: false, at: now)
        guard let sequence, let expected = resumption?.sequence else { return (.handle, actions) }
        if sequence < expected { return (.skip, actions) }
        if sequence > expected {
            // The server, asked to go on from there, sends them again or says that it can't.
            return (.gap, actions + [.note(error: "\(sequence - expected) events are missing"), .drop(id)])
        }
        resumption?.sequence = sequence + 1
        return (.handle, actions)
    }

    /// The socket that is read.
    private var socket: SocketID? {
        switch state {
        case .greeting(let id, _, _), .live(let id, _): id
        case .waiting, .opening: nil
        }
    }

    /// Takes in what happened.
    mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        switch event {
        case .opened(let id):
            guard case .opening(id) = state else { return [.drop(id)] }
            let deadline = newID()
            state = .greeting(id, deadline: deadline, hasAuthenticated: false)
            return [.wait(Self.greetingLimit, deadline)]
        case .openFailed(let id, let failure): return openFailed(id, failure)
        case .replied(let id, isAuthenticated: true): return connected(id, isNew: false, at: now)
        case .replied(let id, isAuthenticated: false): return authenticate(id)
        case .closed(let id, let why, let lastHeard): return closed(id, why: why, lastHeard: lastHeard, at: now)
        case .timer(let id): return timer(id)
        }
    }

    private mutating func openFailed(_ id: SocketID, _ failure: PlatformFailure) -> [Action] {
        guard case .opening(id) = state else { return [] }
        let note = Action.note(error: failure.text)
        switch failure {
        case .denied: return [note, .enter(.refused)] + wait(ReconnectPacing.refusedPause)
        case .limited(let pause): return [note, .enter(.connecting)] + wait(max(pause, pacing.pauseAfterFailure()))
        case .refused:
            // Such as a connection id that the server can't make sense of.
            resumption = nil
            return [note, .enter(.connecting)] + wait(pacing.pauseAfterFailure())
        case .notSent, .doubtful: return [note, .enter(.connecting)] + wait(pacing.pauseAfterFailure())
        }
    }

    private mutating func authenticate(_ id: SocketID) -> [Action] {
        guard case .greeting(id, let deadline, let hasAuthenticated) = state else { return [] }
        guard !hasAuthenticated else {
            return [.drop(id)] + refused("the server does not accept the token")
        }
        state = .greeting(id, deadline: deadline, hasAuthenticated: true)
        return [.authenticate(id)]
    }

    private mutating func refused(_ text: String) -> [Action] {
        resumption = nil
        return [.note(error: text), .enter(.refused)] + wait(ReconnectPacing.refusedPause)
    }

    /// The server has spoken; a hello after a gap says that what happened in it is lost to this connection.
    private mutating func connected(_ id: SocketID, isNew: Bool, at now: Instant) -> [Action] {
        switch state {
        case .greeting(id, _, _):
            state = .live(id, since: now)
            pacing.succeeded()
            // Without a hello the server goes on where it stopped: nothing is missed.
            if !isNew { gapSince = nil }
            return [.enter(.connected)] + (isNew ? catchUp(at: now) : [])
        case .live(id, _): return isNew ? catchUp(at: now) : []
        default: return []
        }
    }

    private mutating func catchUp(at now: Instant) -> [Action] {
        defer {
            gapSince = nil
            hasBeenConnected = true
        }
        return [.catchUp(since: hasBeenConnected ? gapSince ?? now : nil)]
    }

    private mutating func closed(_ id: SocketID, why: String, lastHeard: Instant, at now: Instant) -> [Action] {
        switch state {
        case .greeting(id, _, hasAuthenticated: true):
            // That is how the server answers a token that it does not know.
            return refused("the server does not accept the token: \(why)")
        case .greeting(id, _, hasAuthenticated: false):
            return [.note(error: "the connection ended before the server spoke: \(why)"), .enter(.connecting)]
                + wait(pacing.pauseAfterFailure())
        case .live(id, let since):
            gapSince = min(gapSince ?? lastHeard, lastHeard)
            return [.note(error: why), .enter(.connecting)] + wait(pacing.pauseAfterLoss(of: now - since))
        default: return []
        }
    }

    private mutating func timer(_ id: TimerID) -> [Action] {
        switch state {
        case .waiting(id): return openNow()
        case .greeting(let socket, deadline: id, _):
            return [.note(error: "the server said nothing"), .enter(.connecting), .drop(socket)]
                + wait(pacing.pauseAfterFailure())
        default: return []
        }
    }

    private mutating func openNow() -> [Action] {
        let id = newID()
        state = .opening(id)
        return [.open(id, resumption)]
    }

    private mutating func wait(_ pause: Duration) -> [Action] {
        let id = newID()
        state = .waiting(id)
        return [.wait(pause, id)]
    }

    private mutating func newID() -> Int {
        lastID += 1
        return lastID
    }
}

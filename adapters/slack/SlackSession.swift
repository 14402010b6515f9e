import PetrelCore

/// The life of the connection to Slack: what comes next after each thing that happens to it.
///
/// At most one socket is in use (`current`) and at most one is being opened. When Slack announces that it will close the
/// socket in use, the next one is opened first; the old one is still read until the new one has said hello.
struct SlackSession: Sendable {
    typealias SocketID = Int
    typealias TimerID = Int

    /// Something that happened.
    enum Event: Sendable {
        /// A socket has been opened; its hello is awaited.
        case opened(SocketID)
        case openFailed(SocketID, PlatformFailure)
        case hello(SocketID)
        /// Slack will close the socket, for a reason of its own.
        case disconnect(SocketID, reason: String)
        /// The socket is gone; `lastHeard` is when something last came over it.
        case closed(SocketID, why: String, lastHeard: Instant)
        case timer(TimerID)
    }

    /// Something to be done.
    enum Action: Sendable, Hashable {
        /// Ask for an address and open a socket there.
        case open(SocketID)
        /// Report the timer after a while.
        case wait(Duration, TimerID)
        /// Let what came over it be acknowledged, then close it.
        case retire(SocketID)
        /// Close it now.
        case drop(SocketID)
        /// Fetch what was said since then; nil: since what is stored.
        case catchUp(since: Instant?)
        case enter(AdapterHealth.State)
        case note(error: String)
    }

    private struct Socket {
        /// When it said hello.
        var liveSince: Instant?
        /// Slack has said that it will close it, or a newer one took its place.
        var isLeaving = false
    }

    /// What is under way towards the next socket.
    private enum Next: Hashable {
        case none
        case waiting(TimerID)
        /// Opened by `open`; it must say hello before the timer.
        case opening(SocketID, deadline: TimerID?)
    }

    private static let helloLimit = Duration.seconds(10)
    private static let tooManyPause = Duration.seconds(10)
    private var sockets: [SocketID: Socket] = [:]
    private var next = Next.none
    private var lastID = 0
    private var pacing: ReconnectPacing
    /// When something was last heard before the gap that lasts; nil while a socket is in use, or at the start.
    private var gapSince: Instant?
    private var hasBeenConnected = false

    init(seed: UInt64) { pacing = ReconnectPacing(seed: seed) }

    /// The socket in use.
    var current: SocketID? { sockets.first { $0.value.liveSince != nil && !$0.value.isLeaving }?.key }

    /// Sockets that are read, the one to acknowledge over first.
    var readable: [SocketID] {
        sockets.filter { $0.value.liveSince != nil }.sorted { !$0.value.isLeaving && $1.value.isLeaving }.map(\.key)
    }

    /// The first thing to do.
    mutating func begin() -> [Action] { [.enter(.connecting)] + openNow() }

    /// Takes in what happened.
    mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        switch event {
        case .opened(let id): opened(id)
        case .openFailed(let id, let failure): openFailed(id, failure)
        case .hello(let id): hello(id, at: now)
        case .disconnect(let id, let reason): disconnect(id, reason: reason)
        case .closed(let id, let why, let lastHeard): closed(id, why: why, lastHeard: lastHeard, at: now)
        case .timer(let id): timer(id)
        }
    }

    private mutating func opened(_ id: SocketID) -> [Action] {
        guard case .opening(id, _) = next else { return [.drop(id)] }
        let deadline = newID()
        next = .opening(id, deadline: deadline)
        sockets[id] = Socket()
        return [.wait(Self.helloLimit, deadline)]
    }

    private mutating func openFailed(_ id: SocketID, _ failure: PlatformFailure) -> [Action] {
        guard case .opening(id, _) = next else { return [] }
        next = .none
        switch failure {
        case .denied:
            return [.note(error: failure.text)] + enter(.refused) + wait(ReconnectPacing.refusedPause)
        case .limited(let pause):
            let own = pacing.pauseAfterFailure()
            return [.note(error: failure.text)] + enter(.connecting) + wait(max(pause, own))
        case .notSent, .doubtful, .refused:
            return [.note(error: failure.text)] + enter(.connecting) + wait(pacing.pauseAfterFailure())
        }
    }

    private mutating func hello(_ id: SocketID, at now: Instant) -> [Action] {
        guard let socket = sockets[id], socket.liveSince == nil else { return [] }
        let hadOne = sockets.contains { $0.value.liveSince != nil }
        let leaving = sockets.keys.filter { $0 != id }
        for other in leaving { sockets[other]?.isLeaving = true }
        sockets[id]?.liveSince = now
        if case .opening(id, _) = next { next = .none }
        pacing.succeeded()
        defer {
            gapSince = nil
            hasBeenConnected = true
        }
        let missed: [Action] = hadOne ? [] : [.catchUp(since: hasBeenConnected ? gapSince ?? now : nil)]
        return [.enter(.connected)] + missed + leaving.sorted().map(Action.retire)
    }

    private mutating func disconnect(_ id: SocketID, reason: String) -> [Action] {
        guard let socket = sockets[id] else { return [] }
        switch reason {
        case "link_disabled":
            // Nothing will come over any socket until somebody switches Socket Mode on again.
            let others = Array(sockets.keys).sorted().map(Action.drop)
            for other in sockets.keys { sockets[other]?.isLeaving = true }
            next = .none
            return [.note(error: "Socket Mode is switched off for this app"), .enter(.refused)] + others
                + wait(ReconnectPacing.refusedPause)
        case "too_many_websockets" where socket.liveSince == nil:
            // Our own old one may be the one too many.
            next = .none
            sockets[id]?.isLeaving = true
            let old = sockets.keys.filter { $0 != id && sockets[$0]?.isLeaving == true }.sorted()
            return [.note(error: "the app has too many connections already"), .drop(id)] + old.map(Action.retire)
                + wait(old.isEmpty ? Self.tooManyPause : .seconds(1))
        default:
            sockets[id]?.isLeaving = true
            return next == .none && current == nil ? openNow() : []
        }
    }

    private mutating func closed(_ id: SocketID, why: String, lastHeard: Instant, at now: Instant) -> [Action] {
        guard let socket = sockets.removeValue(forKey: id) else { return [] }
        guard let liveSince = socket.liveSince else {
            guard case .opening(id, _) = next else { return [] }
            next = .none
            return [.note(error: "the connection ended before its hello: \(why)")] + enter(.connecting)
                + wait(pacing.pauseAfterFailure())
        }
        // While another live socket is read nothing is missed.
        guard !sockets.contains(where: { $0.value.liveSince != nil }) else { return [] }
        gapSince = min(gapSince ?? lastHeard, lastHeard)
        var actions = socket.isLeaving ? [] : [Action.note(error: why)]
        if case .waiting = next {} else { actions += enter(.connecting) }
        guard next == .none else { return actions }
        return actions + wait(pacing.pauseAfterLoss(of: now - liveSince))
    }

    private mutating func timer(_ id: TimerID) -> [Action] {
        switch next {
        case .waiting(id): return openNow()
        case .opening(let socket, deadline: id):
            next = .none
            sockets[socket] = nil
            return [.note(error: "Slack sent no hello"), .drop(socket)] + enter(.connecting)
                + wait(pacing.pauseAfterFailure())
        default: return []
        }
    }

    /// While a socket is in use the connection stands, whatever happens to the next one.
    private func enter(_ state: AdapterHealth.State) -> [Action] {
        sockets.contains { $0.value.liveSince != nil } ? [] : [.enter(state)]
    }

    private mutating func openNow() -> [Action] {
        let id = newID()
        next = .opening(id, deadline: nil)
        return [.open(id)]
    }

    private mutating func wait(_ pause: Duration) -> [Action] {
        let id = newID()
        next = .waiting(id)
        return [.wait(pause, id)]
    }

    private mutating func newID() -> Int {
        lastID += 1
        return lastID
    }
}

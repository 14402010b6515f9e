/// When a websocket is to be pinged, and when it counts as dead: times in, actions out.
struct WebSocketVitals {
    typealias Moment = ContinuousClock.Instant

    enum Action: Hashable {
        /// Nothing to do before ``WebSocketVitals/nextDeadline``.
        case wait
        case ping
        /// Nothing at all came for the silence limit.
        case silent
        /// What was written has not gone out for the silence limit.
        case stalled
        /// The handshake or the closing took too long.
        case tooLate
    }

    private enum Phase {
        /// From the start to the end of the handshake.
        case connecting(until: Moment)
        case open
        /// From the wish to close to the end of the connection.
        case closing(until: Moment)
    }

    private let pingInterval: Duration
    private let silenceLimit: Duration
    private var phase: Phase
    private var lastHeard: Moment
    private var lastPing: Moment
    private var stalledSince: Moment?
    private var isPaused = false

    init(pingInterval: Duration, silenceLimit: Duration, now: Moment, connectTimeout: Duration) {
        self.pingInterval = pingInterval
        self.silenceLimit = silenceLimit
        phase = .connecting(until: now + connectTimeout)
        lastHeard = now
        lastPing = now
    }

    mutating func opened(at now: Moment) {
        phase = .open
        lastHeard = now
    }

    mutating func heard(at now: Moment) { lastHeard = max(lastHeard, now) }

    /// Reading was stopped, so silence says nothing; or it goes on.
    mutating func paused(_ isPaused: Bool, at now: Moment) {
        self.isPaused = isPaused
        lastHeard = now
    }

    /// What was written last is still on its way to the system, or has gone out.
    mutating func writing(isStalled: Bool, at now: Moment) {
        stalledSince = isStalled ? stalledSince ?? now : nil
    }

    mutating func closing(at now: Moment, for timeout: Duration) {
        if case .closing = phase { return }
        phase = .closing(until: now + timeout)
    }

    /// What is due now.
    mutating func action(at now: Moment) -> Action {
        switch phase {
        case .connecting(let end), .closing(let end): return now >= end ? .tooLate : .wait
        case .open: break
        }
        if let stalledSince, now >= stalledSince + silenceLimit { return .stalled }
        guard !isPaused else { return .wait }
        if now >= lastHeard + silenceLimit { return .silent }
        guard now >= max(lastHeard, lastPing) + pingInterval else { return .wait }
        lastPing = now
        return .ping
    }

    /// When to ask for an action again, at the latest.
    var nextDeadline: Moment {
        switch phase {
        case .connecting(let end), .closing(let end): return end
        case .open: break
        }
        let silence = isPaused ? lastHeard + .seconds(3600) : lastHeard + silenceLimit
        let ping = isPaused ? silence : max(lastHeard, lastPing) + pingInterval
        return min(silence, ping, stalledSince.map { $0 + silenceLimit } ?? silence)
    }
}

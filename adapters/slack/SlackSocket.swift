import PetrelCore
import PetrelSystem
import Synchronization

/// One Socket Mode connection and what was received over it and is not acknowledged yet.
final class SlackSocket: Sendable {
    private struct State {
        var inFlight = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }
    let id: SlackSession.SocketID
    let connection: WebSocketConnection
    private let state = Mutex(State())

    init(id: SlackSession.SocketID, connection: WebSocketConnection) {
        self.id = id
        self.connection = connection
    }

    func begin() { state.withLock { $0.inFlight += 1 } }

    func end() {
        let waiters = state.withLock { state in
            state.inFlight -= 1
            guard state.inFlight == 0 else { return [] as [CheckedContinuation<Void, Never>] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until all that came over it is acknowledged, at most so long, then closes it.
    func retire(within limit: Duration, clock: any PetrelClock) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.waitUntilIdle() }
            group.addTask {
                try? await clock.sleep(for: limit)
                self.wake()
            }
            await group.next()
            group.cancelAll()
            self.wake()
        }
        await connection.close(code: 1000, reason: "")
    }

    private func waitUntilIdle() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.inFlight == 0 { return true }
                state.waiters.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
    }

    private func wake() {
        let waiters = state.withLock { state in
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

/// The sockets that are open, at most two.
final class SlackSockets: Sendable {
    private let sockets = Mutex<[SlackSession.SocketID: SlackSocket]>([:])

    init() {}

    func add(_ socket: SlackSocket) { sockets.withLock { $0[socket.id] = socket } }
    func remove(_ id: SlackSession.SocketID) { sockets.withLock { $0[id] = nil } }
    func socket(_ id: SlackSession.SocketID) -> SlackSocket? { sockets.withLock { $0[id] } }
    /// The newest but the given one.
    func another(than id: SlackSession.SocketID) -> SlackSocket? {
        sockets.withLock { $0.filter { $0.key != id }.max { $0.key < $1.key }?.value }
    }
}

import PetrelCore
import Synchronization

/// Those who wait for the next line of a room; the commit that adds one hands it to them.
final class RoomWaiters: Sendable {
    /// One who waits from ``begin(room:after:)`` on, so that no line falls between a look into the store and the wait.
    struct Wait: Sendable {
        fileprivate let room: String
        fileprivate let id: Int
    }

    private struct Waiter {
        var after: Int
        /// What came first, until it is asked for.
        var line: RoomPost?
        var end = Instant(microseconds: .max)
        var continuation: CheckedContinuation<RoomPost?, Never>?
    }

    private struct State {
        var rooms: [String: [Int: Waiter]] = [:]
        var lastID = 0
    }

    private let state = Mutex(State())

    /// Waits for a line behind one; to be ended with ``end(_:)``.
    func begin(room: String, after: Int) -> Wait {
        state.withLock { state in
            state.lastID += 1
            state.rooms[room, default: [:]][state.lastID] = Waiter(after: after)
            return Wait(room: room, id: state.lastID)
        }
    }

    /// The first line that came since the wait began; nil when the time is over, or the task is cancelled.
    func line(_ wait: Wait, until end: Instant) async -> RoomPost? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard var waiter = state.rooms[wait.room]?[wait.id], waiter.line == nil else { return true }
                    waiter.end = end
                    waiter.continuation = continuation
                    state.rooms[wait.room]?[wait.id] = waiter
                    return false
                }
                if isOver { continuation.resume(returning: state.withLock { $0.rooms[wait.room]?[wait.id]?.line }) }
            }
        } onCancel: {
            self.end(wait)
        }
    }

    /// Ends a wait; whoever still waits gets nothing.
    func end(_ wait: Wait) {
        let waiter = state.withLock { state in
            let waiter = state.rooms[wait.room]?.removeValue(forKey: wait.id)
            if state.rooms[wait.room]?.isEmpty ?? false { state.rooms[wait.room] = nil }
            return waiter
        }
        waiter?.continuation?.resume(returning: nil)
    }

    /// Hands a line to whoever waits for it; the first that comes is the next one, for lines come in their order.
    func add(_ line: RoomPost) {
        let woken = state.withLock { state in
            var woken: [CheckedContinuation<RoomPost?, Never>] = []
            for (id, waiter) in state.rooms[line.room] ?? [:] where waiter.after < line.sequence && waiter.line == nil {
                state.rooms[line.room]?[id]?.line = line
                guard let continuation = waiter.continuation else { continue }
                state.rooms[line.room]?[id]?.continuation = nil
                woken.append(continuation)
            }
            return woken
        }
        for continuation in woken { continuation.resume(returning: line) }
    }

    /// Ends the waits whose time is over.
    func endWaits(at now: Instant) {
        let over = state.withLock { state in
            state.rooms.flatMap { room, waiters in
                waiters.filter { $0.value.end <= now }.keys.map { Wait(room: room, id: $0) }
            }
        }
        for wait in over { end(wait) }
    }

    /// How many wait for lines of a room.
    func count(room: String) -> Int { state.withLock { $0.rooms[room]?.count ?? 0 } }
}

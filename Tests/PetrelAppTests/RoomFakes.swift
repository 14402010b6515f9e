import PetrelCore
import Synchronization

@testable import PetrelApp

/// A room in which Petrel answers everything with "pong".
actor FakeRoom: RoomConnection {
    private(set) var said: [String] = []
    private var lines: [RoomPost] = []
    private var waiters: [CheckedContinuation<Void, Never>] = []

    func post(_ text: String) async throws(AppError) -> String {
        let key = "k\(said.count)"
        said.append(text)
        lines.append(.said("ann", text, sequence: lines.count + 1))
        lines.append(.answer(.answer, "pong", nil, to: key, sequence: lines.count + 1, isFinal: true))
        for waiter in waiters { waiter.resume() }
        waiters = []
        return key
    }

    func posts(after sequence: Int, wait: Duration) async throws(AppError) -> [RoomPost] {
        while lines.count <= sequence, !Task.isCancelled {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    if Task.isCancelled { continuation.resume() } else { waiters.append(continuation) }
                }
            } onCancel: {
                Task { await self.wake() }
            }
        }
        return Array(lines.dropFirst(sequence))
    }

    func last(_ count: Int) async throws(AppError) -> [RoomPost] { lines.suffix(count) }

    private func wake() {
        for waiter in waiters { waiter.resume() }
        waiters = []
    }
}

/// A clock that stands still: what sleeps on it sleeps until it is cancelled.
struct StillClock: PetrelClock {
    var now: Instant { Instant(microseconds: 0) }
    func sleep(for duration: Duration) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        for await _ in stream {}
        _ = continuation
        throw CancellationError()
    }
}

/// A clock on which every sleep is over at once and has taken its time.
final class LeapingClock: PetrelClock {
    private let time = Mutex(Instant(microseconds: 0))
    var now: Instant { time.withLock(\.self) }
    func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        time.withLock { $0 = $0 + duration }
        await Task.yield()
    }
}

/// A terminal whose keyboard is a test.
final class FakeDevice: TerminalDevice {
    private struct State {
        var written = ""
        var isClosed = false
        var waiters: [(text: String, continuation: CheckedContinuation<Void, Never>)] = []
    }

    let events: AsyncStream<TerminalEvent>
    private let feed: AsyncStream<TerminalEvent>.Continuation
    private let state = Mutex(State())

    init() { (events, feed) = AsyncStream.makeStream(of: TerminalEvent.self) }

    var width: Int { 60 }
    var isClosed: Bool { state.withLock(\.isClosed) }

    func type(_ text: String) { feed.yield(.input(Array(text.utf8))) }

    func write(_ text: String) {
        let ready = state.withLock { state in
            state.written += text
            let ready = state.waiters.filter { state.written.contains($0.text) }
            state.waiters.removeAll { state.written.contains($0.text) }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        feed.finish()
    }

    /// Waits until the text was written to the screen.
    func waitUntilWritten(_ text: String) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.written.contains(text) { return true }
                state.waiters.append((text, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }
}

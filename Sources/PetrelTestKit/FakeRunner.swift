public import PetrelCore
import Synchronization

/// A runner whose attempts end when the test says so; it counts how often each was started.
public final class FakeRunner: ActionRunner {
    private struct State {
        var starts: [AttemptKey] = []
        var waiting: [AttemptKey: CheckedContinuation<RunOutcome, Never>] = [:]
        var ended: [AttemptKey: RunOutcome] = [:]
        var startWaiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var traces: [AttemptKey: RunTrace] = [:]
    }
    private let state = Mutex(State())
    private let automatic: RunOutcome?
    /// One type, under the name that the test gave.
    public let types: [RunnerType]

    /// A runner of one type.
    /// - Parameter automatic: ends every attempt at once with this; nil: the test ends them.
    public init(type: String = "fake", parameters: Parameters = [:], automatic: RunOutcome? = nil) {
        self.automatic = automatic
        types = [
            RunnerType(name: type, summary: "A fake.", parameters: parameters, package: "fake", module: "fake")
        ]
    }

    /// The attempts that were started, in order.
    public var starts: [AttemptKey] { state.withLock(\.starts) }

    /// Says what `resume` is to find of an attempt.
    public func leaveTrace(_ trace: RunTrace, of attempt: AttemptKey) {
        state.withLock { $0.traces[attempt] = trace }
    }

    /// Notes the start, then waits for ``end(_:_:)`` unless attempts end by themselves.
    public func run(_ request: RunRequest) async -> RunOutcome {
        let ready = state.withLock { state in
            state.starts.append(request.attempt)
            let count = state.starts.count
            let ready = state.startWaiters.filter { $0.count <= count }
            state.startWaiters.removeAll { $0.count <= count }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
        if let automatic { return automatic }
        return await withCheckedContinuation { continuation in
            let outcome: RunOutcome? = state.withLock { state in
                if let outcome = state.ended.removeValue(forKey: request.attempt) { return outcome }
                state.waiting[request.attempt] = continuation
                return nil
            }
            if let outcome { continuation.resume(returning: outcome) }
        }
    }

    /// Ends an attempt, now or as soon as it is started.
    public func end(_ attempt: AttemptKey, _ outcome: RunOutcome) {
        let continuation = state.withLock { state in
            let continuation = state.waiting.removeValue(forKey: attempt)
            if continuation == nil { state.ended[attempt] = outcome }
            return continuation
        }
        continuation?.resume(returning: outcome)
    }

    /// Waits until so many attempts were started.
    public func waitForStarts(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if state.starts.count >= count { return true }
                state.startWaiters.append((count, continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
    }

    /// Finds what ``leaveTrace(_:of:)`` left; without it, that the attempt never started.
    public func resume(_ request: RunRequest, boot: String) async -> RunTrace {
        state.withLock { $0.traces[request.attempt] } ?? .neverStarted
    }

    /// Ends a waiting attempt as canceled, at once.
    public func cancel(_ attempt: AttemptKey) async {
        let continuation = state.withLock { $0.waiting.removeValue(forKey: attempt) }
        continuation?.resume(returning: RunOutcome(status: .canceled, result: [:]))
    }

    /// Does nothing: traces stay, so that a test can look at them.
    public func forget(_ attempt: AttemptKey) async {}
}

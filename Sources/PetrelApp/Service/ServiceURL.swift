import Synchronization

/// The URL at which this start of the service answers; known once its port is open.
final class ServiceURL: Sendable {
    private struct State {
        var url: String?
        var waiting: [CheckedContinuation<String, Never>] = []
    }
    private let state = Mutex(State())

    /// The URL; empty until it is known.
    var current: String { state.withLock { $0.url ?? "" } }

    /// Tells the URL to those who wait for it.
    func set(_ url: String) {
        let waiting = state.withLock { state in
            state.url = url
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: url) }
    }

    /// Waits until the port is open.
    func whenReady() async -> String {
        await withCheckedContinuation { continuation in
            let url: String? = state.withLock { state in
                if state.url == nil { state.waiting.append(continuation) }
                return state.url
            }
            if let url { continuation.resume(returning: url) }
        }
    }
}

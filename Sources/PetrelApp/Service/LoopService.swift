import ServiceLifecycle

/// A loop of the service that ends when the service stops.
struct LoopService: Service {
    private let body: @Sendable () async -> Void
    private let beforeStop: @Sendable () async -> Void

    /// - Parameters:
    ///   - body: runs until its task is cancelled.
    ///   - beforeStop: what is still to be done, while the body runs, once the service stops.
    init(_ body: @escaping @Sendable () async -> Void, beforeStop: @escaping @Sendable () async -> Void = {}) {
        self.body = body
        self.beforeStop = beforeStop
    }

    func run() async throws {
        // Not a child: a body that waits for a command of an action would hold up the end, and the command outlives us.
        let task = Task { await body() }
        await withTaskCancellationHandler {
            try? await gracefulShutdown()
            await beforeStop()
        } onCancel: {
            task.cancel()
        }
        task.cancel()
    }
}

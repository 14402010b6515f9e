import PetrelCore

/// Waits for the end of an execution.
struct ExecutionWait {
    enum End {
        /// It ended, or stands still until somebody acts.
        case over(Value)
        /// The person does not want to wait any more.
        case interrupted
    }

    let client: APIClient
    let clock: any PetrelClock
    /// Told ten times a second.
    var progress: (_ status: String, _ elapsed: Duration) -> Void = { _, _ in }
    var isInterrupted: () -> Bool = { false }
    /// How long a service that does not answer is asked again.
    var patience = Duration.seconds(60)

    private static let standing: Set<ExecutionStatus> = [
        .succeeded, .failed, .timeout, .canceled, .abandoned, .paused, .pending,
    ]

    /// Asks for the execution until it is over; soon at first, then every two seconds.
    func run(_ first: Value) async throws(AppError) -> End {
        let start = clock.now
        var execution = first
        var pause = Duration.milliseconds(100)
        var lostAt: Instant?
        while true {
            if let status = ExecutionText.status(of: execution), Self.standing.contains(status) {
                return .over(execution)
            }
            let end = clock.now + pause
            while clock.now < end {
                if isInterrupted() { return .interrupted }
                let word = lostAt == nil ? execution["status"]?.string ?? "" : "service does not answer,"
                progress(word, clock.now - start)
                try? await clock.sleep(for: .milliseconds(100))
            }
            pause = min(pause * 2, .seconds(2))
            do throws(AppError) {
                execution = try await client.get("/executions/" + URLText.escaped(execution["id"]?.string ?? ""))
                lostAt = nil
            } catch {
                if lostAt == nil { lostAt = clock.now }
                guard error.isRetryable, clock.now - (lostAt ?? start) < patience else { throw error }
            }
        }
    }
}

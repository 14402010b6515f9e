import PetrelCore
import PetrelSystem

/// What is the same for every runner whose attempts petrel-shim keeps: the attempt's key names the shim's job.
extension ShimLauncher {
    /// Most bytes of a running attempt's output that are read at a time.
    private static let outputChunk = 64 << 10

    /// Takes up an attempt of an earlier service; its shim kept it running.
    func resume(
        _ attempt: AttemptKey, boot: String, outcome: (ShimEnd) -> RunOutcome
    ) async -> RunTrace {
        switch await resume(key: attempt.description, boot: boot) {
        case .ended(let end): .outcome(outcome(end))
        case .neverStarted: .neverStarted
        case .lost(let reason): .lost(reason: reason)
        }
    }

    /// Has the shim end the attempt and all that it started.
    func cancel(_ attempt: AttemptKey) { terminate(key: attempt.description) }

    /// What the shim has spooled of `stdout` or `stderr`, from a byte on.
    func output(of attempt: AttemptKey, type: String, from: Int) -> [UInt8] {
        let paths = outputPaths(key: attempt.description)
        return readFile(type == "stderr" ? paths.stderr : paths.stdout, from: from, limit: Self.outputChunk)
    }

    /// Removes the attempt's run folder with all that is in it.
    func forget(_ attempt: AttemptKey) { forget(key: attempt.description) }
}

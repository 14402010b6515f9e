import PetrelCore
import PetrelSystem

extension RunOutcome {
    /// The outcome of a shell command, in the shape that all shell runners share.
    static func shell(_ end: ShimEnd, timeoutSeconds: Int, sudoUser: String?) -> RunOutcome {
        let stderr = ShellOutput.value(end.stderr, dropped: end.droppedStderr)
        var (status, code, error) = verdict(end, timeoutSeconds: timeoutSeconds)
        if let sudoUser, status == .failed, hasRefusedPassword(end.stderr) {
            code = -1
            error = "Invalid sudo password provided or sudo is not configured for this user (\(sudoUser))"
        }
        var result: ValueObject = [
            "failed": .bool(status != .succeeded),
            "succeeded": .bool(status == .succeeded),
            "return_code": .integer(code),
            "stdout": ShellOutput.value(end.stdout, dropped: end.droppedStdout),
            "stderr": stderr,
        ]
        if let error { result["error"] = .string(error) }
        return RunOutcome(status: status, result: .object(result))
    }

    /// The outcome of a command that was never started.
    static func refused(_ refusal: RunRefusal) -> RunOutcome {
        shell(ShimEnd(termination: .notRun, error: refusal.reason), timeoutSeconds: 0, sudoUser: nil)
    }

    private static func verdict(
        _ end: ShimEnd, timeoutSeconds: Int
    ) -> (status: ExecutionStatus, code: Int, error: String?) {
        if end.timedOut {
            let error = "Action failed to complete in \(timeoutSeconds) seconds"
            return (.timeout, -9, end.error.map { error + "; " + $0 } ?? error)
        }
        if end.canceled { return (.canceled, code(end.termination), end.error) }
        switch end.termination {
        case .exit(0): return (end.error == nil ? .succeeded : .failed, 0, end.error)
        case .exit(let number): return (.failed, Int(number), end.error)
        // As StackStorm has it: somebody else ended the command.
        case .signal(15): return (.abandoned, -15, end.error ?? "ended by signal 15")
        case .signal(let number): return (.failed, -Int(number), end.error ?? "ended by signal \(number)")
        case .notRun: return (.failed, -1, end.error)
        case .lost: return (.abandoned, -1, end.error)
        }
    }

    private static func code(_ termination: ShimEnd.Termination) -> Int {
        switch termination {
        case .exit(let number): Int(number)
        case .signal(let number): -Int(number)
        case .notRun, .lost: -1
        }
    }

    /// Whether a line such as `sudo: 3 incorrect password attempts` is there.
    private static func hasRefusedPassword(_ stderr: [UInt8]) -> Bool {
        String(decoding: stderr.suffix(4096), as: UTF8.self).split(whereSeparator: \.isNewline).contains { line in
            let words = line.split(separator: " ").suffix(5).drop { $0 != "sudo:" }.dropFirst()
            return words.first.flatMap { Int($0) } != nil && words.dropFirst().starts(with: ["incorrect", "password"])
        }
    }
}

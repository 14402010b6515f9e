#if PETREL_FAULTS
    import Synchronization

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Darwin)
        import Darwin
    #endif
#endif

/// A named place where a test may kill, fail or delay the process; nothing at all in a release build.
///
/// `PETREL_FAULT=NAME:N:ACTION[,…]` in the environment acts at the N-th pass (from 1) of the point, or at each pass for
/// `*`. Actions: `kill` (SIGKILL to itself), `abort` (a crash), `delay=MS`. `PETREL_FAULT_TRACE=FILE` appends the name of
/// every point that is passed to FILE.
public enum FaultPoint: String, CaseIterable, Sendable {
    case inboxBeforeCommit = "inbox.before-commit"
    case inboxAfterCommit = "inbox.after-commit"
    case inboxBeforeAcknowledge = "inbox.before-acknowledge"
    case inboxInterpret = "inbox.interpret"
    case submissionBeforeCommit = "submission.before-commit"
    case submissionAfterCommit = "submission.after-commit"
    case questionAfterAsk = "question.after-ask"
    case questionAfterTake = "question.after-take"
    case runBeforeSpawn = "run.before-spawn"
    case runAfterAsk = "run.after-ask"
    case runAfterSpawn = "run.after-spawn"
    case runAfterExit = "run.after-exit"
    case completionBeforeCommit = "completion.before-commit"
    case completionAfterCommit = "completion.after-commit"
    case workflowBeforeCommit = "workflow.before-commit"
    case workflowAfterCommit = "workflow.after-commit"
    case inquiryBeforeCommit = "inquiry.before-commit"
    case inquiryAfterCommit = "inquiry.after-commit"
    case repliesBeforeCommit = "replies.before-commit"
    case repliesAfterCommit = "replies.after-commit"
    case outboxBeforeSend = "outbox.before-send"
    case outboxAfterSend = "outbox.after-send"
    case outboxAfterRecord = "outbox.after-record"
    case storeBeforeFlush = "store.before-flush"
    case storeAfterFlush = "store.after-flush"
    case recoveryBeforeAdopt = "recovery.before-adopt"
    case recoveryAfterAdopt = "recovery.after-adopt"
    case contentBeforeRename = "content.before-rename"
    case contentAfterRename = "content.after-rename"
    case eventBeforeAccept = "event.before-accept"
    case eventAfterAccept = "event.after-accept"
    case eventBeforeHandle = "event.before-handle"
    case eventAfterHandle = "event.after-handle"
    case timerBeforeFire = "timer.before-fire"
    case timerAfterFire = "timer.after-fire"
    case keyBeforeCommit = "key.before-commit"
    case keyAfterCommit = "key.after-commit"
    case sensorAfterExit = "sensor.after-exit"
    case sensorAfterTell = "sensor.after-tell"
    case watchBeforeTell = "watch.before-tell"
    case watchAfterTell = "watch.after-tell"

    /// Marks the place.
    ///
    /// Costs nothing unless the package was built with fault points.
    @inlinable
    public func pass() {
        #if PETREL_FAULTS
            FaultPlan.shared.pass(self)
        #endif
    }
}

#if PETREL_FAULTS
    /// What the environment asked for, read once.
    public final class FaultPlan: Sendable {
        /// The plan of this process.
        public static let shared = FaultPlan()

        private struct Order: Sendable {
            var point: FaultPoint
            var pass: Int?
            var action: String
        }
        private let orders: [Order]
        private let trace: Int32?
        private let passes = Mutex<[FaultPoint: Int]>([:])

        private init() {
            let text = getenv("PETREL_FAULT").map { String(cString: $0) } ?? ""
            orders = text.split(separator: ",").compactMap { entry in
                let parts = entry.split(separator: ":", maxSplits: 2).map(String.init)
                guard parts.count == 3, let point = FaultPoint(rawValue: parts[0]) else { return nil }
                return Order(point: point, pass: Int(parts[1]), action: parts[2])
            }
            trace = getenv("PETREL_FAULT_TRACE").map { open($0, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) }
        }

        /// Counts a pass of the point and carries out what was ordered for it.
        public func pass(_ point: FaultPoint) {
            if let trace {
                let line = Array((point.rawValue + "\n").utf8)
                _ = write(trace, line, line.count)
            }
            guard !orders.isEmpty else { return }
            let count = passes.withLock { passes in
                passes[point, default: 0] += 1
                return passes[point, default: 0]
            }
            for order in orders where order.point == point && (order.pass ?? count) == count { carryOut(order.action) }
        }

        private func carryOut(_ action: String) {
            switch action {
            case "kill": kill(getpid(), SIGKILL)
            case "abort": abort()
            default:
                if action.hasPrefix("delay="), let milliseconds = UInt32(action.dropFirst(6)) {
                    usleep(milliseconds * 1000)
                }
            }
        }
    }
#endif

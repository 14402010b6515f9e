import Glibc
import Synchronization

/// Control-C, counted instead of ending the program; any thread may read the count.
enum Interruption {
    fileprivate static let count = Atomic(0)

    /// Begins to count; a second Control-C ends the program at once.
    static func watch() {
        // Reading it here makes the global before the handler can run.
        count.store(0, ordering: .relaxed)
        signal(SIGINT) { _ in
            if Interruption.count.add(1, ordering: .relaxed).newValue > 1 { _exit(130) }
        }
    }

    /// Whether Control-C was pressed since ``watch()``.
    static var hasHappened: Bool { count.load(ordering: .relaxed) > 0 }
}

import GRDB
import PetrelCore
import Synchronization

/// Which messages the database may know: of a key that is none of these it has no row, and need not be asked.
///
/// Keeps a number for each key, so another key may pass for it, and no known one is missed. A database with more messages
/// than it takes is always asked.
final class SettledKeys: Sendable {
    private struct State {
        /// Of the messages that were decided since the start, and from ``isComplete`` on of all that the database has.
        var hashes: Set<Int> = []
        var isComplete = false
        var isGivenUp = false
    }

    private let most: Int
    private let state = Mutex(State())

    /// - Parameter most: how many keys are kept; two MiB for the standard.
    init(most: Int = 100_000) { self.most = most }

    /// Whether the database may have a row for the key.
    func mayHave(_ key: MessageKey) -> Bool {
        state.withLock { !$0.isComplete || $0.hashes.contains(key.hashValue) }
    }

    /// Notes a key of which the database has a row now; until this has returned, its message is in hand.
    func note(_ key: MessageKey) {
        let hash = key.hashValue
        state.withLock { state in
            guard !state.isGivenUp else { return }
            state.hashes.insert(hash)
            if state.hashes.count > most { state = State(isGivenUp: true) }
        }
    }

    /// Reads the keys of all rows there are; those that come meanwhile are noted.
    func load(_ database: Database) throws {
        let rows = try Row.fetchCursor(
            database, sql: "SELECT adapter, event FROM message LIMIT ?", arguments: [most + 1])
        while let row = try rows.next() { note(MessageKey(adapter: row[0], eventID: row[1])) }
        state.withLock { $0.isComplete = !$0.isGivenUp }
    }
}

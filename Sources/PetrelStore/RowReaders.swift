import GRDB
import Synchronization

/// Connections that read single rows, each lent to one reader at a time.
///
/// The pool's own readers are handed out under locks and look at the schema's version each time; that takes longer than the
/// reading.
final class RowReaders: Sendable {
    /// As many as threads that read at once on a small machine; who finds none free waits for one.
    private static let count = 2
    private let readers: [DatabaseQueue]
    private let free: Mutex<[Int]>
    private let turn = Atomic<Int>(0)

    /// Opens the connections to a database that exists and is in WAL mode.
    init(path: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        configuration.label = "petrel.store.rows"
        configuration.prepareDatabase { try $0.limitCache() }
        readers = try (0..<Self.count).map { _ in try DatabaseQueue(path: path, configuration: configuration) }
        free = Mutex(Array(readers.indices))
    }

    /// Reads on a connection that nobody else reads on, as long as there is one.
    func read<Answer>(_ body: (Database) throws -> Answer) throws -> Answer {
        guard let index = free.withLock({ $0.popLast() }) else { return try next.unsafeRead(body) }
        defer { free.withLock { $0.append(index) } }
        return try readers[index].unsafeRead(body)
    }

    /// The connection to wait for, in turns.
    private var next: DatabaseQueue {
        readers[Int(bitPattern: UInt(bitPattern: turn.wrappingAdd(1, ordering: .relaxed).newValue) % UInt(Self.count))]
    }

    /// Closes the connections.
    func close() throws { for reader in readers { try reader.close() } }
}

extension Database {
    /// 1 MiB of pages for a connection; the kernel caches the file as well.
    func limitCache() throws { try execute(sql: "PRAGMA cache_size = -1024") }
}

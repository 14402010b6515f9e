import GRDB
import Synchronization

/// Connections that read single rows, in turns.
///
/// The pool's own readers are handed out under locks and look at the schema's version each time; that takes longer than the
/// reading.
final class RowReaders: Sendable {
    private static let count = 2
    private let readers: [DatabaseQueue]
    private let turn = Atomic<Int>(0)

    /// Opens the connections to a database that exists and is in WAL mode.
    init(path: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        configuration.label = "petrel.store.rows"
        configuration.prepareDatabase { try $0.limitCache() }
        readers = try (0..<Self.count).map { _ in try DatabaseQueue(path: path, configuration: configuration) }
    }

    /// The connection whose turn it is.
    var next: DatabaseQueue {
        readers[Int(bitPattern: UInt(bitPattern: turn.wrappingAdd(1, ordering: .relaxed).newValue) % UInt(Self.count))]
    }

    /// Closes the connections.
    func close() throws { for reader in readers { try reader.close() } }
}

extension Database {
    /// 1 MiB of pages for a connection; the kernel caches the file as well.
    func limitCache() throws { try execute(sql: "PRAGMA cache_size = -1024") }
}

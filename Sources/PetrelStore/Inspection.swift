import GRDB
public import PetrelCore

/// Looks at a database that a service may have open.
public enum Inspection {
    /// Reads every page of a folder's database.
    /// - Returns: its size in bytes.
    /// - Throws: ``StoreError`` `damaged` with what SQLite says.
    public static func integrity(folder: String) throws(StoreError) -> Int {
        let path = folder + "/petrel.db"
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            return try queue.read { database in
                let verdict = try String.fetchOne(database, sql: "PRAGMA integrity_check(1)") ?? "no answer"
                guard verdict == "ok" else {
                    throw StoreError(
                        .damaged, "the database \(path) is damaged: \(verdict)",
                        hint: "Keep a copy of the file, then restore the last backup: petrel restore FILE")
                }
                let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
                let size = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
                return pages * size
            }
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(.unusable, "the database \(path) can't be read: \(error)", underlying: error)
        }
    }
}

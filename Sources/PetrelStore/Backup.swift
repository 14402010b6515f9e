import FoundationEssentials
import GRDB
import Glibc
public import PetrelCore

/// A copy of a data folder in one file: the database, with the other files as rows of a table of its own.
///
/// A service may run meanwhile: the copy is what one moment's reader would see.
public enum Backup {
    /// What is kept beside the database; folders with all that is below them.
    private static let kept = [
        "admin-token", "token-key", "audit-key", "htpasswd", "rbac", "packs", "configs", "keys", "results",
    ]
    private static let staged = "petrel.restore"

    /// Writes a copy of a data folder.
    /// - Returns: how many files it holds beside the database.
    /// - Throws: ``StoreError``: no database, a file that is there already, a full disk.
    public static func write(folder: String, to file: String) throws(StoreError) -> Int {
        guard access(folder + "/petrel.db", R_OK) == 0 else {
            throw StoreError(
                .unusable, "there is no database in \(folder)", hint: "Name the data folder with --data-dir")
        }
        guard access(file, F_OK) != 0 else {
            throw StoreError(.unusable, "\(file) is there already", hint: "Choose another name, or remove it first")
        }
        let temporary = file + ".part"
        unlink(temporary)
        do {
            umask(0o077)
            let source = try DatabaseQueue(path: folder + "/petrel.db", configuration: patient)
            try source.writeWithoutTransaction { try $0.execute(sql: "VACUUM INTO ?", arguments: [temporary]) }
            try source.close()
            let count = try addFiles(of: folder, to: temporary)
            guard rename(temporary, file) == 0 else {
                throw StoreError(.unusable, "\(file) can't be written: \(String(cString: strerror(errno)))")
            }
            return count
        } catch {
            unlink(temporary)
            throw failure(error, file)
        }
    }

    /// Whether a file is a whole backup that this version can read.
    /// - Throws: ``StoreError`` that says what is wrong with it.
    public static func check(_ file: String) throws(StoreError) {
        do {
            let queue = try DatabaseQueue(path: file, configuration: readOnly)
            try queue.read { database in
                guard try database.tableExists("backup_file") else {
                    throw StoreError(
                        .damaged, "\(file) is no backup of Petrel", hint: "Make one with petrel backup FILE")
                }
                let verdict = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "no answer"
                guard verdict == "ok" else { throw StoreError(.damaged, "\(file) is damaged: \(verdict)") }
                guard try !Schema.migrator.hasBeenSuperseded(database) else {
                    throw StoreError(
                        .newerSchema, "\(file) was made by a newer version of Petrel", hint: "Restore it with that one")
                }
            }
            try queue.close()
        } catch { throw failure(error, file) }
    }

    /// Puts a checked backup where the next start of a service on the folder finds it.
    public static func stage(_ file: String, for folder: String) throws(StoreError) {
        do {
            if access(folder, F_OK) != 0 {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                chmod(folder, 0o700)
            }
            let target = "\(folder)/\(staged)"
            unlink(target + ".part")
            try FileManager.default.copyItem(atPath: file, toPath: target + ".part")
            guard rename(target + ".part", target) == 0 else {
                throw StoreError(.unusable, "\(target) can't be written: \(String(cString: strerror(errno)))")
            }
        } catch { throw failure(error, file) }
    }

    /// Puts a staged backup in place of what the folder holds; what was there goes to `before-restore`.
    ///
    /// The caller holds the folder's lock. A stop in between is taken up at the next start.
    /// - Returns: whether there was one.
    public static func applyStaged(in folder: String) throws(StoreError) -> Bool {
        let file = "\(folder)/\(staged)"
        guard access(file, R_OK) == 0 else { return false }
        do {
            let manager = FileManager.default
            let old = folder + "/before-restore"
            // Files first, the database last: until then the staged file stays and all is done once more.
            try manager.createDirectory(atPath: old, withIntermediateDirectories: true)
            chmod(old, 0o700)
            for name in kept + ["petrel.db", "petrel.db-wal", "petrel.db-shm", InboxJournal.name]
            where access("\(folder)/\(name)", F_OK) == 0 {
                try? manager.removeItem(atPath: "\(old)/\(name)")
                try manager.moveItem(atPath: "\(folder)/\(name)", toPath: "\(old)/\(name)")
            }
            let queue = try DatabaseQueue(path: file, configuration: patient)
            try queue.read { try extractFiles(in: $0, to: folder) }
            try queue.close()
            guard rename(file, folder + "/petrel.db") == 0 else {
                throw StoreError(.unusable, "\(folder)/petrel.db can't be written: \(String(cString: strerror(errno)))")
            }
            for suffix in ["-wal", "-shm"] { unlink(file + suffix) }
            return true
        } catch { throw failure(error, file) }
    }

    private static var patient: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        return configuration
    }

    private static var readOnly: Configuration {
        var configuration = patient
        configuration.readonly = true
        return configuration
    }

    private static func addFiles(of folder: String, to file: String) throws -> Int {
        let queue = try DatabaseQueue(path: file, configuration: patient)
        defer { try? queue.close() }
        return try queue.write { database in
            try database.execute(sql: "CREATE TABLE backup_file (name TEXT PRIMARY KEY, mode INTEGER, bytes BLOB)")
            var count = 0
            for name in names(in: folder) {
                guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else { continue }
                var about = stat()
                stat("\(folder)/\(name)", &about)
                try database.execute(
                    sql: "INSERT INTO backup_file VALUES (?, ?, ?)",
                    arguments: [name, Int(about.st_mode & 0o777), data])
                count += 1
            }
            return count
        }
    }

    private static func names(in folder: String) -> [String] {
        kept.flatMap { name -> [String] in
            var isFolder = false
            guard FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder) else { return [] }
            guard isFolder else { return [name] }
            let below = (try? FileManager.default.subpathsOfDirectory(atPath: "\(folder)/\(name)")) ?? []
            return below.map { "\(name)/\($0)" }.filter { path in
                var about = stat()
                return lstat("\(folder)/\(path)", &about) == 0 && about.st_mode & S_IFMT == S_IFREG
            }
        }
    }

    private static func extractFiles(in database: Database, to folder: String) throws {
        let cursor = try Row.fetchCursor(database, sql: "SELECT name, mode, bytes FROM backup_file")
        while let row = try cursor.next() {
            let name: String = row["name"]
            // A backup is trusted no further than to write below the folder.
            guard !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else { continue }
            let path = "\(folder)/\(name)"
            try FileManager.default.createDirectory(
                atPath: path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 },
                withIntermediateDirectories: true)
            let data: Data = row["bytes"]
            try data.write(to: URL(filePath: path))
            chmod(path, mode_t(row["mode"] as Int))
        }
    }

    private static func failure(_ error: any Error, _ file: String) -> StoreError {
        if let error = error as? StoreError { return error }
        return StoreError(.unusable, "the backup \(file) failed: \(error)", underlying: error)
    }
}

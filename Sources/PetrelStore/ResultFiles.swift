import FoundationEssentials
import PetrelCore

#if canImport(Glibc)
    import Glibc
#endif

/// Large results, kept as files under the hash of their content.
///
/// A file is complete and flushed before its name exists, and a row names it only afterwards; a file that no row names
/// does no harm.
struct ResultFiles: Sendable {
    let folder: String
    let isFlushed: Bool

    func write(_ bytes: [UInt8], hash: String) throws(CoreError) {
        let path = path(of: hash)
        // The new time keeps a file that is about to be named again from being removed now.
        guard utimes(path, nil) != 0 else { return }
        do {
            try FileManager.default.createDirectory(
                atPath: folder + "/" + hash.prefix(2), withIntermediateDirectories: true)
        } catch {
            throw CoreError(.unavailable, "the folder \(folder) can't be written: \(error)")
        }
        let temporary = "\(path).\(UUID().uuidString).tmp"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure(temporary) }
        var written = 0
        while written < bytes.count {
            let rest = written == 0 ? bytes : Array(bytes[written...])
            let count = Glibc.write(file, rest, rest.count)
            if count < 0 {
                let problem = failure(temporary)
                Glibc.close(file)
                unlink(temporary)
                throw problem
            }
            written += count
        }
        let isOnDisk = !isFlushed || fsync(file) == 0
        Glibc.close(file)
        guard isOnDisk else {
            unlink(temporary)
            throw CoreError(.unavailable, "\(path) could not be flushed to the disk", isRetryable: true)
        }
        guard rename(temporary, path) == 0 else { throw failure(path) }
        if isFlushed { flushFolder(folder + "/" + hash.prefix(2)) }
    }

    func read(_ hash: String) throws(CoreError) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path(of: hash)) else {
            throw CoreError(.notFound, "the result file \(path(of: hash)) is missing")
        }
        return Array(data)
    }

    /// Removes a file that no row names any more, unless somebody may be about to name it.
    func remove(_ hash: String) {
        var status = stat()
        guard stat(path(of: hash), &status) == 0, time(nil) - status.st_mtim.tv_sec > Self.youngestRemoved else {
            return
        }
        unlink(path(of: hash))
    }

    private static let youngestRemoved = 3600

    private func path(of hash: String) -> String { "\(folder)/\(hash.prefix(2))/\(hash).json" }

    private func flushFolder(_ folder: String) {
        let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { return }
        fsync(file)
        Glibc.close(file)
    }

    private func failure(_ path: String) -> CoreError {
        let code = errno
        return CoreError(
            .unavailable,
            code == ENOSPC ? "the disk is full" : "\(path) can't be written: \(String(cString: strerror(code)))",
            isRetryable: true)
    }
}

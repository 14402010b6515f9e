import Glibc
public import PetrelCore

/// Keeps a second process from using the same folder.
///
/// The kernel gives the lock back when the process ends, however it ends. The file stays: removing it would let two
/// processes lock two files of one name.
public final class FolderLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock of a folder: the file `lock` in it, which then says who holds it.
    /// - Throws: ``SystemError`` with code `locked`, naming the process that holds it.
    public init(folder: String, now: Instant) throws(SystemError) {
        // The descriptor is made elsewhere: a class that throws with all its members set is deinitialized, and closes.
        descriptor = try Self.lock(folder: folder, path: folder + "/lock")
        _ = ftruncate(descriptor, 0)
        _ = writeAll(Array("\(getpid())\nstarted \(now)\n".utf8), to: descriptor)
    }

    private static func lock(folder: String, path: String) throws(SystemError) -> Int32 {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw SystemError(
                .fileFailed, "the lock file \(path) can't be opened: \(errorText(errno))",
                hint: "Check that the folder exists and belongs to the service's user")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            let holder = readFile(path, limit: 256).map { String(decoding: $0, as: UTF8.self) } ?? ""
            close(descriptor)
            throw refusal(folder: folder, path: path, number: number, holder: holder)
        }
        return descriptor
    }

    private static func refusal(folder: String, path: String, number: Int32, holder: String) -> SystemError {
        guard number == EWOULDBLOCK else {
            return SystemError(
                .fileFailed, "the lock file \(path) can't be locked: \(errorText(number))",
                hint: "Put the folder on a local disk")
        }
        let lines = holder.split(separator: "\n")
        let pid = lines.first.map { "process \($0)" } ?? "another process"
        let since = lines.count > 1 ? ", \(lines[1])" : ""
        return SystemError(
            .locked, "the folder \(folder) is in use by \(pid)\(since)",
            hint: "Stop that process, or give this one a folder of its own", isRetryable: true)
    }

    deinit { close(descriptor) }
}

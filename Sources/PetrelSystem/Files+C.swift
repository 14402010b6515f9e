import Glibc
import PetrelCore

/// The C library's words for an error number.
func errorText(_ number: Int32) -> String { String(cString: strerror(number)) }

/// Writes all bytes; false with `errno` set when it could not.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { buffer in
        var done = 0
        while done < buffer.count {
            let count = write(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
            if count >= 0 { done += count } else if errno != EINTR { return false }
        }
        return true
    }
}

/// Bytes of a file from an offset on; empty when there are none, or it can't be read.
public func readFile(_ path: String, from offset: Int, limit: Int) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    return [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
        let count = pread(descriptor, buffer.baseAddress, limit, off_t(offset))
        filled = max(0, count)
    }
}

/// Bytes of a regular file from an offset on, and which file it was; nil when there is none or it can't be read.
func readMarked(_ path: String, from offset: Int, limit: Int) -> (mark: FileMark, bytes: [UInt8])? {
    // Without waiting: a pipe of that name would hold up the reader for ever.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var about = stat()
    guard fstat(descriptor, &about) == 0, let mark = FileMark(about) else { return nil }
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
        let count = pread(descriptor, buffer.baseAddress, limit, off_t(offset))
        filled = max(0, count)
    }
    return (mark, bytes)
}

/// The regular file at a path, links followed.
func markedFile(_ path: String) -> FileMark? {
    var about = stat()
    return stat(path, &about) == 0 ? FileMark(about) : nil
}

extension FileMark {
    fileprivate init?(_ about: stat) {
        guard about.st_mode & S_IFMT == S_IFREG else { return nil }
        self.init(device: Int(about.st_dev), number: Int(about.st_ino), size: Int(about.st_size))
    }
}

/// The first bytes of a file, or nil with `errno` set when it can't be read.
public func readFile(_ path: String, limit: Int) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var about = stat()
    guard fstat(descriptor, &about) == 0 else { return nil }
    // Files of /proc say 0 bytes.
    let capacity = about.st_size == 0 ? min(limit, 4096) : min(limit, Int(about.st_size))
    return [UInt8](unsafeUninitializedCapacity: capacity) { buffer, filled in
        while filled < capacity {
            let count = read(descriptor, buffer.baseAddress.map { $0 + filled }, capacity - filled)
            if count > 0 { filled += count } else if count == 0 || errno != EINTR { break }
        }
    }
}

/// Creates a file that is not there yet, for the owner alone.
///
/// Returns 0 or the error number.
func createFile(_ path: String, _ bytes: [UInt8]) -> Int32 {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    return writeAll(bytes, to: descriptor) ? 0 : errno
}

/// A path without links and dots, or nil with `errno` set when nothing is there.
public func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}

/// Whether the path is a file that the service may execute.
public func isExecutableFile(_ path: String) -> Bool {
    var about = stat()
    return stat(path, &about) == 0 && about.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
}

/// Whether the path is a regular file.
public func isRegularFile(_ path: String) -> Bool {
    var about = stat()
    return stat(path, &about) == 0 && about.st_mode & S_IFMT == S_IFREG
}

/// The rights of a path, such as 0o700; nil when nothing is there.
public func fileRights(_ path: String) -> Int? {
    var about = stat()
    return stat(path, &about) == 0 ? Int(about.st_mode & 0o7777) : nil
}

/// Lets everybody who may read a file execute it; does nothing where that is not allowed.
public func makeExecutable(_ path: String) {
    var about = stat()
    guard stat(path, &about) == 0 else { return }
    _ = chmod(path, (about.st_mode & 0o7777) | 0o111)
}

/// Puts a file in place by rename, flushed with its folder.
///
/// Returns what went wrong.
/// - Parameter beforeRename: called when the new file is whole on the disk under another name.
public func replaceFile(_ path: String, _ bytes: [UInt8], mode: UInt32, beforeRename: () -> Void = {}) -> String? {
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    // Hidden, so that nobody takes it for content.
    let draft = "\(folder)/.petrel-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
    let failure = createFile(draft, bytes)
    guard failure == 0 else {
        unlink(draft)
        return errorText(failure)
    }
    chmod(draft, mode)
    guard flush(draft, O_RDONLY) else {
        let number = errno
        unlink(draft)
        return errorText(number)
    }
    beforeRename()
    guard rename(draft, path) == 0 else {
        let number = errno
        unlink(draft)
        return errorText(number)
    }
    _ = flush(folder, O_RDONLY | O_DIRECTORY)
    return nil
}

/// Deletes a file; false when it is still there.
public func deleteFile(_ path: String) -> Bool { unlink(path) == 0 || errno == ENOENT }

private func flush(_ path: String, _ flags: Int32) -> Bool {
    let descriptor = open(path, flags | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return fsync(descriptor) == 0
}

/// Whether the path is a folder.
public func isFolder(_ path: String) -> Bool {
    var about = stat()
    return stat(path, &about) == 0 && about.st_mode & S_IFMT == S_IFDIR
}

/// Whether a UNIX socket has the path as its name.
public func isSocket(_ path: String) -> Bool {
    var about = stat()
    return stat(path, &about) == 0 && about.st_mode & S_IFMT == S_IFSOCK
}

/// Makes a folder, and those above it, for the owner alone; false with `errno` set when that failed.
public func makePrivateFolder(_ path: String) -> Bool {
    for slash in path.indices where path[slash] == "/" && slash != path.startIndex {
        mkdir(String(path[..<slash]), 0o700)
    }
    return mkdir(path, 0o700) == 0
}

/// Writes a new file for the owner alone; false with `errno` set when that failed.
public func writePrivateFile(_ path: String, _ bytes: [UInt8], isExecutable: Bool = false) -> Bool {
    guard createFile(path, bytes) == 0 else { return false }
    return !isExecutable || chmod(path, 0o700) == 0
}

/// Removes a file, or a folder with all that is below it; does nothing where there is none.
public func removeTree(_ path: String) {
    if unlink(path) == 0 || errno == ENOENT { return }
    for name in folderEntries(path) { removeTree(path + "/" + name) }
    rmdir(path)
}

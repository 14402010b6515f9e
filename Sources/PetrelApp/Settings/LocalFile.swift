import FoundationEssentials
import Glibc
import PetrelCore

/// Small files of this machine, read whole and with a bound.
enum LocalFile {
    /// The bytes of a file.
    /// - Throws: ``AppError`` `badFile` when it can't be read or is larger than `maxBytes`.
    static func bytes(_ path: String, maxBytes: Int) throws(AppError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("can't be read", path, errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(maxBytes + 1, 1 << 16))
        while bytes.count <= maxBytes {
            let count = read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count > 0 { bytes.append(contentsOf: chunk[..<count]) }
            if count < 0, errno != EINTR { throw failure("can't be read", path, errno) }
        }
        throw AppError(
            .badFile, "\(path) is larger than \(maxBytes) bytes", hint: "Check that it is the right file",
            location: Location(file: path))
    }

    /// The text of a file, or an error that says that it is not UTF-8.
    static func text(_ path: String, maxBytes: Int) throws(AppError) -> String {
        guard let text = String(validating: try bytes(path, maxBytes: maxBytes), as: UTF8.self) else {
            throw AppError(
                .badFile, "\(path) is not UTF-8 text", hint: "Convert it, with iconv for example",
                location: Location(file: path))
        }
        return text
    }

    /// Writes a file anew, readable by its owner alone.
    static func write(_ bytes: [UInt8], to path: String, appending: Bool = false) throws(AppError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (appending ? O_APPEND : O_TRUNC), 0o600)
        guard descriptor >= 0 else { throw failure("can't be written", path, errno) }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, Array(rest), rest.count)
            if count > 0 { rest = rest.dropFirst(count) }
            if count < 0, errno != EINTR { throw failure("can't be written", path, errno) }
        }
    }

    /// Whether something is there, and whether it is a folder.
    static func kind(_ path: String) -> (exists: Bool, isFolder: Bool) {
        var isFolder = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        return (exists, isFolder)
    }

    /// The names in a folder, sorted.
    static func names(in folder: String) throws(AppError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            throw AppError(.badFile, "\(folder) can't be listed", location: Location(file: folder), underlying: error)
        }
    }

    private static func failure(_ verb: String, _ path: String, _ number: Int32) -> AppError {
        AppError(
            .badFile, "\(path) \(verb): \(String(cString: strerror(number)))",
            hint: number == EACCES ? "Look at its permissions and its folder's" : "Check the path",
            location: Location(file: path))
    }
}

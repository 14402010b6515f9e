import CPetrel
import Glibc

/// The folder of one attempt, which the service and the shim share.
struct RunFolder: Sendable {
    /// What the names of folders begin with that are being removed, or are empty and wait for another attempt.
    static let graveMark = ".gone."

    /// No record is longer.
    static let maxRecordBytes = 4096

    /// What the names of the records begin with that shims have made before they got a job, beside the folders.
    static let draftMark = "exit.draft."

    /// The folder of all attempts' folders.
    let place: String
    let key: String

    var path: String { place + "/" + key }

    /// What came of trying to void an attempt.
    enum Claim: Sendable, Equatable {
        /// No shim will ever start it.
        case voided
        /// A shim was first.
        case started(ShimStart)
        case failed(String)
    }

    /// Makes the folder, and its parents where they are missing.
    ///
    /// Returns what went wrong.
    /// - Parameter spare: an empty folder that may take its place.
    func create(stdin: [UInt8]?, from spare: String? = nil) -> String? {
        switch make(from: spare) {
        case 0: break
        case EEXIST: return "the attempt was begun before: its folder \(path) is there"
        case let number: return "the folder \(path) can't be made: \(errorText(number))"
        }
        guard let stdin else { return nil }
        let failure = createFile(path + "/stdin", stdin)
        return failure == 0 ? nil : "the command's input can't be written in \(path): \(errorText(failure))"
    }

    private func make(from spare: String? = nil) -> Int32 {
        if let spare, petrel_rename_new(spare, path) == 0 { return 0 }
        if mkdir(path, 0o700) == 0 { return 0 }
        guard errno == ENOENT else { return errno }
        for slash in path.indices where path[slash] == "/" && slash != path.startIndex {
            mkdir(String(path[..<slash]), 0o700)
        }
        return mkdir(path, 0o700) == 0 ? 0 : errno
    }

    /// Makes sure that the attempt never starts, unless it has: whoever links the file `started` first has decided.
    func void() -> Claim {
        let draft = path + "/void.\(getpid()).\(UInt64.random(in: 0...UInt64.max))"
        var failure = createFile(draft, Array("void\n".utf8))
        if failure == ENOENT {
            _ = make()
            failure = createFile(draft, Array("void\n".utf8))
        }
        guard failure == 0 else { return start() ?? .failed("\(draft) can't be written: \(errorText(failure))") }
        defer { unlink(draft) }
        if link(draft, path + "/started") == 0 { return .voided }
        let number = errno
        return start() ?? .failed("\(path)/started can't be made: \(errorText(number))")
    }

    private func start() -> Claim? {
        guard let bytes = readFile(path + "/started", limit: 256) else { return nil }
        let start = ShimStart(bytes)
        return start == .void ? .voided : .started(start)
    }

    /// The process that began the attempt, as far as the folder tells.
    func process() -> ShimStart? { readFile(path + "/started", limit: 256).map(ShimStart.init) }

    /// The recorded end with the output, of each stream so many bytes at most; nil when there is no whole record.
    /// - Parameter record: what the shim has said of it, if it has.
    func end(limit: Int, record told: [UInt8]? = nil) -> ShimEnd? {
        guard let record = told.flatMap({ ShimRecord($0, of: key) }) ?? recorded() else { return nil }
        let stdout = record.stdoutBytes == 0 ? [] : readFile(path + "/stdout", limit: limit) ?? []
        let stderr = record.stderrBytes == 0 ? [] : readFile(path + "/stderr", limit: limit) ?? []
        return ShimEnd(
            termination: record.termination, timedOut: record.timedOut, canceled: record.canceled, stdout: stdout,
            stderr: stderr, droppedStdout: record.droppedStdout + max(0, record.stdoutBytes - stdout.count),
            droppedStderr: record.droppedStderr + max(0, record.stderrBytes - stderr.count), error: record.error)
    }

    private func recorded() -> ShimRecord? {
        readFile(path + "/exit", limit: Self.maxRecordBytes).flatMap { ShimRecord($0, of: key) }
    }

    /// Whether the end is recorded.
    var hasEnded: Bool { access(path + "/exit", F_OK) == 0 }

    /// Whether the shim lives that has made a record before it got a job.
    static func isDraftInUse(_ path: String) -> Bool {
        guard case .process(let pid, let startTime, bootID()) = readFile(path, limit: 256).map(ShimStart.init),
            let process = ChildProcess.find(pid: pid, startTime: startTime)
        else { return false }
        process.close()
        return true
    }

    /// Takes the folder away with all that it holds; the empty one, if it was there.
    func clear() -> String? {
        // A late shim must not find the name `started` free again, so it loses its folder first.
        let grave = place + "/" + Self.graveMark + "\(UInt64.random(in: 0...UInt64.max))"
        guard rename(path, grave) == 0 else { return nil }
        for name in folderEntries(grave) { removeTree(grave + "/" + name) }
        return grave
    }
}

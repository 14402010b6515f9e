import Glibc
import PetrelSystem
import Synchronization

/// A folder for one test, removed with it.
final class TemporaryFolder: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/petrel-test.XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
    }

    deinit {
        guard path.hasPrefix("/tmp/petrel-test.") else { return }
        remove(path, isFolder: true)
    }

    private func remove(_ path: String, isFolder: Bool) {
        guard isFolder else {
            unlink(path)
            return
        }
        for name in names(path) {
            var about = stat()
            lstat(path + "/" + name, &about)
            remove(path + "/" + name, isFolder: about.st_mode & S_IFMT == S_IFDIR)
        }
        rmdir(path)
    }
}

/// The built petrel-shim: beside the test bundle, or where PETREL_SHIM says.
let shimPath: String = getenv("PETREL_SHIM").map { String(cString: $0) } ?? executableFolder() + "/petrel-shim"

func names(_ path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." { names.append(name) }
    }
    return names
}

func contents(_ path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer.prefix(count) }
    return String(decoding: bytes, as: UTF8.self)
}

func write(_ text: String, to path: String, mode: mode_t = 0o600) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    _ = Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    close(descriptor)
}

func makeFolder(_ path: String) { mkdir(path, 0o700) }

func move(_ old: String, to new: String) { rename(old, new) }

func link(_ path: String, as name: String) { symlink(path, name) }

/// The processes that have the text among their environment variables.
func processes(marked mark: String) -> [Int32] {
    names("/proc").compactMap { Int32($0) }.filter { pid in
        // A zombie has no environment, and is no process left behind.
        contents("/proc/\(pid)/environ")?.split(separator: "\0").contains { $0 == mark } ?? false
    }
}

/// How many children of this process have ended and are not reaped.
func zombies() -> Int {
    names("/proc").compactMap { Int32($0) }.filter { pid in
        guard let line = contents("/proc/\(pid)/stat"), let bracket = line.lastIndex(of: ")") else { return false }
        let fields = line[bracket...].split(separator: " ")
        return fields.count > 2 && fields[1] == "Z" && fields[2] == "\(getpid())"
    }.count
}

func openDescriptors() -> Int { names("/proc/self/fd").count }

/// Resident memory of this process in bytes.
func residentBytes() -> Int {
    let fields = contents("/proc/self/statm")?.split(separator: " ") ?? []
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
}

func sendSignal(_ number: Int32, to pid: Int32) { kill(pid, number) }

/// Links a file that holds the text to the name, as a service does that voids an attempt.
///
/// False when the name is taken.
func linkFirst(_ text: String, _ path: String) -> Bool {
    let draft = path + ".test"
    write(text, to: draft)
    defer { unlink(draft) }
    return link(draft, path) == 0
}

/// A server on loopback that answers each connection with fixed bytes, then closes it; nil for no answer at all.
final class FixedServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let received = Mutex<[UInt8]>([])

    init(answer: String?) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = bind(listener, pointer, length)
                _ = getsockname(listener, pointer, &length)
            }
        }
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        listen(listener, 16)
        guard let answer else { return }
        let thread = ThreadStart { [self] in serve(Array(answer.utf8)) }
        thread.start()
    }

    var request: String { received.withLock { String(decoding: $0, as: UTF8.self) } }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve(_ answer: [UInt8]) {
        while case let connection = accept(listener, nil, nil), connection >= 0 {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while !isWhole(bytes), case let count = recv(connection, &buffer, buffer.count, 0), count > 0 {
                bytes += buffer.prefix(count)
            }
            received.withLock { $0 = bytes }
            _ = send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
            close(connection)
        }
        close(listener)
    }

    private func isWhole(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self).lowercased()
        let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard let end = lines.firstIndex(of: "\r") else { return false }
        let length = lines.first { $0.hasPrefix("content-length: ") }.flatMap { Int($0.dropFirst(16).dropLast()) } ?? 0
        return lines[(end + 1)...].joined(separator: "\n").utf8.count >= length
    }
}

/// A thread for a blocking server; the test that made it is the only one that starts it.
private final class ThreadStart: Sendable {
    private let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    func start() {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<ThreadStart>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(thread)
    }
}

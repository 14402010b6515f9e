import CLWS
import CPetrel
import Glibc
import PetrelCore

/// The library's settings for connections of one kind, kept for the next of that kind: reading the system's authorities
/// takes tens of milliseconds.
///
/// The websocket thread owns it.
struct WebSocketVhosts {
    private struct Kind: Hashable {
        var caFile: String?
        /// Size, time and number of the file: a renewed one is read again.
        var caStamp: [Int] = []
        var proxy: String?
    }

    private struct Entry {
        var number: Int
        var pointer: OpaquePointer
        var users = 0
    }

    private static let maxKept = 8
    private var entries: [Kind: Entry] = [:]
    private var lastNumber = 0

    /// The settings for a kind; give them back with ``release(_:)``.
    mutating func vhost(
        _ context: OpaquePointer, caFile: String?, proxy: String?
    ) throws(SystemError) -> (number: Int, pointer: OpaquePointer) {
        let kind = try Self.kind(caFile, proxy)
        if entries[kind] == nil {
            makeRoom()
            lastNumber += 1
            guard let pointer = petrel_lws_create_vhost(context, "petrel-\(lastNumber)", caFile, proxy) else {
                throw SystemError(.crowded, "the websocket library has no room for a connection", isRetryable: true)
            }
            entries[kind] = Entry(number: lastNumber, pointer: pointer)
        }
        entries[kind]?.users += 1
        // Proof: set above if it was missing.
        guard let entry = entries[kind] else { fatalError("a vhost went missing") }
        return (entry.number, entry.pointer)
    }

    mutating func release(_ number: Int?) {
        guard let number, let kind = entries.first(where: { $0.value.number == number })?.key else { return }
        entries[kind]?.users -= 1
    }

    private mutating func makeRoom() {
        let idle = entries.filter { $0.value.users == 0 }.sorted { $0.value.number < $1.value.number }
        for (kind, entry) in idle.prefix(max(0, entries.count - Self.maxKept + 1)) {
            entries[kind] = nil
            lws_vhost_destroy(entry.pointer)
        }
    }

    private static func kind(_ caFile: String?, _ proxy: String?) throws(SystemError) -> Kind {
        guard let caFile else { return Kind(proxy: proxy) }
        var about = stat()
        guard stat(caFile, &about) == 0, access(caFile, R_OK) == 0 else {
            throw SystemError(.fileFailed, "the file of authorities '\(caFile)' can't be read: \(errorText(errno))")
        }
        let stamp = [Int(about.st_size), Int(about.st_mtim.tv_sec), Int(about.st_mtim.tv_nsec), Int(about.st_ino)]
        return Kind(caFile: caFile, caStamp: stamp, proxy: proxy)
    }
}

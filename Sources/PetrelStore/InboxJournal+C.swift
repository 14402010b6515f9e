import FoundationEssentials
import Glibc
import PetrelCore
import Synchronization

/// The messages in hand: each stands in a file from its arrival until the transaction that decides on it stores it.
///
/// A line of JSON each, up to the first empty line; what stands behind that is old. One small write survives a kill of the
/// process as a commit does that is not flushed, and takes a hundredth of its time (docs/adr/0004). The file begins with an
/// empty line whenever nothing is in hand, and is written anew when it has grown long before that.
final class InboxJournal: Sendable {
    /// The file's name in the data folder.
    static let name = "inbox.journal"

    /// A message in hand.
    struct Entry: Sendable {
        var message: InboundMessage
        var receivedAt: Instant
    }

    private struct State {
        var file: Int32
        /// Where the next line begins, and an empty one stands.
        var end = 0
        /// From here on the file is written anew, with what is in hand alone.
        var limit: Int
        var inHand: [MessageKey: Entry] = [:]
    }

    private let maxBytes: Int
    private let path: String
    private let state: Mutex<State>

    /// Opens the journal of a folder's store, or makes it.
    ///
    /// - Parameter maxBytes: longer it is written anew, unless more than half of it is in hand.
    init(path: String, maxBytes: Int = 1 << 20) throws(CoreError) {
        self.path = path
        self.maxBytes = maxBytes
        state = Mutex(State(file: try Self.open(path, O_CREAT), limit: maxBytes))
    }

    deinit { state.withLock { _ = Glibc.close($0.file) } }

    /// What an earlier process had in hand when it ended, and some that it had decided on.
    func left() -> [Entry] {
        guard let bytes = FileManager.default.contents(atPath: path) else { return [] }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // A line that was not written to its end is no document; its message was not taken.
        return lines.prefix { !$0.isEmpty }.compactMap { Entry(line: Array($0)) }
    }

    /// Forgets what is left; the database must have it on the disk.
    func clear() throws(CoreError) {
        let failed = state.withLock { ftruncate($0.file, 0) != 0 ? errno : 0 }
        guard failed == 0 else { throw Self.failure(failed, path) }
    }

    /// Whether a message is in hand.
    func has(_ key: MessageKey) -> Bool { state.withLock { $0.inHand[key] != nil } }

    /// When a message in hand came; nil if it is none.
    func receivedAt(_ key: MessageKey) -> Instant? { state.withLock { $0.inHand[key]?.receivedAt } }

    /// Takes a message in hand; when this returns, it survives the process.
    /// - Throws: ``CoreError`` `unavailable`; the message is not taken then.
    func take(_ message: InboundMessage, at: Instant) throws(CoreError) {
        let entry = Entry(message: message, receivedAt: at)
        let line = entry.line
        let failed = state.withLock { state -> Int32 in
            if state.end > state.limit { beginAnew(&state) }
            let failed = Self.write(line + "\n", to: state.file, at: state.end)
            guard failed == 0 else {
                // The part that was written must not run into what stands behind it.
                _ = Self.write("\n", to: state.file, at: state.end)
                return failed
            }
            state.end += line.utf8.count
            state.inHand[message.key] = entry
            return 0
        }
        guard failed == 0 else { throw Self.failure(failed, path) }
    }

    /// Lets go of a message: it is in the database now.
    func letGo(_ key: MessageKey) {
        state.withLock { state in
            guard state.inHand.removeValue(forKey: key) != nil, state.inHand.isEmpty else { return }
            (state.end, state.limit) = (0, maxBytes)
            // If that can't be, what stands there is found in the database.
            _ = Self.write("\n", to: state.file, at: 0)
        }
    }

    /// Puts a file in the place of this one that has only what is in hand; where that can't be, this one grows on.
    private func beginAnew(_ state: inout State) {
        let text = state.inHand.values.map(\.line).joined()
        state.limit = 2 * state.end
        let draft = path + ".new"
        guard let file = try? Self.open(draft, O_CREAT | O_TRUNC) else { return }
        guard Self.write(text + "\n", to: file, at: 0) == 0, rename(draft, path) == 0 else {
            Glibc.close(file)
            return
        }
        Glibc.close(state.file)
        state.file = file
        state.end = text.utf8.count
        state.limit = max(maxBytes, 2 * state.end)
    }

    private static func open(_ path: String, _ flags: Int32) throws(CoreError) -> Int32 {
        let file = Glibc.open(path, O_RDWR | O_CLOEXEC | flags, 0o600)
        guard file >= 0 else { throw failure(errno, path) }
        return file
    }

    /// - Returns: 0, or the number of the error.
    private static func write(_ text: String, to file: Int32, at offset: Int) -> Int32 {
        var text = text
        return text.withUTF8 { bytes in
            var written = 0
            while written < bytes.count {
                let rest = UnsafeBufferPointer(rebasing: bytes[written...])
                let count = pwrite(file, rest.baseAddress, rest.count, offset + written)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return count < 0 ? errno : EIO }
                written += count
            }
            return 0
        }
    }

    private static func failure(_ code: Int32, _ path: String) -> CoreError {
        guard code != ENOSPC else { return .fullDisk() }
        return CoreError(
            .unavailable, "\(path) can't be written: \(String(cString: strerror(code)))",
            hint: "Check the owner and the rights of the data folder", isRetryable: true)
    }
}

extension InboxJournal.Entry {
    fileprivate var line: String {
        let document: Value = [
            "adapter": .string(message.key.adapter), "event": .string(message.key.eventID),
            "at": .integer(Int(receivedAt.microseconds)), "message": message.document,
        ]
        return document.columnText + "\n"
    }

    fileprivate init?(line: [UInt8]) {
        guard let document = try? JSONReader.value(line, limits: .ownDocument),
            let adapter = document["adapter"]?.string, let event = document["event"]?.string,
            let at = document["at"]?.integer,
            let message = document["message"].flatMap({
                InboundMessage(key: MessageKey(adapter: adapter, eventID: event), document: $0)
            })
        else { return nil }
        self.init(message: message, receivedAt: Instant(microseconds: Int64(at)))
    }
}

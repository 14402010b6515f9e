import FoundationEssentials
import Glibc
import Logging
import PetrelCore
import Synchronization

/// Where log lines go: to the error output, or to a file while a room is open on the terminal.
final class LogSink: Sendable {
    private static let maxFileBytes = 16 << 20
    private let file: Mutex<String?>

    /// A sink for the error output, or for a file.
    init(file: String?) { self.file = Mutex(file) }

    /// Writes a line.
    func write(_ line: String) {
        file.withLock { file in
            guard let path = file else { return Console.write(line, to: 2) }
            rotate(path)
            do throws(AppError) {
                try LocalFile.write(Array(line.utf8), to: path, appending: true)
            } catch {
                file = nil
                Console.write(line, to: 2)
            }
        }
    }

    /// One older file is kept.
    private func rotate(_ path: String) {
        let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        if size > Self.maxFileBytes { rename(path, path + ".1") }
    }
}

/// Log lines for people: time, level, message, then `key=value`.
struct ServiceLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    private let sink: LogSink
    private let clock: any PetrelClock

    init(sink: LogSink, level: Logger.Level, clock: any PetrelClock) {
        self.sink = sink
        self.clock = clock
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let pairs = metadata.merging(event.metadata ?? [:]) { _, new in new }
            .sorted { $0.key < $1.key }
            .map { " \($0.key)=\(quoted("\($0.value)"))" }.joined()
        let level = event.level.rawValue.uppercased()
        let message = VisibleText.line("\(event.message)")
        sink.write(
            "\(clock.now) \(level)\(String(repeating: " ", count: max(0, 8 - level.count))) \(message)\(pairs)\n")
    }

    private func quoted(_ text: String) -> String {
        let text = VisibleText.line(text)
        return text.contains(where: \.isWhitespace) || text.isEmpty ? "\"\(text)\"" : text
    }
}

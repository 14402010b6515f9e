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

/// How log lines look.
enum LogFormat: String {
    /// For people: time, level, message, then `key=value`.
    case text
    /// One JSON object a line.
    case json
    /// `key=value` throughout.
    case logfmt
}

/// Writes log lines, of which none can be forged by what stands in them.
struct ServiceLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    private let sink: LogSink
    private let format: LogFormat
    private let clock: any PetrelClock

    init(sink: LogSink, level: Logger.Level, format: LogFormat = .text, clock: any PetrelClock) {
        self.sink = sink
        self.format = format
        self.clock = clock
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let pairs = metadata.merging(event.metadata ?? [:]) { _, new in new }
            .sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        switch format {
        case .text: sink.write(text(event, pairs))
        case .json:
            var line: ValueObject = [
                "timestamp": .string(clock.now.description), "level": .string(event.level.rawValue),
                "message": .string("\(event.message)"),
            ]
            for (key, value) in pairs where line[key] == nil { line[key] = .string(value) }
            sink.write(JSONWriter.text(.object(line)) + "\n")
        case .logfmt:
            let all = [
                ("timestamp", clock.now.description), ("level", event.level.rawValue), ("message", "\(event.message)"),
            ]
            sink.write((all + pairs).map { "\($0.0)=\(quoted($0.1))" }.joined(separator: " ") + "\n")
        }
    }

    private func text(_ event: LogEvent, _ pairs: [(String, String)]) -> String {
        let level = event.level.rawValue.uppercased()
        let pad = String(repeating: " ", count: max(0, 8 - level.count))
        let message = VisibleText.line("\(event.message)")
        return "\(clock.now) \(level)\(pad) \(message)\(pairs.map { " \($0.0)=\(quoted($0.1))" }.joined())\n"
    }

    private func quoted(_ text: String) -> String {
        let text = VisibleText.line(text)
        guard text.isEmpty || text.contains(where: { $0.isWhitespace || $0 == "\"" || $0 == "=" }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"") + "\""
    }
}

import PetrelCore

/// The file that keeps what was typed into a room; readable by its owner alone.
struct HistoryFile: Sendable {
    private let path: String
    private static let maxBytes = 4 << 20

    /// The history in a data folder; nil when there is no such folder.
    init?(dataDir: String) {
        guard LocalFile.kind(dataDir).isFolder else { return nil }
        path = dataDir + "/room-history"
    }

    /// The newest lines, oldest first; a file that has grown is cut to them.
    func lines() -> [String] {
        guard let text = try? LocalFile.text(path, maxBytes: HistoryFile.maxBytes) else { return [] }
        let all = text.split(separator: "\n").map(String.init)
        let lines = Array(all.suffix(InputHistory.maxLines))
        if all.count > lines.count {
            try? LocalFile.write(Array(lines.map { $0 + "\n" }.joined().utf8), to: path)
        }
        return lines
    }

    /// Adds a line; a history that can't be written is no reason to disturb the person.
    func add(_ line: String) {
        guard !line.contains("\n") else { return }
        try? LocalFile.write(Array((line + "\n").utf8), to: path, appending: true)
    }
}

import PetrelCore

/// Tells of the lines that are added to files: `linux.FileWatchSensor`.
struct FileWatchSensor: BuiltInSensor {
    static let name = "file_watch"
    static let type = ContentRef(pack: "linux", name: "file_watch.line")
    /// How many batches of a file are told before the others have their turn.
    private static let mostBatches = 16

    let memory: WatchMemory
    let machine: any WatchedMachine
    let digest: any Digest

    var types: [ContentRef] { [Self.type] }

    func folders(_ triggers: [Trigger]) -> Set<String> {
        Set(triggers.compactMap { $0.watchedPath?.folder })
    }

    func look(_ triggers: [Trigger]) async -> Bool {
        var hasMore = false
        for trigger in triggers {
            guard let path = trigger.watchedPath, !Task.isCancelled else { continue }
            // What can't be stored now is told at the next look.
            if (try? await tell(path, trigger)) ?? false { hasMore = true }
        }
        return hasMore
    }

    private func tell(_ path: String, _ trigger: Trigger) async throws(EngineError) -> Bool {
        let name = stateName(of: trigger)
        guard let remembered = try await memory.state(name) else {
            let tail = FileTail.first(path, on: machine, digest: digest)
            _ = try await memory.tell([], name, from: nil, to: tail.document)
            return true
        }
        var old = remembered
        for _ in 0..<Self.mostBatches {
            let batch = FileTail(document: old).next(path, on: machine, digest: digest)
            let events = batch.lines.map { line in
                NewEvent(
                    [trigger],
                    payload: [
                        "file_path": .string(path), "file_name": .string(path.lastName), "line": .string(line),
                    ], origin: .sensor)
            }
            guard try await memory.tell(events, name, from: old, to: batch.tail.document) else { return true }
            guard batch.hasMore || !batch.lines.isEmpty else { return false }
            old = batch.tail.document
        }
        return true
    }
}

extension Trigger {
    /// The file that a rule wants watched; nil for what is no absolute path.
    fileprivate var watchedPath: String? {
        parameters["file_path"]?.string.flatMap { $0.hasPrefix("/") && !$0.hasSuffix("/") ? $0 : nil }
    }
}

extension String {
    fileprivate var lastName: String { split(separator: "/").last.map(String.init) ?? self }

    fileprivate var folder: String {
        let parts = split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return parts.count > 1 ? parts.joined(separator: "/") : "/"
    }
}

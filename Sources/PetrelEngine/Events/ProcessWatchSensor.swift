import PetrelCore

/// Tells of processes of a name that begin and end: `linux.ProcessWatchSensor`.
///
/// What begins and ends between two looks is not seen.
struct ProcessWatchSensor: BuiltInSensor {
    static let name = "process_watch"
    static let started = ContentRef(pack: "linux", name: "process_watch.started")
    static let ended = ContentRef(pack: "linux", name: "process_watch.ended")
    /// Most processes of a name that are told apart.
    private static let mostKnown = 1000
    /// Most that are told of at once.
    private static let mostEvents = 64

    let memory: WatchMemory
    let machine: any WatchedMachine

    var types: [ContentRef] { [Self.started, Self.ended] }

    func folders(_ triggers: [Trigger]) -> Set<String> { [] }

    func look(_ triggers: [Trigger]) async -> Bool {
        var hasMore = false
        for trigger in triggers {
            guard let name = trigger.parameters["name"]?.string, !name.isEmpty, !Task.isCancelled else { continue }
            if (try? await tell(name, trigger)) ?? false { hasMore = true }
        }
        return hasMore
    }

    private func tell(_ name: String, _ trigger: Trigger) async throws(EngineError) -> Bool {
        let key = stateName(of: trigger)
        let running = ValueObject(
            machine.processes(named: name).prefix(Self.mostKnown).map { ($0.key, $0.document) },
            uniquingKeysWith: { first, _ in first })
        guard let old = try await memory.state(key) else {
            // Those that run at the first look are taken as known.
            return try await !memory.tell([], key, from: nil, to: .object(running))
        }
        let known = old.object ?? [:]
        let news = trigger.type == Self.started ? running.without(known) : known.without(running)
        let told = Array(news.elements.prefix(Self.mostEvents))
        let later = news.count > told.count
        let events = told.map { NewEvent([trigger], payload: $0.value, origin: .sensor) }
        let next = later ? known.applying(told, isStart: trigger.type == Self.started) : running
        return try await !memory.tell(events, key, from: old, to: .object(next)) || later
    }
}

extension ProcessMark {
    fileprivate var key: String { "\(pid):\(startTime)" }

    fileprivate var document: Value {
        [
            "name": .string(name), "pid": .integer(pid),
            "command": .string(arguments.isEmpty ? name : arguments.joined(separator: " ")),
        ]
    }
}

extension ValueObject {
    fileprivate func without(_ others: ValueObject) -> ValueObject { filter { others[$0.key] == nil } }

    /// With what was told of now known, the rest as it was.
    fileprivate func applying(_ told: [(key: String, value: Value)], isStart: Bool) -> ValueObject {
        var known = self
        for (key, value) in told {
            if isStart { known[key] = value } else { known.removeValue(forKey: key) }
        }
        return known
    }
}

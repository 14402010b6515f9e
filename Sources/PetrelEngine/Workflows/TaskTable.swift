import PetrelCore

/// The latest execution of each task on each route, beside the conductor's own state.
struct TaskTable: Sendable {
    struct Key: Sendable, Hashable {
        var task: String
        var route: Int
    }

    /// One execution of a task.
    struct Entry: Sendable, Equatable {
        /// The id that StackStorm calls the task execution's.
        var id: String
        var startedAt: Instant
        var endedAt: Instant?
        var status: String
        /// nil for a task without items.
        var itemsCount: Int?
        /// Items that were started and have not ended.
        var open = 0
        /// Items that have ended.
        var ended = 0
        /// Whether an item did not succeed.
        var hasFailed = false
    }

    private(set) var entries: OrderedDictionary<Key, Entry> = [:]
    private var changed: Set<Key> = []
    /// How many items all tasks have.
    private(set) var itemsTotal = 0

    subscript(key: Key) -> Entry? { entries[key] }

    mutating func set(_ entry: Entry, _ key: Key) {
        if entries[key]?.id != entry.id { itemsTotal += entry.itemsCount ?? 0 }
        entries[key] = entry
        changed.insert(key)
    }

    /// The entries that changed since this was last called.
    mutating func takeChanges() -> Value {
        defer { changed.removeAll(keepingCapacity: true) }
        let keys = changed.sorted { ($0.task, $0.route) < ($1.task, $1.route) }
        return .array(keys.compactMap { key in entries[key]?.document(key) })
    }

    /// All entries.
    mutating func takeSnapshot() -> Value {
        changed.removeAll(keepingCapacity: true)
        return .array(entries.map { $1.document($0) })
    }

    /// Takes in what ``takeChanges()`` or ``takeSnapshot()`` gave.
    mutating func apply(_ document: Value?) {
        for value in document?.array ?? [] {
            guard let (key, entry) = Entry.read(value) else { continue }
            if entries[key]?.id != entry.id { itemsTotal += entry.itemsCount ?? 0 }
            entries[key] = entry
        }
    }
}

extension TaskTable.Entry {
    fileprivate func document(_ key: TaskTable.Key) -> Value {
        var parts: [Value] = [
            .string(key.task), .integer(key.route), .string(id), .integer(Int(startedAt.microseconds)),
            endedAt.map { .integer(Int($0.microseconds)) } ?? .null, .string(status),
        ]
        if let itemsCount {
            parts += [.integer(itemsCount), .integer(open), .integer(ended), .bool(hasFailed)]
        }
        return .array(parts)
    }

    fileprivate static func read(_ document: Value) -> (TaskTable.Key, Self)? {
        guard let parts = document.array, parts.count == 6 || parts.count == 10, let task = parts[0].string,
            let route = parts[1].integer, let id = parts[2].string, let started = parts[3].integer,
            let status = parts[5].string
        else { return nil }
        var entry = TaskTable.Entry(
            id: id, startedAt: Instant(microseconds: Int64(started)),
            endedAt: parts[4].integer.map { Instant(microseconds: Int64($0)) }, status: status)
        if parts.count == 10 {
            entry.itemsCount = parts[6].integer
            entry.open = parts[7].integer ?? 0
            entry.ended = parts[8].integer ?? 0
            entry.hasFailed = parts[9].bool ?? false
        }
        return (TaskTable.Key(task: task, route: route), entry)
    }
}

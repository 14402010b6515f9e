public import PetrelCore

// The stored form: compact arrays of numbers; names of the definition appear nowhere in it.
extension ConductorState {
    /// The state as JSON can say it; ``init(document:)`` reads it back.
    public var document: Value {
        var mark = ChangeMark()
        mark.runs = Set(sequence.indices)
        mark.staged = Set(staged.keys)
        return changes(since: mark)
    }

    /// A state from its document.
    /// - Throws: ``WorkflowError`` with code `badState` if this is no document of a state.
    public init(document: Value) throws(WorkflowError) {
        self.init()
        routes = []
        try apply(document)
    }

    /// What is new or different since a mark, as ``apply(_:)`` takes it.
    func changes(since mark: ChangeMark) -> Value {
        var members: ValueObject = [
            "status": .string(status.rawValue), "serial": .integer(serial),
            "from": .init([mark.contexts, mark.scopes, mark.routes, mark.errors, mark.log, mark.reruns]),
        ]
        if contexts.count > mark.contexts { members["contexts"] = .array(contexts[mark.contexts...].map(Value.object)) }
        if scopes.count > mark.scopes { members["scopes"] = .array(scopes[mark.scopes...].map(\.document)) }
        if routes.count > mark.routes { members["routes"] = .array(routes[mark.routes...].map(Value.init)) }
        if errors.count > mark.errors { members["errors"] = .array(errors[mark.errors...].map(\.document)) }
        if log.count > mark.log { members["log"] = .array(log[mark.log...].map(\.document)) }
        if reruns.count > mark.reruns { members["reruns"] = .array(reruns[mark.reruns...].map(Value.init)) }
        if !mark.runs.isEmpty {
            members["runs"] = .array(mark.runs.sorted().map { .array([.integer($0), sequence[$0].document]) })
        }
        let staged = stagedChanges(mark)
        if !staged.isEmpty { members["staged"] = .array(staged) }
        members["output"] = output.map(Value.object)
        return .object(members)
    }

    /// A staged task as a whole, its key alone if it is gone, or what was added to it.
    private func stagedChanges(_ mark: ChangeMark) -> [Value] {
        var changes: [Value] = []
        for key in mark.staged.sorted(by: Key.precedes) {
            changes.append(staged[key]?.document ?? .array([.init(key)]))
        }
        let grown = mark.grown.union(mark.items.keys).subtracting(mark.staged)
        for key in grown.sorted(by: Key.precedes) {
            guard let task = staged[key] else { continue }
            let known = mark.known[key] ?? (0, 0)
            let items = (mark.items[key] ?? []).sorted().flatMap { [$0, task.items?.statuses[$0].ordinal ?? 0] }
            changes.append(
                .array([
                    .init(key), .init([known.scopes, known.arrivals]), .init(Array(task.scopes[known.scopes...])),
                    .init(Array(task.arrivals[known.arrivals...])), .bool(task.isReady), .init(items),
                ]))
        }
        return changes
    }

    /// Takes in what ``Conductor/takeChanges()`` gave, in the order in which it gave it.
    /// - Throws: ``WorkflowError`` with code `badState` if it does not follow on this state.
    public mutating func apply(_ changes: Value) throws(WorkflowError) {
        guard let status = changes["status"]?.string.flatMap(WorkflowStatus.init),
            let serial = changes["serial"]?.integer,
            let from = changes["from"].flatMap([Int].init(value:)), from.count == 6
        else { throw Self.unreadable }
        (self.status, self.serial) = (status, serial)
        try Self.extend(&contexts, from[0], changes["contexts"], \.object)
        try Self.extend(&scopes, from[1], changes["scopes"], Scope.init(value:))
        try Self.extend(&routes, from[2], changes["routes"], [Int].init(value:))
        try Self.extend(&errors, from[3], changes["errors"])
        try Self.extend(&log, from[4], changes["log"])
        try Self.extend(&reruns, from[5], changes["reruns"], [Int].init(value:))
        for entry in changes["runs"]?.array ?? [] { try applyRun(entry) }
        for entry in changes["staged"]?.array ?? [] { try applyStaged(entry) }
        output = changes["output"]?.object
    }

    private static let unreadable = WorkflowError(
        .badState, "The stored state of the workflow can't be read",
        hint: "It was damaged, or written by another version")

    private static func extend<Item>(
        _ list: inout [Item], _ start: Int, _ added: Value?, _ item: (Value) -> Item?
    ) throws(WorkflowError) {
        guard start >= 0, start <= list.count else { throw unreadable }
        list.removeSubrange(start...)
        for value in added?.array ?? [] {
            guard let new = item(value) else { throw unreadable }
            list.append(new)
        }
    }

    private static func extend(
        _ list: inout OrderedSet<LogEntry>, _ start: Int, _ added: Value?
    ) throws(WorkflowError) {
        guard start >= 0, start <= list.count else { throw unreadable }
        if start < list.count { list.removeSubrange(start...) }
        for value in added?.array ?? [] {
            guard let new = LogEntry(document: value) else { throw unreadable }
            list.append(new)
        }
    }

    private mutating func applyRun(_ entry: Value) throws(WorkflowError) {
        guard let pair = entry.array, pair.count == 2, let index = pair[0].integer, let run = Run(value: pair[1]),
            index >= 0, index <= sequence.count
        else { throw Self.unreadable }
        if index < sequence.count {
            counts.move(from: sequence[index].status, to: run.status)
            sequence[index] = run
        } else {
            counts.add(run.status)
            sequence.append(run)
            latest[run.key] = index
        }
    }

    private mutating func applyStaged(_ entry: Value) throws(WorkflowError) {
        guard let parts = entry.array, let key = Key(value: parts.first) else { throw Self.unreadable }
        switch parts.count {
        case 1: staged[key] = nil
        case 6:
            guard var task = staged.removeValue(forKey: key), let from = [Int](value: parts[1]), from.count == 2,
                (0...task.scopes.count).contains(from[0]), (0...task.arrivals.count).contains(from[1]),
                let scopes = [Int](value: parts[2]), let arrivals = [Arrival](value: parts[3]),
                let isReady = parts[4].bool, let items = [Int](value: parts[5]), items.count.isMultiple(of: 2)
            else { throw Self.unreadable }
            task.scopes.replaceSubrange(from[0]..., with: scopes)
            task.arrivals.replaceSubrange(from[1]..., with: arrivals)
            task.isReady = isReady
            for place in stride(from: 0, to: items.count, by: 2) {
                guard let status = WorkflowStatus.allCases.first(where: { $0.ordinal == items[place + 1] }),
                    task.items?.statuses.indices.contains(items[place]) == true
                else { throw Self.unreadable }
                task.items?.set(items[place], to: status)
            }
            staged[key] = task
        default:
            guard let task = Staged(value: entry) else { throw Self.unreadable }
            staged[key] = task
        }
    }

    /// Whether every number in the state is one of this definition's, so that a damaged state can't lead astray.
    func fits(_ graph: WorkflowGraph) -> Bool {
        func hasKey(_ key: Key) -> Bool {
            graph.nodes.indices.contains(key.node) && routes.indices.contains(key.route)
        }
        func hasScopes(_ list: [Int]) -> Bool { list.allSatisfy(scopes.indices.contains) }
        func hasArrivals(_ list: [Arrival]) -> Bool {
            list.allSatisfy { graph.edges.indices.contains($0.edge) && sequence.indices.contains($0.run) }
        }
        return scopes.enumerated().allSatisfy { index, scope in
            scope.parents.allSatisfy { (0..<index).contains($0) }
                && scope.context.map(contexts.indices.contains) ?? true
        } && routes.allSatisfy { $0.allSatisfy(graph.edges.indices.contains) }
            && sequence.allSatisfy {
                hasKey($0.key) && hasScopes($0.scopes) && hasArrivals($0.arrivals)
                    && $0.taken.count == graph.nodes[$0.key.node].outgoing.count
            }
            && staged.values.allSatisfy { hasKey($0.key) && hasScopes($0.scopes) && hasArrivals($0.arrivals) }
    }
}

/// How much of a state the caller has already, and what changed since.
struct ChangeMark: Sendable {
    var contexts = 0
    var scopes = 0
    var routes = 0
    var errors = 0
    var log = 0
    var reruns = 0
    /// Runs that are new or changed.
    var runs: Set<Int> = []
    /// Staged tasks that came, went, or changed as a whole.
    var staged: Set<ConductorState.Key> = []
    /// Staged tasks at which others have arrived.
    var grown: Set<ConductorState.Key> = []
    /// Items whose status changed.
    var items: [ConductorState.Key: Set<Int>] = [:]
    /// How many scopes and arrivals of each staged task the caller has.
    var known: [ConductorState.Key: (scopes: Int, arrivals: Int)] = [:]
    /// Whether errors were taken away, so that all must be given again.
    var errorsReplaced = false

    init() {}

    /// The mark of one who has all of a state.
    init(_ state: ConductorState) {
        known = state.staged.mapValues { ($0.scopes.count, $0.arrivals.count) }
        count(state)
    }

    private mutating func count(_ state: ConductorState) {
        contexts = state.contexts.count
        scopes = state.scopes.count
        routes = state.routes.count
        errors = state.errors.count
        log = state.log.count
        reruns = state.reruns.count
    }

    /// Notes that the caller has all changes.
    mutating func settle(_ state: ConductorState) {
        count(state)
        for key in staged.union(grown) {
            known[key] = state.staged[key].map { ($0.scopes.count, $0.arrivals.count) }
        }
        runs.removeAll(keepingCapacity: true)
        staged.removeAll(keepingCapacity: true)
        grown.removeAll(keepingCapacity: true)
        items.removeAll(keepingCapacity: true)
        errorsReplaced = false
    }
}

extension Conductor {
    /// What has changed since this was last called, or since the run began or was restored: a document for
    /// ``ConductorState/apply(_:)``.
    ///
    /// Its size is that of the change, not of the workflow, so a caller can store one after each step. The first one
    /// of a new run follows on an empty ``ConductorState``'s ``ConductorState/init(document:)``, as a whole document
    /// does.
    public mutating func takeChanges() -> Value {
        if changes.errorsReplaced { changes.errors = 0 }
        let document = state.changes(since: changes)
        changes.settle(state)
        return document
    }
}

extension ConductorState: Codable {
    /// Reads the JSON text that ``encode(to:)`` writes.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        try self.init(document: try JSONReader.value(Array(text.utf8), limits: .storedResult))
    }

    /// Writes the document as one JSON text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(JSONWriter.text(document))
    }
}

// MARK: Parts

extension Value {
    fileprivate init(_ numbers: [Int]) { self = .array(numbers.map(Value.integer)) }

    fileprivate init(_ key: ConductorState.Key) { self.init([key.node, key.route]) }

    fileprivate init(_ arrivals: [ConductorState.Arrival]) { self.init(arrivals.flatMap { [$0.edge, $0.run] }) }
}

extension [Int] {
    fileprivate init?(value: Value) {
        guard let items = value.array else { return nil }
        var numbers: [Int] = []
        numbers.reserveCapacity(items.count)
        for item in items {
            guard let number = item.integer else { return nil }
            numbers.append(number)
        }
        self = numbers
    }
}

extension [ConductorState.Arrival] {
    fileprivate init?(value: Value) {
        guard let numbers = [Int](value: value), numbers.count.isMultiple(of: 2) else { return nil }
        self = stride(from: 0, to: numbers.count, by: 2).map { .init(edge: numbers[$0], run: numbers[$0 + 1]) }
    }
}

extension ConductorState.Key {
    fileprivate init?(value: Value?) {
        guard let numbers = value.flatMap([Int].init(value:)), numbers.count == 2 else { return nil }
        self.init(node: numbers[0], route: numbers[1])
    }
}

extension ConductorState.Key {
    fileprivate static func precedes(_ left: Self, _ right: Self) -> Bool {
        (left.node, left.route) < (right.node, right.route)
    }
}

extension ConductorState.Scope {
    fileprivate var document: Value { .array([context.map(Value.integer) ?? .null] + parents.map(Value.integer)) }

    fileprivate init?(value: Value) {
        guard let items = value.array, let first = items.first,
            let parents = [Int](value: .array(Array(items.dropFirst())))
        else { return nil }
        self.init(parents: parents, context: first.integer)
    }
}

extension ConductorState.Run {
    fileprivate var document: Value {
        let taken = self.taken.map { $0.map { $0 ? "1" : "0" } ?? "-" }.joined()
        let tries: Value =
            retry.map { .array([.integer($0.count), $0.delay.map(Value.integer) ?? .null, .integer($0.tally)]) }
            ?? .null
        return .array([
            .init(key), .init(scopes), .init(arrivals), .string(status.rawValue), .string(taken), .bool(isTerminal),
            tries,
        ])
    }

    fileprivate init?(value: Value) {
        guard let parts = value.array, parts.count == 7, let key = ConductorState.Key(value: parts[0]),
            let scopes = [Int](value: parts[1]), let arrivals = [ConductorState.Arrival](value: parts[2]),
            let status = parts[3].string.flatMap(WorkflowStatus.init), let taken = parts[4].string,
            let isTerminal = parts[5].bool
        else { return nil }
        var retry: ConductorState.Retry?
        if let tries = parts[6].array {
            guard tries.count == 3, let count = tries[0].integer, let tally = tries[2].integer else { return nil }
            retry = ConductorState.Retry(count: count, delay: tries[1].integer, tally: tally)
        }
        self.init(
            key: key, scopes: scopes, arrivals: arrivals, status: status,
            taken: taken.utf8.map { $0 == UInt8(ascii: "1") ? true : $0 == UInt8(ascii: "0") ? false : nil },
            isTerminal: isTerminal, retry: retry)
    }
}

extension ConductorState.Staged {
    fileprivate var document: Value {
        let flags = [isReady, isCompleted, runsOnFail].map { $0 ? "1" : "0" }.joined()
        return .array([
            .init(key), .integer(serial), .init(scopes), .init(arrivals), .string(flags),
            retryDelay.map(Value.integer) ?? .null, items?.document ?? .null,
        ])
    }

    fileprivate init?(value: Value) {
        guard let parts = value.array, parts.count == 7, let key = ConductorState.Key(value: parts[0]),
            let serial = parts[1].integer, let scopes = [Int](value: parts[2]),
            let arrivals = [ConductorState.Arrival](value: parts[3]),
            let flags = parts[4].string.map({ $0.utf8.map { $0 == UInt8(ascii: "1") } }), flags.count == 3
        else { return nil }
        self.init(
            key: key, serial: serial, scopes: scopes, arrivals: arrivals, isReady: flags[0], isCompleted: flags[1],
            retryDelay: parts[5].integer, runsOnFail: flags[2])
        if let text = parts[6].string {
            guard let items = ConductorState.Items(text: text) else { return nil }
            self.items = items
        }
    }
}

extension ConductorState.Items {
    /// One letter an item.
    fileprivate var document: Value {
        .string(String(decoding: statuses.map { UInt8(ascii: "a") + UInt8($0.ordinal) }, as: UTF8.self))
    }

    fileprivate init?(text: String) {
        var statuses: [WorkflowStatus] = []
        statuses.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            guard let status = WorkflowStatus.allCases.first(where: { UInt8(ascii: "a") + UInt8($0.ordinal) == byte })
            else { return nil }
            statuses.append(status)
        }
        self.init(statuses)
    }
}

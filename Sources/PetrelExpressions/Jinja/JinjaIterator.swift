import PetrelCore

/// Gives the items of something one after the other.
struct JinjaIterator {
    private enum Source {
        case values([Value])
        case items([JinjaValue])
        /// A list that may change on the way.
        case live(JinjaList)
        case scalars(String.UnicodeScalarView.Iterator)
        case keys(ValueObject)
        case range(JinjaRange)
        case pull(() throws(PythonFault) -> JinjaValue?)
    }

    private var source: Source
    private var at = 0
    private let run: JinjaRun

    init(_ items: [JinjaValue], _ run: JinjaRun) {
        source = .items(items)
        self.run = run
    }

    init(_ range: JinjaRange, _ run: JinjaRun) {
        source = .range(range)
        self.run = run
    }

    init(pull: @escaping () throws(PythonFault) -> JinjaValue?, _ run: JinjaRun) {
        source = .pull(pull)
        self.run = run
    }

    /// - Throws: Python's `TypeError` for what can't be iterated; the error of an undefined name.
    init(_ value: JinjaValue, _ run: JinjaRun) throws(PythonFault) {
        switch value {
        case .value(.array(let items)): source = .values(items)
        case .list(let list): source = run.sharesContainers ? .live(list) : .items(list.items)
        case .tuple(let tuple): source = .items(tuple.items)
        case .value(.object(let members)): source = .keys(members)
        case .dict(let dict): source = .items(dict.entries.values.map(\.key))
        case .value(.string(let text)), .markup(let text): source = .scalars(text.unicodeScalars.makeIterator())
        case .undefined(let undefined):
            try undefined.check()
            source = .items([])
        case .object(let object):
            guard let iterator = try object.iterator(run) else {
                throw .type("'\(object.typeName)' object is not iterable")
            }
            self = iterator
            return
        case .value: throw .type("'\(value.typeName)' object is not iterable")
        }
        self.run = run
    }

    @inline(__always)
    mutating func next() throws(PythonFault) -> JinjaValue? {
        try run.budget.work(StepCost.item)
        switch source {
        case .values(let values):
            guard at < values.count else { return nil }
            at += 1
            return run.wrap(values[at - 1])
        case .items(let items):
            guard at < items.count else { return nil }
            at += 1
            return items[at - 1]
        case .live(let list):
            let items = list.items
            guard at < items.count else { return nil }
            at += 1
            return items[at - 1]
        case .scalars(var scalars):
            guard let scalar = scalars.next() else { return nil }
            source = .scalars(scalars)
            return .text(String(scalar))
        case .keys(let members):
            guard at < members.count else { return nil }
            at += 1
            return .text(members.keys[at - 1])
        case .range(let range):
            guard at < range.count else { return nil }
            at += 1
            return .integer(range[at - 1])
        case .pull(let pull): return try pull()
        }
    }
}

/// An iterator of Python's: gives its items once.
final class JinjaGenerator: JinjaObject {
    private var iterator: JinjaIterator?
    private var start: (() throws(PythonFault) -> JinjaIterator)?
    private let name: String

    /// - Parameter start: makes the iterator when the first item is asked for.
    init(_ name: String = "generator", start: @escaping () throws(PythonFault) -> JinjaIterator) {
        self.name = name
        self.start = start
    }

    override var typeName: String { name }
    override var isIterable: Bool { true }

    func next() throws(PythonFault) -> JinjaValue? {
        if let start {
            self.start = nil
            iterator = try start()
        }
        return try iterator?.next()
    }

    override func iterator(_ run: JinjaRun) -> JinjaIterator? {
        // An iterator over an iterator over an iterator: each level takes several frames of the stack.
        JinjaIterator(
            pull: { () throws(PythonFault) in try run.nested(4) { () throws(PythonFault) in try self.next() } }, run)
    }

    override func dismantle() {
        start = nil
        iterator = nil
    }
}

/// `range(…)`.
final class JinjaRange: JinjaObject {
    let start: Int
    let step: Int
    let count: Int
    private let stop: Int

    init(start: Int, stop: Int, step: Int) {
        self.start = start
        self.stop = stop
        self.step = step
        count = Self.count(start, stop, step)
    }

    /// The number of items, without ever passing 64 bits.
    static func count(_ start: Int, _ stop: Int, _ step: Int) -> Int {
        guard step != 0, step > 0 ? start < stop : start > stop else { return 0 }
        let distance = (step > 0 ? stop.subtractingReportingOverflow(start) : start.subtractingReportingOverflow(stop))
        guard !distance.overflow else { return Int.max }
        return (distance.partialValue - 1) / Int(clamping: step.magnitude) + 1
    }

    subscript(at: Int) -> Int { start &+ at &* step }

    func contains(_ number: Int) -> Bool {
        guard count > 0 else { return false }
        let last = self[count - 1]
        guard (min(start, last)...max(start, last)).contains(number) else { return false }
        return (number &- start) % step == 0
    }

    override var typeName: String { "range" }
    override var length: Int? { count }
    override var isIterable: Bool { true }
    override func iterator(_ run: JinjaRun) -> JinjaIterator? { JinjaIterator(self, run) }

    override func shown(_ run: JinjaRun) -> String {
        step == 1 ? "range(\(start), \(stop))" : "range(\(start), \(stop), \(step))"
    }

    override func item(_ key: JinjaValue, _ run: JinjaRun) -> JinjaValue? {
        guard let at = key.int else { return nil }
        let index = at < 0 ? at &+ count : at
        return index >= 0 && index < count ? .integer(self[index]) : nil
    }

    override func attribute(_ name: String, _ run: JinjaRun) -> JinjaValue? {
        switch name {
        case "start": .integer(start)
        case "stop": .integer(stop)
        case "step": .integer(step)
        default: nil
        }
    }

    override func equals(_ other: JinjaObject, _ run: JinjaRun) -> Bool {
        guard let other = other as? JinjaRange, count == other.count else { return false }
        return count == 0 || start == other.start && (count == 1 || step == other.step)
    }
}

/// What `keys()`, `values()` and `items()` of a mapping give.
final class JinjaDictView: JinjaObject {
    enum Kind: String {
        case keys = "dict_keys"
        case values = "dict_values"
        case items = "dict_items"
    }

    private let kind: Kind
    private(set) var mapping: JinjaValue

    init(_ kind: Kind, of mapping: JinjaValue) {
        self.kind = kind
        self.mapping = mapping
    }

    override var typeName: String { kind.rawValue }
    override var isIterable: Bool { true }
    override var length: Int? { mapping.memberCount }
    override func dismantle() { mapping = .none }

    override func iterator(_ run: JinjaRun) -> JinjaIterator? {
        if kind == .items, case .value(.object(let members)) = mapping {
            var at = 0
            return JinjaIterator(
                pull: { () throws(PythonFault) in
                    guard at < members.count else { return nil }
                    let member = members.elements[at]
                    at += 1
                    return .tuple([.text(member.key), run.wrap(member.value)])
                }, run)
        }
        return JinjaIterator(items(run), run)
    }

    private func items(_ run: JinjaRun) -> [JinjaValue] {
        switch (mapping, kind) {
        case (.value(.object(let members)), .keys): members.keys.map { .text($0) }
        case (.value(.object(let members)), .values): members.values.map(run.wrap)
        case (.value(.object(let members)), .items): members.map { .tuple([.text($0), run.wrap($1)]) }
        case (.dict(let dict), .keys): dict.entries.values.map(\.key)
        case (.dict(let dict), .values): dict.entries.values.map(\.value)
        case (.dict(let dict), .items): dict.entries.values.map { .tuple([$0.key, $0.value]) }
        default: []
        }
    }

    override func shown(_ run: JinjaRun) throws(PythonFault) -> String {
        "\(kind.rawValue)(\(try run.shown(.list(items(run)))))"
    }
}

extension JinjaValue {
    /// The number of members of a mapping; nil for anything else.
    var memberCount: Int? {
        switch self {
        case .value(.object(let members)): members.count
        case .dict(let dict): dict.count
        default: nil
        }
    }
}

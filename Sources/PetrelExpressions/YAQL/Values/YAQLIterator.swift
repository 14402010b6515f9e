import PetrelCore

/// Items that are made one by one, when they are asked for; read once, by whoever asks first.
final class YAQLIterator {
    typealias Body = () throws(YAQLFault) -> YAQLValue?

    /// How deep its sources nest, itself included.
    let depth: Int
    private let runtime: YAQLRuntime
    private var body: Body?
    /// Makes another that begins at the start, for what remembers its items.
    private let restart: (() throws(YAQLFault) -> YAQLIterator)?

    /// - Parameter depth: that of the deepest thing that the body reads from or holds.
    init(
        _ runtime: YAQLRuntime, over depth: Int, restart: (() throws(YAQLFault) -> YAQLIterator)? = nil,
        _ body: @escaping Body
    ) throws(YAQLFault) {
        self.runtime = runtime
        self.depth = try YAQLValue.checked(depth + 1)
        self.restart = restart
        self.body = body
    }

    /// The next item; nil at the end, and from then on.
    func next() throws(YAQLFault) -> YAQLValue? {
        guard let body else { return nil }
        try runtime.enter()
        defer { runtime.leave() }
        if let item = try body() { return item }
        self.body = nil
        return nil
    }

    /// What reads it from the start if it remembers its items, else itself.
    func fresh() throws(YAQLFault) -> YAQLIterator {
        guard let restart else { return self }
        return try restart()
    }
}

extension YAQLIterator {
    /// Reads a list.
    static func items(of list: YAQLList, _ runtime: YAQLRuntime) throws(YAQLFault) -> YAQLIterator {
        var position = 0
        return try YAQLIterator(runtime, over: list.depth) { () throws(YAQLFault) -> YAQLValue? in
            guard position < list.count else { return nil }
            position += 1
            return list[position - 1]
        }
    }

    /// Reads items that exist already.
    static func items(_ items: [YAQLValue], _ runtime: YAQLRuntime) throws(YAQLFault) -> YAQLIterator {
        try self.items(of: try YAQLList(items), runtime)
    }

    /// One that remembers what it read, so that it can be read again.
    static func remembering(_ source: YAQLIterator, _ runtime: YAQLRuntime) throws(YAQLFault) -> YAQLIterator {
        try remembering(YAQLMemory(source), runtime)
    }

    private static func remembering(_ memory: YAQLMemory, _ runtime: YAQLRuntime) throws(YAQLFault) -> YAQLIterator {
        var position = 0
        return try YAQLIterator(
            runtime, over: memory.source.depth,
            restart: { () throws(YAQLFault) in try remembering(memory, runtime) },
            { () throws(YAQLFault) -> YAQLValue? in
                if position == memory.items.count {
                    guard let item = try memory.source.next() else { return nil }
                    try runtime.produce(items: 1)
                    memory.items.append(item)
                }
                position += 1
                return memory.items[position - 1]
            })
    }
}

/// What a remembering iterator has read so far.
private final class YAQLMemory {
    let source: YAQLIterator
    var items: [YAQLValue] = []
    init(_ source: YAQLIterator) { self.source = source }
}

/// What `orderBy` and `thenBy` give: sorted when it is first read.
final class YAQLOrdering {
    let collection: YAQLValue
    let fields: [(selector: YAQLLambda, isAscending: Bool)]
    let depth: Int
    private var sorted: YAQLList?

    init(
        _ collection: YAQLValue, _ fields: [(selector: YAQLLambda, isAscending: Bool)]
    ) throws(YAQLFault) {
        self.collection = collection
        self.fields = fields
        depth = try YAQLValue.depth(over: [collection] + fields.map { .lambda($0.selector) })
    }

    /// The same with a further field for those that are equal so far.
    func then(_ selector: YAQLLambda, isAscending: Bool) throws(YAQLFault) -> YAQLOrdering {
        try YAQLOrdering(collection, fields + [(selector, isAscending)])
    }

    /// The items in order; a selector runs at most once for each item, and only where items are compared.
    func items(_ runtime: YAQLRuntime) throws(YAQLFault) -> YAQLList {
        if let sorted { return sorted }
        let items = try runtime.items(of: collection)
        let table = YAQLSortKeys(items, fields)
        let order = try YAQLSort.sorted(Array(items.indices), runtime) { (left, right) throws(YAQLFault) in
            try table.isBefore(left, right, runtime)
        }
        let list = try YAQLList(order.map { items[$0] })
        sorted = list
        return list
    }
}

/// What the selectors gave for the items that were compared.
private final class YAQLSortKeys {
    private let items: [YAQLValue]
    private let fields: [(selector: YAQLLambda, isAscending: Bool)]
    private var keys: [[YAQLValue?]]

    init(_ items: [YAQLValue], _ fields: [(selector: YAQLLambda, isAscending: Bool)]) {
        self.items = items
        self.fields = fields
        keys = fields.map { _ in [YAQLValue?](repeating: nil, count: items.count) }
    }

    func isBefore(_ left: Int, _ right: Int, _ runtime: YAQLRuntime) throws(YAQLFault) -> Bool {
        for field in fields.indices {
            let one = try key(field, left)
            let two = try key(field, right)
            let isAscending = fields[field].isAscending
            if try YAQLComparison.holds(.less, one, two, runtime) { return isAscending }
            if try YAQLComparison.holds(.greater, one, two, runtime) { return !isAscending }
        }
        return false
    }

    private func key(_ field: Int, _ item: Int) throws(YAQLFault) -> YAQLValue {
        if let key = keys[field][item] { return key }
        let key = try fields[field].selector.call(items[item])
        keys[field][item] = key
        return key
    }
}

/// A stable sort whose comparison may fail with YAQL's faults.
private enum YAQLSort {
    static func sorted(
        _ items: [Int], _ runtime: YAQLRuntime, isBefore: (Int, Int) throws(YAQLFault) -> Bool
    ) throws(YAQLFault) -> [Int] {
        var failure: YAQLFault?
        do throws(PythonFault) {
            return try PythonSort.sorted(items, runtime.budget) { (left, right) throws(PythonFault) in
                do throws(YAQLFault) { return try isBefore(left, right) } catch {
                    failure = error
                    throw PythonFault(.exception, error.text)
                }
            }
        } catch { throw failure ?? YAQLFault(error) }
    }
}

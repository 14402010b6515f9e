import PetrelCore

/// Lists: making, joining, indexing, changing by position.
extension YAQLLibrary {
    static let lists: [YAQLOverload] = [
        .function(
            "list", [], .rest(.any),
            { (arguments) throws(YAQLFault) in
                try arguments.tuple(try spread(arguments))
            }),
        .method(
            "toList", [.items()],
            { (arguments) throws(YAQLFault) in
                if case .tuple = arguments[0] { return arguments[0] }
                return try arguments.tuple(try arguments.items(0))
            }),
        .method("flatten", [.items()], flatten),
        .function(
            "isList", [.any("arg")], { (arguments) throws(YAQLFault) in .bool(YAQLType.sequence.accepts(arguments[0])) }
        ),
        .function(
            "isIterable", [.any("value")],
            { (arguments) throws(YAQLFault) in .bool(YAQLType.iterable.accepts(arguments[0])) }),
        .both(
            "len", [.init("sequence", .sequence)],
            { (arguments) throws(YAQLFault) in
                .integer(list(arguments[0])?.count ?? 0)
            }),
        .function("#indexer", [.init("list", .sequence), .whole("index")], index),
        .function(
            "#operator_in", [.any("value"), .items()],
            { (arguments) throws(YAQLFault) in
                .bool(try contains(arguments[1], arguments[0], arguments.runtime))
            }),
        .method(
            "contains", [.items(), .any("value")],
            { (arguments) throws(YAQLFault) in
                .bool(try contains(arguments[0], arguments[1], arguments.runtime))
            }),
        .function("#operator_+", [.items("left"), .items("right")], combine),
        .function(
            "#operator_*", [.init("left", .sequence), .whole("right")],
            { (arguments) throws(YAQLFault) in
                try repeated(arguments[0], arguments.integer(1), arguments)
            }),
        .function(
            "#operator_*", [.whole("left"), .init("right", .sequence)],
            { (arguments) throws(YAQLFault) in
                try repeated(arguments[1], arguments.integer(0), arguments)
            }),
        .method("delete", [.items(), .whole("position"), .whole("count", .integer(1))], delete),
        .method(
            "replace", [.items(), .whole("position"), .any("value"), .whole("count", .integer(1))],
            { (arguments) throws(YAQLFault) in try replace(arguments, with: [arguments[2]]) }),
        .method(
            "replaceMany", [.items(), .whole("position"), .items("values"), .whole("count", .integer(1))],
            { (arguments) throws(YAQLFault) in try replace(arguments, with: nil) }),
        .method("insert", [.init("collection", .iterableNoSet), .whole("position"), .any("value")], insertLater),
        .method("insert", [.init("collection", .sequence), .whole("position"), .any("value")], insert),
        .method("insertMany", [.items(), .whole("position"), .items("values")], insertMany),
    ]

    /// The list that a tuple or Python list has.
    static func list(_ value: YAQLValue) -> YAQLList? {
        switch value {
        case .tuple(let list), .list(let list): list
        default: nil
        }
    }

    /// The arguments, with the items of iterators in their place.
    static func spread(_ arguments: YAQLArguments) throws(YAQLFault) -> [YAQLValue] {
        var items: [YAQLValue] = []
        for argument in arguments.rest { try spread(argument, into: &items, arguments.runtime) }
        return items
    }

    private static func spread(
        _ value: YAQLValue, into items: inout [YAQLValue], _ runtime: YAQLRuntime
    ) throws(YAQLFault) {
        guard case .iterator(let iterator) = value else {
            items.append(value)
            return
        }
        try runtime.enter()
        defer { runtime.leave() }
        let source = try iterator.fresh()
        while let item = try source.next() {
            try runtime.produce(items: 1)
            try spread(item, into: &items, runtime)
        }
    }

    private static func flatten(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let runtime = arguments.runtime
        var open = [try arguments.iterator(0)]
        return try arguments.iterate { () throws(YAQLFault) in
            while let source = open.last {
                guard let item = try source.next() else {
                    open.removeLast()
                    continue
                }
                guard YAQLType.iterable.accepts(item) else { return item }
                guard open.count < YAQLValue.maxDepth else { throw .tooComplex("The list is nested too deep") }
                open.append(try runtime.iterator(over: item))
            }
            return nil
        }
    }

    private static func index(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        guard let list = list(arguments[0]) else { return .null }
        let index = arguments.integer(1)
        let position = index < 0 ? index + list.count : index
        guard position >= 0, position < list.count else {
            if case .bigInteger = arguments[1] { throw .index("cannot fit 'int' into an index-sized integer") }
            throw .index("\(arguments[0].typeName) index out of range")
        }
        return list[position]
    }

    /// Whether an equal item is in a collection.
    static func contains(
        _ collection: YAQLValue, _ value: YAQLValue, _ runtime: YAQLRuntime
    ) throws(YAQLFault) -> Bool {
        switch collection {
        case .set(let set): return set.items.contains(try YAQLKey(value, runtime.budget))
        case .view(let view) where view.kind == .keys:
            return try view.dictionary.member(value, runtime.budget) != nil
        case .tuple(let list), .list(let list):
            try runtime.step(list.count)
            for position in 0..<list.count where try runtime.areEqual(list[position], value) { return true }
            return false
        default:
            let source = try runtime.iterator(over: collection)
            while let item = try source.next() {
                if try runtime.areEqual(item, value) { return true }
            }
            return false
        }
    }

    /// Two tuples give a tuple and two sets a set; all else is read one after the other.
    private static func combine(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        switch (arguments[0], arguments[1]) {
        case (.tuple(let one), .tuple(let two)):
            try arguments.runtime.step(one.count + two.count)
            return try arguments.tuple(one.items + two.items)
        case (.set(let one), .set(let two)):
            try arguments.runtime.step(one.count + two.count)
            return .set(try YAQLSet(one.items.union(two.items)))
        default: return try chain(arguments.values, arguments)
        }
    }

    /// The items of several collections, one after the other.
    static func chain(_ collections: [YAQLValue], _ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let runtime = arguments.runtime
        var at = 0
        var source: YAQLIterator?
        return try arguments.iterate { () throws(YAQLFault) in
            while true {
                if let item = try source?.next() { return item }
                guard at < collections.count else { return nil }
                source = try runtime.iterator(over: collections[at])
                at += 1
            }
        }
    }

    private static func repeated(
        _ value: YAQLValue, _ count: Int, _ arguments: YAQLArguments
    ) throws(YAQLFault) -> YAQLValue {
        guard let list = list(value) else { return .null }
        let count = max(0, count)
        let (total, isTooLarge) = list.count.multipliedReportingOverflow(by: count)
        try arguments.runtime.produce(items: isTooLarge ? Int.max >> 8 : total)
        var items: [YAQLValue] = []
        if list.count > 0 { for _ in 0..<count { items += list.items } }
        let result = try YAQLList(items)
        if case .list = value { return .list(result) }
        return .tuple(result)
    }

    // MARK: Changing by position

    /// Whether a position belongs to the part that is deleted or replaced; a negative count is all to the end.
    private static func isAffected(_ at: Int, _ position: Int, _ count: Int) -> Bool {
        if count < 0 { return at >= position }
        let (end, overflow) = position.addingReportingOverflow(count)
        return at >= position && at < (overflow ? Int.max : end)
    }

    private static func delete(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        let (position, count) = (arguments.integer(1), arguments.integer(2))
        var at = -1
        return try arguments.iterate { () throws(YAQLFault) in
            while let item = try source.next() {
                at += 1
                if !isAffected(at, position, count) { return item }
            }
            return nil
        }
    }

    /// - Parameter values: what comes in place of the part; nil for those of the argument.
    private static func replace(_ arguments: YAQLArguments, with values: [YAQLValue]?) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        let (position, count) = (arguments.integer(1), arguments.integer(3))
        var at = -1
        var new: YAQLIterator?
        var isReading = false
        return try arguments.iterate { () throws(YAQLFault) in
            while true {
                if isReading {
                    if let item = try new?.next() { return item }
                    isReading = false
                }
                guard let item = try source.next() else { return nil }
                at += 1
                guard isAffected(at, position, count) else { return item }
                if new == nil {
                    new = try self.source(values, arguments)
                    isReading = true
                }
            }
        }
    }

    /// What is put in: these values, or those of the third argument.
    private static func source(_ values: [YAQLValue]?, _ arguments: YAQLArguments) throws(YAQLFault) -> YAQLIterator {
        guard let values else { return try arguments.iterator(2) }
        return try .items(values, arguments.runtime)
    }

    private static func insert(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var items = try arguments.items(0)
        let position = arguments.integer(1)
        let at = position < 0 ? max(0, position &+ items.count) : min(position, items.count)
        items.insert(arguments[2], at: at)
        return try arguments.list(items)
    }

    private static func insertLater(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        try inserted([arguments[2]], isEarly: false, arguments)
    }

    private static func insertMany(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        try inserted(nil, isEarly: arguments.integer(1) < 0, arguments)
    }

    /// Before the item at the position; behind the last one when there are not so many.
    private static func inserted(
        _ values: [YAQLValue]?, isEarly: Bool, _ arguments: YAQLArguments
    ) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        let position = arguments.integer(1)
        var at = -1
        var held: YAQLValue?
        var new: YAQLIterator?
        var isOver = false
        if isEarly { new = try self.source(values, arguments) }
        return try arguments.iterate { () throws(YAQLFault) in
            while true {
                if let item = try new?.next() { return item }
                new = nil
                if let item = held {
                    held = nil
                    return item
                }
                if isOver { return nil }
                if let item = try source.next() {
                    at += 1
                    guard at == position else { return item }
                    held = item
                    new = try self.source(values, arguments)
                } else {
                    isOver = true
                    if position > at { new = try self.source(values, arguments) }
                }
            }
        }
    }
}

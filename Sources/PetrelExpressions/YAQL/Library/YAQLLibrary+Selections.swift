import PetrelCore

/// Going through collections to other collections, item by item, when they are asked for.
extension YAQLLibrary {
    static let selections: [YAQLOverload] = [
        .method("where", [.items(), .lambda("predicate")], filter),
        .method("filter", [.items(), .lambda("predicate")], filter),
        .method("select", [.items(), .lambda("selector")], select),
        .method("map", [.items(), .lambda("selector")], select),
        .method("selectMany", [.items(), .lambda("selector")], selectMany),
        .method("skip", [.items(), .whole("count")], skip),
        .method("limit", [.items(), .whole("count")], limit),
        .method("take", [.items(), .whole("count")], limit),
        .method("takeWhile", [.items(), .lambda("predicate")], takeWhile),
        .method("skipWhile", [.items(), .lambda("predicate")], skipWhile),
        .both("append", [.items()], .rest(.any), append),
        .both(
            "concat", [], .rest(.iterable), { (arguments) throws(YAQLFault) in try chain(arguments.rest, arguments) }),
        .both("distinct", [.items(), .optionalLambda("keySelector")], distinct),
        .both("enumerate", [.items(), .init("start", .wholeOrNull, .integer(0))], enumerate),
        .method("memorize", [.items()], memorize),
        .method("accumulate", [.items(), .lambda("selector"), .any("seed", .absent)], accumulate),
        .method("defaultIfEmpty", [.items(), .items("default")], defaultIfEmpty),
        .method("zip", [], .rest(.iterable), zip),
        .method("zipLongest", [], .init(rest: .iterable, takesAnyName: true), zipLongest),
        .method(
            "join", [.items("collection1"), .items("collection2"), .lambda("predicate"), .lambda("selector")], join),
    ]

    private static func filter(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        return try arguments.iterate { () throws(YAQLFault) in
            while let item = try source.next() {
                if try arguments.call(1, item).isTruthy { return item }
            }
            return nil
        }
    }

    private static func select(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        return try arguments.iterate { () throws(YAQLFault) in
            guard let item = try source.next() else { return nil }
            return try arguments.call(1, item)
        }
    }

    private static func selectMany(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        var inner: YAQLIterator?
        return try arguments.iterate { () throws(YAQLFault) in
            while true {
                if let item = try inner?.next() { return item }
                inner = nil
                guard let item = try source.next() else { return nil }
                let selected = try arguments.call(1, item)
                guard YAQLType.iterable.accepts(selected) else { return selected }
                inner = try arguments.runtime.iterator(over: selected)
            }
        }
    }

    private static func skip(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var left = arguments.integer(1)
        guard left >= 0, left < Int.max else {
            throw .value("Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.")
        }
        let source = try arguments.iterator(0)
        return try arguments.iterate { () throws(YAQLFault) in
            while left > 0 {
                guard try source.next() != nil else { return nil }
                left -= 1
            }
            return try source.next()
        }
    }

    private static func limit(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var left = arguments.integer(1)
        guard left >= 0, left < Int.max else {
            throw .value("Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.")
        }
        let source = try arguments.iterator(0)
        return try arguments.iterate { () throws(YAQLFault) in
            guard left > 0 else { return nil }
            left -= 1
            return try source.next()
        }
    }

    private static func takeWhile(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        return try arguments.iterate { () throws(YAQLFault) in
            guard let item = try source.next(), try arguments.call(1, item).isTruthy else { return nil }
            return item
        }
    }

    private static func skipWhile(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        var isSkipping = true
        return try arguments.iterate { () throws(YAQLFault) in
            while let item = try source.next() {
                if isSkipping { isSkipping = try arguments.call(1, item).isTruthy }
                if !isSkipping { return item }
            }
            return nil
        }
    }

    private static func append(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        var at = 0
        return try arguments.iterate { () throws(YAQLFault) in
            if at == 0, let item = try source.next() { return item }
            guard at < arguments.rest.count else { return nil }
            at += 1
            return arguments.rest[at - 1]
        }
    }

    private static func distinct(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        var seen: Set<YAQLKey> = []
        return try arguments.iterate { () throws(YAQLFault) in
            while let item = try source.next() {
                let key = arguments[1].isNull ? item : try arguments.call(1, item)
                guard seen.insert(try YAQLKey(key, arguments.budget)).inserted else { continue }
                try arguments.runtime.produce(items: 1)
                return item
            }
            return nil
        }
    }

    private static func enumerate(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        guard !arguments[1].isNull else { throw .type("'NoneType' object cannot be interpreted as an integer") }
        let source = try arguments.iterator(0)
        var number = arguments.integer(1)
        return try arguments.iterate { () throws(YAQLFault) in
            guard let item = try source.next() else { return nil }
            defer { number &+= 1 }
            return try arguments.list([.integer(number), item])
        }
    }

    private static func memorize(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        switch arguments[0] {
        case .tuple, .list, .set: return arguments[0]
        case .view(let view) where view.isSet: return arguments[0]
        default: return .iterator(try .remembering(try arguments.iterator(0), arguments.runtime))
        }
    }

    private static func accumulate(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        var total: YAQLValue?
        return try arguments.iterate { () throws(YAQLFault) in
            guard let current = total else {
                var first = arguments[2]
                if case .absent = first {
                    guard let item = try source.next() else {
                        throw .type("accumulate() of empty sequence with no initial value")
                    }
                    first = item
                }
                total = first
                return first
            }
            guard let item = try source.next() else { return nil }
            let next = try arguments.call(1, current, item)
            total = next
            return next
        }
    }

    private static func defaultIfEmpty(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        switch arguments[0] {
        case .tuple(let list), .list(let list): return list.count == 0 ? arguments[1] : arguments[0]
        case .set(let set): return set.count == 0 ? arguments[1] : arguments[0]
        case .view(let view) where view.isSet: return view.dictionary.isEmpty ? arguments[1] : arguments[0]
        default:
            let memory = try YAQLIterator.remembering(try arguments.iterator(0), arguments.runtime)
            return try memory.fresh().next() == nil ? arguments[1] : .iterator(memory)
        }
    }

    // MARK: Several collections

    private static func zip(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let sources = try sources(arguments)
        return try arguments.iterate { () throws(YAQLFault) in
            var items: [YAQLValue] = []
            for source in sources {
                guard let item = try source.next() else { return nil }
                items.append(item)
            }
            return try arguments.tuple(items)
        }
    }

    private static func zipLongest(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let filler = arguments.named.last { $0.name == "default" }?.value ?? .null
        let sources = try sources(arguments)
        return try arguments.iterate { () throws(YAQLFault) in
            guard let items = try longest(sources, filler) else { return nil }
            return try arguments.tuple(items)
        }
    }

    private static func sources(_ arguments: YAQLArguments) throws(YAQLFault) -> [YAQLIterator] {
        var sources: [YAQLIterator] = []
        for collection in arguments.rest { sources.append(try arguments.runtime.iterator(over: collection)) }
        return sources
    }

    /// One item of each; nil when all are at their end.
    static func longest(_ sources: [YAQLIterator], _ filler: YAQLValue) throws(YAQLFault) -> [YAQLValue]? {
        var items: [YAQLValue] = []
        var isOver = true
        for source in sources {
            let item = try source.next()
            if item != nil { isOver = false }
            items.append(item ?? filler)
        }
        return isOver ? nil : items
    }

    private static func join(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let outer = try arguments.iterator(0)
        let second: YAQLValue
        if case .tuple = arguments[1] {
            second = arguments[1]
        } else {
            second = .iterator(try .remembering(try arguments.iterator(1), arguments.runtime))
        }
        var one: YAQLValue?
        var inner: YAQLIterator?
        return try arguments.iterate { () throws(YAQLFault) in
            while true {
                if let left = one, let source = inner {
                    while let right = try source.next() {
                        if try arguments.call(2, left, right).isTruthy { return try arguments.call(3, left, right) }
                    }
                }
                one = try outer.next()
                guard one != nil else { return nil }
                inner = try arguments.runtime.iterator(over: second)
            }
        }
    }
}

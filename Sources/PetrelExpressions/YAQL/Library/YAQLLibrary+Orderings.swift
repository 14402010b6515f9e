import PetrelCore

/// Sorting, grouping and cutting.
extension YAQLLibrary {
    static let orderings: [YAQLOverload] = [
        .method(
            "orderBy", [.items(), .lambda("selector")],
            { (arguments) throws(YAQLFault) in
                try order(arguments, isAscending: true)
            }),
        .method(
            "orderByDescending", [.items(), .lambda("selector")],
            { (arguments) throws(YAQLFault) in
                try order(arguments, isAscending: false)
            }),
        .method(
            "thenBy", [.init("collection", .ordering), .lambda("selector")],
            { (arguments) throws(YAQLFault) in
                try order(arguments, isAscending: true, isFurther: true)
            }),
        .method(
            "thenByDescending", [.init("collection", .ordering), .lambda("selector")],
            { (arguments) throws(YAQLFault) in
                try order(arguments, isAscending: false, isFurther: true)
            }),
        .method("reverse", [.items()], reverse),
        .method(
            "groupBy",
            [.items(), .lambda("keySelector"), .optionalLambda("valueSelector"), .optionalLambda("aggregator")], group),
        .method("slice", [.items(), .whole("length")], slice),
        .method("splitAt", [.items(), .whole("index")], splitAt),
        .method("splitWhere", [.items(), .lambda("predicate")], splitWhere),
        .method("sliceWhere", [.items(), .lambda("predicate")], sliceWhere),
    ]

    private static func order(
        _ arguments: YAQLArguments, isAscending: Bool, isFurther: Bool = false
    ) throws(YAQLFault) -> YAQLValue {
        guard let selector = arguments.lambda(1) else { throw .type("'NoneType' object is not callable") }
        if isFurther, case .ordering(let ordering) = arguments[0] {
            return .ordering(try ordering.then(selector, isAscending: isAscending))
        }
        return .ordering(try YAQLOrdering(arguments[0], [(selector, isAscending)]))
    }

    private static func reverse(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        .iterator(try .items(arguments.items(0).reversed(), arguments.runtime))
    }

    // MARK: Groups

    private static func group(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        var groups = OrderedDictionary<YAQLKey, [YAQLValue]>()
        while let item = try source.next() {
            let value = arguments[2].isNull ? item : try arguments.call(2, item)
            try arguments.runtime.produce(items: 2)
            groups[try YAQLKey(try arguments.call(1, item), arguments.budget), default: []].append(value)
        }
        var at = 0
        var aggregation = Aggregation(arguments: arguments)
        return try arguments.iterate { () throws(YAQLFault) in
            guard at < groups.count else { return nil }
            let (key, values) = groups.elements[at]
            at += 1
            return try aggregation.result(key.value, try arguments.list(values))
        }
    }

    /// Applies the aggregator to the values of each group, or, as older versions did, to pairs of key and values.
    private struct Aggregation {
        let arguments: YAQLArguments
        var mayFallBack = true
        var failure: YAQLFault?

        mutating func result(_ key: YAQLValue, _ values: YAQLValue) throws(YAQLFault) -> YAQLValue {
            let group = try arguments.tuple([key, values])
            if arguments[3].isNull { return group }
            if failure == nil, let result = try attempt(values) {
                if try !looksOld(result, values) { mayFallBack = false }
                return try arguments.tuple([key, result])
            }
            if mayFallBack, let result = try oldResult(group) { return result }
            throw failure ?? .type("the aggregator failed")
        }

        /// The aggregator's value; nil when the values were not what it expects.
        private mutating func attempt(_ values: YAQLValue) throws(YAQLFault) -> YAQLValue? {
            do throws(YAQLFault) { return try arguments.call(3, values) } catch {
                guard error.code == .noMatch || error.name == "IndexError" else { throw error }
                failure = error
                return nil
            }
        }

        private func looksOld(_ result: YAQLValue, _ values: YAQLValue) throws(YAQLFault) -> Bool {
            guard let values = YAQLLibrary.list(values), let result = YAQLLibrary.list(result), values.count == 2,
                result.count == 2
            else { return false }
            return try arguments.runtime.areEqual(result[0], values[0])
        }

        private func oldResult(_ group: YAQLValue) throws(YAQLFault) -> YAQLValue? {
            do throws(YAQLFault) {
                let result = try arguments.call(3, group)
                let count: Int? =
                    switch result {
                    case .tuple(let list), .list(let list): list.count
                    case .dictionary(let dictionary): dictionary.count
                    case .set(let set): set.count
                    case .view(let view): view.dictionary.count
                    case .string(let text): PythonText.length(text)
                    default: nil
                    }
                return count == 2 ? result : nil
            } catch {
                if error.code == .tooComplex { throw error }
                return nil
            }
        }
    }

    // MARK: Parts

    private static func slice(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        let length = arguments.integer(1)
        return try arguments.iterate { () throws(YAQLFault) in
            guard length >= 0, length < Int.max else {
                throw .value("Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.")
            }
            var items: [YAQLValue] = []
            while items.count < length, let item = try source.next() { items.append(item) }
            return items.isEmpty ? nil : try arguments.tuple(items)
        }
    }

    /// All items as one list.
    private static func whole(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLList {
        if let list = list(arguments[0]) { return list }
        return try YAQLList(try arguments.items(0))
    }

    private static func splitAt(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let list = try whole(arguments)
        let index = arguments.integer(1)
        try arguments.runtime.produce(items: list.count)
        let head = slice(of: list.count, from: 0, to: index)
        let tail = slice(of: list.count, from: index, to: list.count)
        return try arguments.list([.tuple(try list.slice(head)), .tuple(try list.slice(tail))])
    }

    private static func splitWhere(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var whole: YAQLList?
        var start = 0
        var end = 0
        return try arguments.iterate { () throws(YAQLFault) in
            if whole == nil { whole = try self.whole(arguments) }
            guard let list = whole else { return nil }
            while end < list.count {
                let isSeparator = try arguments.call(1, list[end]).isTruthy
                end += 1
                guard isSeparator else { continue }
                defer { start = end }
                return try part(list, start..<(end - 1), arguments)
            }
            guard start < list.count else { return nil }
            defer { start = list.count }
            return try part(list, start..<list.count, arguments)
        }
    }

    private static func sliceWhere(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var whole: YAQLList?
        var start = 0
        var end = 0
        var last: YAQLValue?
        return try arguments.iterate { () throws(YAQLFault) in
            if whole == nil { whole = try self.whole(arguments) }
            guard let list = whole else { return nil }
            while end < list.count {
                let verdict = try arguments.call(1, list[end])
                let isBreak =
                    try last.map { (last) throws(YAQLFault) in try !arguments.runtime.areEqual(last, verdict) } ?? false
                last = verdict
                end += 1
                guard isBreak else { continue }
                defer { start = end - 1 }
                return try part(list, start..<(end - 1), arguments)
            }
            guard start < list.count else { return nil }
            defer { start = list.count }
            return try part(list, start..<list.count, arguments)
        }
    }

    private static func part(
        _ list: YAQLList, _ range: Range<Int>, _ arguments: YAQLArguments
    ) throws(YAQLFault) -> YAQLValue {
        try arguments.runtime.produce(items: range.count)
        return .tuple(try list.slice(range))
    }
}

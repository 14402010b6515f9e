import PetrelCore

/// Mappings.
extension YAQLLibrary {
    static let dictionaries: [YAQLOverload] = [
        .function("dict", [], .init(rest: .rule, hasNoNames: true), map),
        .function("dict", [.items("items")], .init(hasNoNames: true), dictionaryOfPairs),
        .method("toDict", [.items(), .lambda("keySelector"), .optionalLambda("valueSelector")], toDictionary),
        .function(
            "isDict", [.any("arg")], { (arguments) throws(YAQLFault) in .bool(YAQLType.mapping.accepts(arguments[0])) }),
        .both("len", [.mapping()], { (arguments) throws(YAQLFault) in .integer(try arguments.dictionary(0).count) }),
        .function(
            "#indexer", [.mapping(), .any("key")],
            { (arguments) throws(YAQLFault) in
                guard let value = try arguments.dictionary(0).member(arguments[1], arguments.budget) else {
                    throw .key(try arguments[1].pythonShown(arguments.runtime))
                }
                return value
            }),
        .function("#indexer", [.mapping(), .any("key"), .any("default")], member),
        .method("get", [.mapping(), .any("key"), .any("default", .null)], member),
        .method(
            "set", [.mapping(), .any("key"), .any("value")], .init(hasNoNames: true),
            { (arguments) throws(YAQLFault) in
                try changed(arguments, [(arguments[1], arguments[2])])
            }),
        .method(
            "set", [.mapping(), .mapping("replacements")], .init(hasNoNames: true),
            { (arguments) throws(YAQLFault) in
                try changed(arguments, arguments.dictionary(1).entries)
            }),
        .method(
            "set", [.mapping()], .init(rest: .rule, hasNoNames: true),
            { (arguments) throws(YAQLFault) in
                try changed(arguments, rules(arguments.rest))
            }),
        .method(
            "keys", [.mapping()],
            { (arguments) throws(YAQLFault) in
                .view(YAQLView(.keys, of: try arguments.dictionary(0)))
            }),
        .method(
            "values", [.mapping()],
            { (arguments) throws(YAQLFault) in
                .view(YAQLView(.values, of: try arguments.dictionary(0)))
            }),
        .method(
            "items", [.mapping()],
            { (arguments) throws(YAQLFault) in
                .view(YAQLView(.items, of: try arguments.dictionary(0)))
            }),
        .method(
            "containsKey", [.mapping(), .any("key")],
            { (arguments) throws(YAQLFault) in
                .bool(try arguments.dictionary(0).member(arguments[1], arguments.budget) != nil)
            }),
        .method("containsValue", [.mapping(), .any("value")], containsValue),
        .function(
            "#operator_+", [.mapping("left"), .mapping("right")],
            { (arguments) throws(YAQLFault) in
                try changed(arguments, arguments.dictionary(1).entries)
            }),
        .method(
            "delete", [.mapping()], .rest(.any),
            { (arguments) throws(YAQLFault) in
                try without(arguments, arguments.rest)
            }),
        .method(
            "deleteAll", [.mapping(), .items("keys")],
            { (arguments) throws(YAQLFault) in
                try without(arguments, arguments.items(1))
            }),
        .method(
            "mergeWith",
            [
                .mapping(), .mapping("another"), .optionalLambda("listMerger"), .optionalLambda("itemMerger"),
                .whole("maxLevels", .integer(0)),
            ], merge),
    ]

    private static func rules(_ values: [YAQLValue]) -> [(key: YAQLValue, value: YAQLValue)] {
        values.compactMap { if case .rule(let rule) = $0 { (rule.key, rule.value) } else { nil } }
    }

    private static func dictionaryOfPairs(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        var members = YAQLDictionary.Members()
        while let item = try source.next() {
            try arguments.runtime.produce(items: 2)
            let pair = try parts(of: item, arguments.runtime)
            guard let key = try pair.next(), let value = try pair.next() else { throw .exhausted() }
            members[try YAQLKey(key, arguments.budget)] = value
        }
        return .dictionary(try YAQLDictionary(members))
    }

    /// What Python's `iter` goes through: also the characters of a text and the keys of a mapping.
    static func parts(of value: YAQLValue, _ runtime: YAQLRuntime) throws(YAQLFault) -> YAQLIterator {
        switch value {
        case .string(let text):
            try runtime.produce(items: text.utf8.count)
            return try .items(text.unicodeScalars.map { .string(String($0)) }, runtime)
        case .dictionary(let dictionary): return try .items(dictionary.entries.map(\.key), runtime)
        default: return try runtime.iterator(over: value)
        }
    }

    private static func toDictionary(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        var members = YAQLDictionary.Members()
        while let item = try source.next() {
            try arguments.runtime.produce(items: 2)
            let key = try arguments.call(1, item)
            let value = arguments[2].isNull ? item : try arguments.call(2, item)
            members[try YAQLKey(key, arguments.budget)] = value
        }
        return .dictionary(try YAQLDictionary(members, isFrozen: false))
    }

    private static func member(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        try arguments.dictionary(0).member(arguments[1], arguments.budget) ?? arguments[2]
    }

    /// The mapping with other values under some keys; equal keys keep their place.
    private static func changed(
        _ arguments: YAQLArguments, _ changes: [(key: YAQLValue, value: YAQLValue)]
    ) throws(YAQLFault) -> YAQLValue {
        let dictionary = try arguments.dictionary(0)
        try arguments.runtime.step(dictionary.count)
        try arguments.runtime.produce(items: (dictionary.count + changes.count) * 2)
        var members = dictionary.members
        for change in changes { members[try YAQLKey(change.key, arguments.budget)] = change.value }
        return .dictionary(try YAQLDictionary(members))
    }

    private static func containsValue(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        for (_, value) in try arguments.dictionary(0).entries {
            try arguments.runtime.step()
            if try arguments.runtime.areEqual(value, arguments[1]) { return .bool(true) }
        }
        return .bool(false)
    }

    private static func without(_ arguments: YAQLArguments, _ keys: [YAQLValue]) throws(YAQLFault) -> YAQLValue {
        let dictionary = try arguments.dictionary(0)
        try arguments.runtime.produce(items: dictionary.count * 2)
        var dropped: Set<YAQLKey> = []
        for key in keys { dropped.insert(try YAQLKey(key, arguments.budget)) }
        return .dictionary(try YAQLDictionary(dictionary.members.filter { !dropped.contains($0.key) }, isFrozen: false))
    }

    // MARK: Merging

    private static func merge(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        try merge(
            arguments.dictionary(0), arguments.dictionary(1), levels: arguments.integer(4), arguments)
    }

    private static func merge(
        _ one: YAQLDictionary, _ two: YAQLDictionary, levels: Int, _ arguments: YAQLArguments
    ) throws(YAQLFault) -> YAQLValue {
        try arguments.runtime.enter()
        defer { arguments.runtime.leave() }
        try arguments.runtime.produce(items: (one.count + two.count) * 2)
        var members = YAQLDictionary.Members()
        for (key, value) in one.entries {
            let other = try two.member(key, nil)
            members[YAQLKey(checked: key)] =
                try other.map { (other) throws(YAQLFault) in try merged(value, other, levels, arguments) } ?? value
        }
        for (key, value) in two.entries where members[YAQLKey(checked: key)] == nil {
            members[YAQLKey(checked: key)] = value
        }
        return .dictionary(try YAQLDictionary(members, isFrozen: false))
    }

    private static func merged(
        _ one: YAQLValue, _ two: YAQLValue, _ levels: Int, _ arguments: YAQLArguments
    ) throws(YAQLFault) -> YAQLValue {
        if levels != 1, case .dictionary(let right) = two {
            guard case .dictionary(let left) = one else { throw notMerged(one, two) }
            return try merge(left, right, levels: levels == 0 ? 0 : levels &- 1, arguments)
        }
        if levels != 1, let right = list(two) {
            guard let left = list(one) else { throw notMerged(one, two) }
            if !arguments[2].isNull { return try arguments.call(2, one, two) }
            guard one.typeName == two.typeName else {
                throw .type("can only concatenate \(one.typeName) (not \"\(two.typeName)\") to \(one.typeName)")
            }
            let items = try distinct(left.items + right.items, arguments.runtime)
            return try arguments.tuple(items)
        }
        return arguments[3].isNull ? two : try arguments.call(3, one, two)
    }

    private static func distinct(_ items: [YAQLValue], _ runtime: YAQLRuntime) throws(YAQLFault) -> [YAQLValue] {
        var seen: Set<YAQLKey> = []
        var result: [YAQLValue] = []
        try runtime.step(items.count)
        for item in items where seen.insert(try YAQLKey(item, runtime.budget)).inserted { result.append(item) }
        return result
    }

    private static func notMerged(_ one: YAQLValue, _ two: YAQLValue) -> YAQLFault {
        .type("Cannot merge \(one.className) with \(two.className)")
    }
}

import PetrelCore

/// What leaves an expression: everything iterable as lists, as the original converts its results.
extension YAQLValue {
    /// The value with lists for tuples, iterators and views; what sets and keys then can't hold is a fault.
    func finalized(_ runtime: YAQLRuntime) throws(YAQLFault) -> YAQLValue {
        if let plain = finalizedPlain { return plain }
        if let list = YAQLLibrary.list(self) { return try finalized(list: list.items, runtime) }
        return try finalizedSpecial(runtime)
    }

    /// What needs no going through.
    private var finalizedPlain: YAQLValue? {
        switch self {
        case .null, .bool, .integer, .bigInteger, .double, .string, .date, .timespan, .regex, .absent, .context,
            .lambda,
            .rule:
            self
        case .tuple(let list), .list(let list): list.plain.map { .list(YAQLList(plain: $0, isFrozen: false)) }
        case .dictionary(let dictionary):
            dictionary.plain.map { .dictionary(YAQLDictionary(plain: $0, isFrozen: false)) }
        default: nil
        }
    }

    private func finalizedSpecial(_ runtime: YAQLRuntime) throws(YAQLFault) -> YAQLValue {
        switch self {
        case .dictionary(let dictionary): return try finalized(dictionary, runtime)
        case .set(let set): return try finalized(set: set.items.map(\.value), runtime)
        case .view(let view) where view.isSet: return try finalized(set: view.items(), runtime)
        case .iterator(let iterator): return try finalized(iterator.fresh(), runtime)
        default: return try finalized(list: runtime.items(of: self), runtime)
        }
    }

    private func finalized(list items: [YAQLValue], _ runtime: YAQLRuntime) throws(YAQLFault) -> YAQLValue {
        try runtime.enter()
        defer { runtime.leave() }
        try runtime.produce(items: items.count)
        var result: [YAQLValue] = []
        result.reserveCapacity(items.count)
        for item in items { result.append(try item.finalized(runtime)) }
        return .list(try YAQLList(result))
    }

    /// Each item is converted before the next one is made, which shows when one fails.
    private func finalized(_ source: YAQLIterator, _ runtime: YAQLRuntime) throws(YAQLFault) -> YAQLValue {
        try runtime.enter()
        defer { runtime.leave() }
        var result: [YAQLValue] = []
        while let item = try source.next() {
            try runtime.produce(items: 1)
            result.append(try item.finalized(runtime))
        }
        return .list(try YAQLList(result))
    }

    private func finalized(_ dictionary: YAQLDictionary, _ runtime: YAQLRuntime) throws(YAQLFault) -> YAQLValue {
        try runtime.enter()
        defer { runtime.leave() }
        try runtime.produce(items: dictionary.count * 2)
        var members = YAQLDictionary.Members(minimumCapacity: dictionary.count)
        for (key, value) in dictionary.entries {
            if case .string(let name) = key {
                members[YAQLKey(name)] = try value.finalized(runtime)
            } else {
                let key = try YAQLKey(try key.finalized(runtime), runtime.budget)
                members[key] = try value.finalized(runtime)
            }
        }
        return .dictionary(try YAQLDictionary(members, isFrozen: false))
    }

    /// A set of what was converted can't hold lists and mappings any more.
    private func finalized(set items: [YAQLValue], _ runtime: YAQLRuntime) throws(YAQLFault) -> YAQLValue {
        var result: [YAQLValue] = []
        for item in items { result.append(try item.finalized(runtime)) }
        return try runtime.set(result, isFrozen: false)
    }

    /// The value as other parts of Petrel handle it: sets as lists, dates as ISO text, spans as Python's text.
    func plain(_ runtime: YAQLRuntime, _ style: YAQLOutput = .plain) throws(YAQLFault) -> Value {
        switch self {
        case .null, .absent: return .null
        case .bool(let truth): return .bool(truth)
        case .integer(let number): return .integer(number)
        case .bigInteger(let number): return .bigInteger(number.text)
        case .double(let number):
            guard style == .marked, !number.isFinite else { return .double(number) }
            return ["$float": .string(PythonFloat.text(number))]
        case .string(let text): return .string(text)
        case .tuple(let list), .list(let list):
            if let plain = list.plain { return .array(plain) }
            return .array(try Self.plain(list.items, runtime, style))
        case .dictionary(let dictionary):
            if let plain = dictionary.plain { return .object(plain) }
            return try Self.plain(dictionary, runtime, style)
        case .date, .timespan, .regex, .set, .view: return try special(runtime, style)
        case .iterator, .ordering: return .array(try Self.plain(runtime.items(of: self), runtime, style))
        case .context, .lambda, .rule: throw .type("a \(typeName) is no value that can leave an expression")
        }
    }

    private static func plain(
        _ items: [YAQLValue], _ runtime: YAQLRuntime, _ style: YAQLOutput
    ) throws(YAQLFault) -> [Value] {
        try runtime.enter()
        defer { runtime.leave() }
        try runtime.step(items.count)
        var result: [Value] = []
        result.reserveCapacity(items.count)
        for item in items { result.append(try item.plain(runtime, style)) }
        return result
    }

    private static func plain(
        _ dictionary: YAQLDictionary, _ runtime: YAQLRuntime, _ style: YAQLOutput
    ) throws(YAQLFault) -> Value {
        try runtime.enter()
        defer { runtime.leave() }
        try runtime.step(dictionary.count)
        let entries = dictionary.entries
        if style == .marked, entries.contains(where: { if case .string = $0.key { false } else { true } }) {
            var pairs: [Value] = []
            for (key, value) in entries {
                pairs.append([try key.plain(runtime, style), try value.plain(runtime, style)])
            }
            return ["$map": .array(pairs)]
        }
        var members = ValueObject(minimumCapacity: entries.count)
        for (key, value) in entries { members[try key.name(runtime)] = try value.plain(runtime, style) }
        return .object(members)
    }

    /// A key as JSON has it.
    private func name(_ runtime: YAQLRuntime) throws(YAQLFault) -> String {
        switch self {
        case .string(let text): text
        case .null: "null"
        case .bool(let truth): truth ? "true" : "false"
        default: try pythonText(runtime)
        }
    }

    private func special(_ runtime: YAQLRuntime, _ style: YAQLOutput) throws(YAQLFault) -> Value {
        if style == .serializable { throw .type("Object of type \(typeName) is not JSON serializable") }
        switch self {
        case .date(let date): return style == .marked ? ["$datetime": .string(date.isoText)] : .string(date.isoText)
        case .timespan(let span):
            return style == .marked ? ["$timespan_us": .integer(span)] : .string(YAQLTime.text(of: span))
        case .regex(let regex):
            return style == .marked ? ["$regex": .string(regex.pattern.text)] : .string(regex.pattern.text)
        case .set(let set):
            let items = try Self.plain(set.items.map(\.value), runtime, style)
            return style == .marked ? ["$set": .array(items)] : .array(items)
        default: return .array(try Self.plain(runtime.items(of: self), runtime, style))
        }
    }
}

/// How values that JSON does not have leave an expression.
enum YAQLOutput {
    /// As the nearest that it has.
    case plain
    /// Not at all, as JSON and YAML writers refuse them.
    case serializable
    /// As objects that name their kind: `{"$set": […]}`, `{"$float": "nan"}`; for comparing with recorded results.
    case marked
}

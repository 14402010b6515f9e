import PetrelCore

/// Methods of texts.
enum JinjaTextMethod: String {
    case capitalize, casefold, center, count, encode, endswith, expandtabs, find, format, index, isalnum, isalpha
    case isascii, isdecimal, isdigit, isidentifier, islower, isnumeric, isprintable, isspace, istitle, isupper, join
    case ljust, lower, lstrip, maketrans, partition, removeprefix, removesuffix, replace, rfind, rindex, rjust
    case rpartition, rsplit, rstrip, split, splitlines, startswith, strip, swapcase, title, translate, upper, zfill
    case formatMap = "format_map"
    case striptags, unescape
}

/// Methods of lists.
enum JinjaListMethod: String {
    case append, clear, copy, count, extend, index, insert, pop, remove, reverse, sort
}

/// Methods of mappings.
enum JinjaDictMethod: String {
    case clear, copy, fromkeys, get, items, keys, pop, popitem, setdefault, update, values
}

/// Methods of numbers.
enum JinjaNumberMethod: String {
    case bitLength = "bit_length"
    case bitCount = "bit_count"
    case isInteger = "is_integer"
    case conjugate

    init?(_ name: String, _ value: JinjaValue) {
        guard let method = JinjaNumberMethod(rawValue: name), case .value(let plain) = value,
            let number = PythonNumber(plain), method == .conjugate || number.isWhole == (method != .isInteger)
        else { return nil }
        self = method
    }
}

extension JinjaRun {
    /// Calls a method that ``JinjaAttribute/isMethod(of:)`` has found.
    func callMethod(
        _ name: String, of receiver: JinjaValue, _ arguments: JinjaArguments
    ) throws(PythonFault) -> JinjaValue {
        switch receiver {
        case .value(.string(let text)):
            if let method = JinjaTextMethod(rawValue: name) {
                return try JinjaTextCall(text, isMarkup: false, arguments, self).result(method)
            }
        case .markup(let text):
            if let method = JinjaTextMethod(rawValue: name) {
                return try JinjaTextCall(text, isMarkup: true, arguments, self).result(method)
            }
        case .value(.array), .list:
            if let method = JinjaListMethod(rawValue: name) { return try list(method, receiver, arguments) }
        case .value(.object), .dict:
            if let method = JinjaDictMethod(rawValue: name) { return try dict(method, receiver, arguments) }
        case .tuple(let tuple): return try sequence(name, tuple.items, arguments)
        case .value(let plain):
            if let number = PythonNumber(plain), let method = JinjaNumberMethod(name, receiver) {
                return try self.number(method, number)
            }
        default: break
        }
        throw PythonFault(.attributeError, "'\(receiver.typeName)' object has no attribute '\(name)'")
    }

    private func number(_ method: JinjaNumberMethod, _ number: PythonNumber) throws(PythonFault) -> JinjaValue {
        switch method {
        case .conjugate: .number(number)
        case .isInteger:
            if case .double(let double) = number {
                .bool(double.isFinite && double == double.rounded(.towardZero))
            } else {
                .bool(true)
            }
        case .bitLength: .integer(number.isZero ? 0 : PythonInteger.digits(number, base: 2).utf8.count)
        case .bitCount: .integer(PythonInteger.digits(number, base: 2).utf8.filter { $0 == 0x31 }.count)
        }
    }

    // MARK: Lists

    /// The items of a box that is about to change.
    private func mutable(_ receiver: JinjaValue) throws(PythonFault) -> JinjaList {
        try willMutate()
        guard case .list(let list) = receiver else { throw .type("'list' object is read-only") }
        return list
    }

    private func list(
        _ method: JinjaListMethod, _ receiver: JinjaValue, _ arguments: JinjaArguments
    ) throws(PythonFault) -> JinjaValue {
        guard arguments.named.isEmpty || method == .sort else {
            throw .type("list.\(method.rawValue)() takes no keyword arguments")
        }
        let given = arguments.positional
        switch method {
        case .count, .index: return try sequence(method.rawValue, receiver.listItems(self) ?? [], arguments)
        case .copy:
            try expect(given, 0...0, "copy")
            return .list(receiver.listItems(self) ?? [])
        case .sort: return try sort(mutable(receiver), arguments)
        default: return try change(mutable(receiver), method, given)
        }
    }

    private func change(
        _ list: JinjaList, _ method: JinjaListMethod, _ given: [JinjaValue]
    ) throws(PythonFault) -> JinjaValue {
        switch method {
        case .append:
            try expect(given, 1...1, "list.append")
            try budget.make(bytes: 16)
            try keep(given[0])
            list.change { $0.append(given[0]) }
        case .extend:
            try expect(given, 1...1, "list.extend")
            let items = try items(of: given[0])
            try budget.make(items.count, times: EvaluationBudget.itemBytes)
            for item in items { try keep(item) }
            list.change { $0.append(contentsOf: items) }
        case .insert:
            try expect(given, 2...2, "insert")
            try budget.make(bytes: 16)
            try budget.work(list.count / 16)
            let at = try given.int(0)
            try keep(given[1])
            let place = at < 0 ? max(0, at &+ list.count) : min(at, list.count)
            list.change { $0.insert(given[1], at: place) }
        case .clear: list.items = []
        case .reverse:
            try budget.work(list.count)
            list.change { $0.reverse() }
        case .pop: return try pop(list, given)
        case .remove:
            try expect(given, 1...1, "list.remove")
            for (at, item) in list.items.enumerated() where try equal(item, given[0]) {
                _ = list.change { $0.remove(at: at) }
                return .none
            }
            throw .value("list.remove(x): x not in list")
        case .copy, .count, .index, .sort: break
        }
        return .none
    }

    private func pop(_ list: JinjaList, _ given: [JinjaValue]) throws(PythonFault) -> JinjaValue {
        try expect(given, 0...1, "pop")
        guard list.count > 0 else { throw PythonFault(.indexError, "pop from empty list") }
        let number = given.isEmpty ? -1 : try given.int(0)
        let at = number < 0 ? number &+ list.count : number
        guard at >= 0, at < list.count else { throw PythonFault(.indexError, "pop index out of range") }
        try budget.work((list.count - at) / 16)
        return list.change { $0.remove(at: at) }
    }

    private func sort(_ list: JinjaList, _ arguments: JinjaArguments) throws(PythonFault) -> JinjaValue {
        guard arguments.positional.isEmpty else { throw .type("sort() takes no positional arguments") }
        var isReverse = false
        var key: JinjaValue?
        for (name, value) in arguments.named {
            switch name {
            case "reverse": isReverse = try truth(value)
            case "key": key = value.isNone ? nil : value
            default: throw .type("sort() got an unexpected keyword argument '\(name)'")
            }
        }
        var keyed: [(key: JinjaValue, item: JinjaValue)] = []
        for item in list.items {
            keyed.append(
                (try key.map { key throws(PythonFault) in try call(key, JinjaArguments([item])) } ?? item, item))
        }
        list.items = try PythonSort.sorted(keyed, reverse: isReverse, budget) { left, right throws(PythonFault) in
            try order(left.key, right.key) == .less
        }.map(\.item)
        return .none
    }

    /// What lists and tuples share: `count` and `index`.
    private func sequence(
        _ name: String, _ items: [JinjaValue], _ arguments: JinjaArguments
    ) throws(PythonFault) -> JinjaValue {
        let given = arguments.positional
        try expect(given, name == "count" ? 1...1 : 1...3, name)
        try budget.work(items.count)
        if name == "count" {
            var count = 0
            for item in items where try equal(item, given[0]) { count += 1 }
            return .integer(count)
        }
        var bounds = [0, items.count]
        for at in 1..<given.count {
            let number = try given.int(at)
            bounds[at - 1] = number < 0 ? max(0, number &+ items.count) : min(number, items.count)
        }
        for at in stride(from: bounds[0], to: bounds[1], by: 1) where try equal(items[at], given[0]) {
            return .integer(at)
        }
        throw .value("\(try shown(given[0])) is not in list")
    }

    private func expect(_ given: [JinjaValue], _ count: ClosedRange<Int>, _ name: String) throws(PythonFault) {
        guard !count.contains(given.count) else { return }
        let wanted =
            count == 0...0 ? "no arguments" : count == 1...1 ? "exactly one argument" : "\(count.upperBound) arguments"
        throw .type("\(name)() takes \(wanted) (\(given.count) given)")
    }

    // MARK: Mappings

    private func dict(
        _ method: JinjaDictMethod, _ receiver: JinjaValue, _ arguments: JinjaArguments
    ) throws(PythonFault) -> JinjaValue {
        let given = arguments.positional
        guard arguments.named.isEmpty || method == .update else {
            throw .type("dict.\(method.rawValue)() takes no keyword arguments")
        }
        switch method {
        case .items: return try view(.items, receiver, given)
        case .keys: return try view(.keys, receiver, given)
        case .values: return try view(.values, receiver, given)
        case .get:
            try expect(given, 1...2, "get")
            return try member(given[0], of: receiver) ?? (given.count > 1 ? given[1] : .none)
        case .copy:
            try expect(given, 0...0, "copy")
            try budget.make(receiver.memberCount ?? 0, times: 32)
            return .dict(JinjaDict(receiver.members(self) ?? [:]))
        case .fromkeys:
            try expect(given, 1...2, "fromkeys")
            let dict = JinjaDict()
            for item in try items(of: given[0]) {
                try budget.make(bytes: 32)
                dict.set(try JinjaKey(item), item, given.count > 1 ? given[1] : .none)
            }
            return .dict(dict)
        default:
            try willMutate()
            guard case .dict(let dict) = receiver else { throw .type("'dict' object is read-only") }
            return try change(dict, method, arguments)
        }
    }

    private func view(
        _ kind: JinjaDictView.Kind, _ receiver: JinjaValue, _ given: [JinjaValue]
    ) throws(PythonFault) -> JinjaValue {
        try expect(given, 0...0, String(kind.rawValue.dropFirst(5)))
        return .object(JinjaDictView(kind, of: receiver))
    }

    private func member(_ key: JinjaValue, of mapping: JinjaValue) throws(PythonFault) -> JinjaValue? {
        let known = try JinjaKey(key)
        if case .value(.object(let members)) = mapping {
            if case .string(let name) = known { return members[name].map(wrap) }
            return nil
        }
        if case .dict(let dict) = mapping { return dict[known] }
        return nil
    }

    private func change(
        _ dict: JinjaDict, _ method: JinjaDictMethod, _ arguments: JinjaArguments
    ) throws(PythonFault) -> JinjaValue {
        let given = arguments.positional
        switch method {
        case .update:
            try expect(given, 0...1, "update")
            if let source = given.first { try update(dict, from: source) }
            for (name, value) in arguments.named {
                try budget.make(bytes: 32)
                try keep(value)
                dict.set(.string(name), .text(name), value)
            }
        case .setdefault:
            try expect(given, 1...2, "setdefault")
            let key = try JinjaKey(given[0])
            if let value = dict[key] { return value }
            try budget.make(bytes: 32)
            let value = given.count > 1 ? given[1] : .none
            try keep(value)
            dict.set(key, given[0], value)
            return value
        case .pop:
            try expect(given, 1...2, "pop")
            try budget.work(dict.count / 16)
            if let value = dict.remove(try JinjaKey(given[0])) { return value }
            guard given.count > 1 else { throw PythonFault(.keyError, try shown(given[0])) }
            return given[1]
        case .popitem:
            guard let last = dict.entries.values.last else {
                throw PythonFault(.keyError, "'popitem(): dictionary is empty'")
            }
            _ = dict.remove(try JinjaKey(last.key))
            return .tuple([last.key, last.value])
        case .clear: dict.entries = [:]
        default: break
        }
        return .none
    }

    /// Adds the members of a mapping, or of a list of pairs.
    func update(_ dict: JinjaDict, from source: JinjaValue) throws(PythonFault) {
        if let members = source.members(self) {
            try budget.make(members.count, times: 32)
            for (key, entry) in members {
                try keep(entry.value)
                dict.set(key, entry.key, entry.value)
            }
            return
        }
        var iterator = try JinjaIterator(source, self)
        var at = 0
        while let pair = try iterator.next() {
            guard JinjaTest.isIterable(pair) else {
                throw .type("cannot convert dictionary update sequence element #\(at) to a sequence")
            }
            let items = try items(of: pair)
            guard items.count == 2 else {
                throw .value(
                    "dictionary update sequence element #\(at) has length \(items.count); 2 is required")
            }
            try budget.make(bytes: 32)
            try keep(items[1])
            dict.set(try JinjaKey(items[0]), items[0], items[1])
            at += 1
        }
    }
}

extension [JinjaValue] {
    /// The whole number at a place.
    func int(_ at: Int) throws(PythonFault) -> Int { try map(Optional.some).int(at, 0) }
}

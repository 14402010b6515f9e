import PetrelCore

/// A mapping that keeps its order; keys of any hashable type, or a plain object as the input has it.
final class YAQLDictionary {
    typealias Members = OrderedDictionary<YAQLKey, YAQLValue>

    private enum Storage {
        case plain(ValueObject)
        /// The workflow's context, of which names with two underscores are not shown.
        case context(ValueObject)
        case made(Members)
    }

    private let storage: Storage
    /// Whether it can be a key: Python's `dict` can't, YAQL's own can.
    let isFrozen: Bool
    /// Whether plain lists and mappings within are the immutable kind.
    private let hasFrozenItems: Bool
    let depth: Int

    init(plain members: ValueObject, isFrozen: Bool) {
        storage = .plain(members)
        self.isFrozen = isFrozen
        hasFrozenItems = isFrozen
        depth = 1
    }

    /// What `ctx()` gives: the public names of a workflow's context.
    init(context members: ValueObject) {
        storage = .context(members)
        isFrozen = false
        hasFrozenItems = true
        depth = 1
    }

    init(_ members: Members, isFrozen: Bool = true) throws(YAQLFault) {
        storage = .made(members)
        self.isFrozen = isFrozen
        hasFrozenItems = true
        let keyDepth = try YAQLValue.depth(over: members.keys.lazy.map(\.value))
        depth = max(keyDepth, try YAQLValue.depth(over: members.values))
    }

    var count: Int {
        switch storage {
        case .plain(let members): members.count
        case .context(let members): members.keys.count { !Self.isPrivate($0) }
        case .made(let members): members.count
        }
    }

    var isEmpty: Bool { count == 0 }

    /// The object when it is plain, for handing it on as it is.
    var plain: ValueObject? {
        switch storage {
        case .plain(let members): members
        case .context(let members): members.filter { !Self.isPrivate($0.key) }
        case .made: nil
        }
    }

    /// The member under a text; nil when there is none.
    @inline(__always)
    func member(_ name: String) -> YAQLValue? {
        switch storage {
        case .plain(let members): return members[name].map { YAQLValue($0, isFrozen: hasFrozenItems) }
        case .context(let members):
            return Self.isPrivate(name) ? nil : members[name].map { YAQLValue($0, isFrozen: hasFrozenItems) }
        case .made(let members): return members[YAQLKey(name)]
        }
    }

    /// The member under any key; a key that can't be one is a fault.
    /// - Parameter budget: nil for a key of another mapping, which was checked when that was made.
    func member(_ key: YAQLValue, _ budget: EvaluationBudget?) throws(YAQLFault) -> YAQLValue? {
        if case .string(let name) = key { return member(name) }
        let key = try budget.map { (budget) throws(YAQLFault) in try YAQLKey(key, budget) } ?? YAQLKey(checked: key)
        if case .made(let members) = storage { return members[key] }
        return nil
    }

    /// Keys and values, in order.
    var entries: [(key: YAQLValue, value: YAQLValue)] {
        switch storage {
        case .plain(let members):
            members.map { (.string($0.key), YAQLValue($0.value, isFrozen: hasFrozenItems)) }
        case .context(let members):
            members.lazy.filter { !Self.isPrivate($0.key) }
                .map { (.string($0.key), YAQLValue($0.value, isFrozen: hasFrozenItems)) }
        case .made(let members): members.map { ($0.key.value, $0.value) }
        }
    }

    /// The members under hashed keys, for making another mapping of them.
    var members: Members {
        if case .made(let members) = storage { return members }
        var result = Members(minimumCapacity: count)
        for (key, value) in entries {
            if case .string(let name) = key { result[YAQLKey(name)] = value }
        }
        return result
    }

    static func isPrivate(_ name: String) -> Bool { name.utf8.starts(with: "__".utf8) }
}

/// Keys, values or items of a mapping, as Python's views: keys and items are sets, values are not.
final class YAQLView {
    enum Kind {
        case keys
        case values
        case items
    }

    let kind: Kind
    let dictionary: YAQLDictionary

    init(_ kind: Kind, of dictionary: YAQLDictionary) {
        self.kind = kind
        self.dictionary = dictionary
    }

    var isSet: Bool { kind != .values }

    /// What it shows, made new.
    func items() throws(YAQLFault) -> [YAQLValue] {
        var items: [YAQLValue] = []
        items.reserveCapacity(dictionary.count)
        for (key, value) in dictionary.entries {
            switch kind {
            case .keys: items.append(key)
            case .values: items.append(value)
            case .items: items.append(.tuple(try YAQLList([key, value])))
            }
        }
        return items
    }

    /// Python's name of the view: mappings of its own have others than YAQL's.
    var typeName: String {
        switch kind {
        case .keys: dictionary.isFrozen ? "KeysView" : "dict_keys"
        case .values: dictionary.isFrozen ? "ValuesView" : "dict_values"
        case .items: dictionary.isFrozen ? "ItemsView" : "dict_items"
        }
    }
}

/// An immutable set; it keeps the order in which its items came, which has no meaning.
final class YAQLSet {
    let items: OrderedSet<YAQLKey>
    /// Whether it is YAQL's own kind; results have Python's plain one.
    let isFrozen: Bool
    let depth: Int

    init(_ items: OrderedSet<YAQLKey>, isFrozen: Bool = true) throws(YAQLFault) {
        self.items = items
        self.isFrozen = isFrozen
        depth = try YAQLValue.depth(over: items.lazy.map(\.value))
    }

    var count: Int { items.count }
}

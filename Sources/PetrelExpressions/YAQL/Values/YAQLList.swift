import PetrelCore

/// The items of a tuple or list, plain ones as the input has them.
final class YAQLList {
    private enum Storage {
        case plain([Value])
        case made([YAQLValue])
    }

    private let storage: Storage
    /// Whether plain lists and mappings within are the immutable kind.
    private let isFrozen: Bool
    let depth: Int

    init(plain items: [Value], isFrozen: Bool) {
        storage = .plain(items)
        self.isFrozen = isFrozen
        depth = 1
    }

    init(_ items: [YAQLValue]) throws(YAQLFault) {
        storage = .made(items)
        isFrozen = true
        depth = try YAQLValue.depth(over: items)
    }

    var count: Int {
        switch storage {
        case .plain(let items): items.count
        case .made(let items): items.count
        }
    }

    /// The item at a position within the list.
    @inline(__always)
    subscript(position: Int) -> YAQLValue {
        switch storage {
        case .plain(let items): YAQLValue(items[position], isFrozen: isFrozen)
        case .made(let items): items[position]
        }
    }

    /// All items.
    var items: [YAQLValue] {
        switch storage {
        case .plain(let items): items.map { YAQLValue($0, isFrozen: isFrozen) }
        case .made(let items): items
        }
    }

    /// The items when they are plain, for handing them on as they are.
    var plain: [Value]? {
        if case .plain(let items) = storage { items } else { nil }
    }

    /// Some of the items; the range lies within the list.
    func slice(_ range: Range<Int>) throws(YAQLFault) -> YAQLList {
        switch storage {
        case .plain(let items): return YAQLList(plain: Array(items[range]), isFrozen: isFrozen)
        case .made(let items): return try YAQLList(Array(items[range]))
        }
    }
}

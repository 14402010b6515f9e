/// A dictionary that holds the last few keys only; what was put in first goes first.
struct RecentMap<Key: Hashable & Sendable, Element: Sendable>: Sendable {
    private var elements: [Key: Element] = [:]
    private var order: [Key] = []
    /// Where the oldest key stands; the slots before it are filled anew.
    private var next = 0
    private let capacity: Int

    init(capacity: Int) { self.capacity = max(1, capacity) }

    subscript(key: Key) -> Element? { elements[key] }

    var count: Int { elements.count }

    mutating func set(_ key: Key, _ element: Element) {
        guard elements.updateValue(element, forKey: key) == nil else { return }
        guard order.count == capacity else { return order.append(key) }
        elements[order[next]] = nil
        order[next] = key
        next = (next + 1) % capacity
    }
}

/// Whose turn it is: at most so many requests at a time, and so many to one host; the hosts take turns.
struct HTTPTurns {
    private let maxRunning: Int
    private let maxPerHost: Int
    private let maxWaiting: Int
    private var running = 0
    private var runningByHost: [String: Int] = [:]
    private var queues: [String: [Int]] = [:]
    /// The hosts with a queue; the next in turn is the first.
    private var order: [String] = []
    private(set) var waiting = 0

    enum Entry: Hashable {
        case starts
        case waits
        case refused
    }

    init(maxRunning: Int, maxPerHost: Int, maxWaiting: Int) {
        self.maxRunning = max(1, maxRunning)
        self.maxPerHost = max(1, maxPerHost)
        self.maxWaiting = maxWaiting
    }

    /// A request comes; it starts only if nobody of its host waits before it.
    mutating func enter(_ number: Int, host: String) -> Entry {
        if queues[host] == nil, hasRoom(host) {
            start(host)
            return .starts
        }
        guard waiting < maxWaiting else { return .refused }
        if queues[host] == nil { order.append(host) }
        queues[host, default: []].append(number)
        waiting += 1
        return .waits
    }

    /// A running request is over.
    mutating func leave(host: String) {
        running -= 1
        let left = (runningByHost[host] ?? 1) - 1
        runningByHost[host] = left > 0 ? left : nil
    }

    /// A waiting request is given up.
    mutating func withdraw(_ number: Int, host: String) {
        guard let index = queues[host]?.firstIndex(of: number) else { return }
        remove(index, host)
    }

    /// The next that may start now.
    mutating func next() -> Int? {
        guard waiting > 0, running < maxRunning, let place = order.firstIndex(where: hasRoom) else { return nil }
        let host = order.remove(at: place)
        order.append(host)
        guard let number = queues[host]?.first else { return nil }
        remove(0, host)
        start(host)
        return number
    }

    private func hasRoom(_ host: String) -> Bool {
        running < maxRunning && runningByHost[host, default: 0] < maxPerHost
    }

    private mutating func start(_ host: String) {
        running += 1
        runningByHost[host, default: 0] += 1
    }

    private mutating func remove(_ index: Int, _ host: String) {
        queues[host]?.remove(at: index)
        waiting -= 1
        guard queues[host]?.isEmpty == true else { return }
        queues[host] = nil
        order.removeAll { $0 == host }
    }
}

import Synchronization

/// Keys of messages that were handed on of late, so that a second copy need not ask the store.
///
/// It only saves work: the inbox knows for days what was settled.
final class SeenKeys: Sendable {
    private let keys = Mutex(RecentMap<String, Bool>(capacity: 20_000))

    init() {}

    func contains(_ key: String) -> Bool { keys.withLock { $0[key] != nil } }
    func insert(_ key: String) { keys.withLock { $0.set(key, true) } }
}

import PetrelCore
import Synchronization

/// Loads the content anew on behalf of parts that are built before what loads it.
final class ContentReload: Sendable {
    private let load = Mutex<(@Sendable () async throws(CoreError) -> Void)?>(nil)

    /// Says how content is loaded.
    func set(_ load: @escaping @Sendable () async throws(CoreError) -> Void) { self.load.withLock { $0 = load } }

    /// Loads it; nothing before the service runs.
    func callAsFunction() async throws(CoreError) {
        guard let load = load.withLock({ $0 }) else { return }
        try await load()
    }
}

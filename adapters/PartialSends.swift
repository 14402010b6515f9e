import PetrelCore
import Synchronization

/// Which steps of a post stand on the platform, so that sending it again goes on where it stopped.
///
/// A post is one or more messages and perhaps a file. What is known here is lost with the process; then the platform is
/// asked (`find`).
final class PartialSends: Sendable {
    /// What stands on the platform, by step.
    typealias Progress = [Int: String]

    private let known = Mutex(RecentMap<DeliveryID, Progress>(capacity: 2048))

    init() {}

    func progress(_ id: DeliveryID) -> Progress { known.withLock { $0[id] ?? [:] } }

    /// A step is done; the id is the platform's.
    func record(_ id: DeliveryID, step: Int, platformID: String) {
        known.withLock { known in
            var progress = known[id] ?? [:]
            progress[step] = platformID
            known.set(id, progress)
        }
    }
}

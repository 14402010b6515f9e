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

    /// Sends, in order, the steps of a post that do not stand on the platform yet.
    /// - Parameter send: sends one of them and gives the platform's id.
    /// - Returns: the platform's id of the first step.
    func send(
        _ plan: PostPlan, of id: DeliveryID, _ send: (PostStep) async throws(PlatformFailure) -> String
    ) async throws(PlatformFailure) -> String {
        let done = progress(id)
        var first = done[0]
        for (index, content) in plan.steps.enumerated() where done[index] == nil {
            let step = PostStep(content: content, index: index, isLast: index == plan.steps.count - 1)
            let platformID = try await send(step)
            if index == 0 { first = platformID }
            if plan.steps.count > 1 { record(id, step: index, platformID: platformID) }
        }
        return first ?? ""
    }

    /// What is to be said of a post after the steps that were found on the platform are added to those that are known.
    func trace(_ plan: PostPlan, of id: DeliveryID, found: Progress) -> DeliveryTrace {
        for (step, platformID) in found { record(id, step: step, platformID: platformID) }
        let done = progress(id)
        guard plan.steps.indices.allSatisfy({ done[$0] != nil }) else { return .absent }
        return .delivered(id: done[0] ?? "")
    }
}

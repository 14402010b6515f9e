import PetrelCore
import Synchronization

/// A workflow in memory: what its stored state comes to.
struct WorkflowRun: Sendable {
    var flow: any WorkflowFlow
    /// The version that the store has; nil before the first step.
    var version: Int?
    /// With the first step only.
    var origin: WorkflowOrigin?
    /// Steps since the state was stored as a whole.
    var stepsSinceSnapshot = 0
    /// What the first step puts into the execution's context.
    var context: ValueObject = [:]

    private static let leastSteps = 64

    /// The state as the next step stores it; whole now and then, ever more seldom as it grows, so that what is written
    /// stays in proportion to what happens.
    mutating func takeState() -> WorkflowStep.State {
        let isDue = stepsSinceSnapshot >= max(Self.leastSteps, flow.weight / 2)
        guard flow.storesWhole || isDue else {
            stepsSinceSnapshot += 1
            return .changes(flow.takeChanges())
        }
        stepsSinceSnapshot = 0
        return .snapshot(flow.takeSnapshot())
    }
}

/// Workflows that are kept in memory between their steps; the store can always replace them.
final class WorkflowRuns: Sendable {
    private static let most = 1000
    private let runs = Mutex<[ExecutionID: WorkflowRun]>([:])

    /// Takes a run out, so that it can be changed in place; nil unless it is at that version.
    func take(_ id: ExecutionID, version: Int?) -> WorkflowRun? {
        runs.withLock { runs in
            guard let run = runs.removeValue(forKey: id), run.version == version else { return nil }
            return run
        }
    }

    func put(_ run: WorkflowRun, _ id: ExecutionID) {
        runs.withLock { runs in
            if runs.count >= Self.most, let some = runs.keys.first { runs[some] = nil }
            runs[id] = run
        }
    }
}

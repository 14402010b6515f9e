import PetrelCore
import PetrelWorkflow

/// An action chain as a workflow: one child at a time.
struct ChainFlow: WorkflowFlow {
    private var run: ActionChainRun
    private var step = ActionChainRun.Step.wait
    private var isHeld = false

    /// A new run.
    init(_ run: ActionChainRun) { self.run = run }

    /// A run that was stored.
    init(
        _ chain: ActionChain, in surroundings: ActionChainRun.Surroundings, record: WorkflowRecord
    ) throws(WorkflowError) {
        run = try ActionChainRun(chain, in: surroundings, document: record.snapshot?["chain"] ?? .null)
        isHeld = record.snapshot?["held"]?.bool ?? false
    }

    var status: WorkflowStatus { run.status }
    var result: Value { run.result }
    var weight: Int { 1 }
    var storesWhole: Bool { true }
    var hasMore: Bool { false }

    mutating func begin(at now: Instant) { step = run.begin(at: now) }

    mutating func hear(_ wish: WorkflowWish, at now: Instant) {
        switch wish {
        case .pause:
            isHeld = true
            take(run.pause())
        case .resume:
            isHeld = false
            take(run.resume(at: now))
        case .cancel: take(run.cancel())
        }
    }

    mutating func hear(_ child: Execution, itemResults: [Value]?, at now: Instant) {
        guard let status = WorkflowStatus(rawValue: child.status.rawValue) else { return }
        let isAnswer = child.runner == InquirerRunner.typeName && child.status.isCompleted
        if isAnswer || child.status == .running, !isHeld { take(run.resume(at: now)) }
        guard child.status != .running else { return }
        take(run.ended(status, result: child.result ?? .null, at: now))
    }

    func needsItemResults(with child: Execution) -> Bool { false }

    mutating func plan(limit: Int, at now: Instant, ids: any IDSource) -> [ChildPlan] {
        guard case .start(let request) = step, limit > 0 else { return [] }
        var context: ValueObject = ["chain": request.attributes]
        if case .object = request.notify { context["notify"] = request.notify }
        return [
            ChildPlan(
                task: request.name, action: .string(request.ref), input: .object(request.parameters),
                isLiteral: true, context: context)
        ]
    }

    mutating func started(_ plan: ChildPlan, as child: Execution, at now: Instant) {
        run.started(executionID: child.id.text, liveActionID: child.id.text, at: now)
        step = .wait
    }

    mutating func refused(_ plan: ChildPlan, _ error: EngineError, at now: Instant) {
        step = run.refused(error.message, at: now)
    }

    mutating func finish() {}

    mutating func takeChanges() -> Value { takeSnapshot() }

    mutating func takeSnapshot() -> Value { ["chain": run.document, "held": .bool(isHeld)] }

    /// A paused workflow below is asked to go on by whoever asks this one.
    private mutating func take(_ next: ActionChainRun.Step) {
        switch next {
        case .wait, .resume: break
        case .start, .pause, .finish: step = next
        }
    }
}

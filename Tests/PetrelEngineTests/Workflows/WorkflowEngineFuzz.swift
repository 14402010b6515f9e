import Foundation
import PetrelCore
import PetrelEngine
import PetrelStore
import PetrelTestKit
import Synchronization
import Testing

/// Random workflows through the whole engine and a real store: paused, resumed and canceled at random, and handed over
/// to a second service at a random moment.
@Suite("Workflow fuzz of the engine", .serialized, .timeLimit(.minutes(10)))
struct WorkflowEngineFuzz {
    private static var rounds: Int {
        ProcessInfo.processInfo.environment["PETREL_FUZZ_ROUNDS"].flatMap(Int.init).map { max(20, $0 / 50) } ?? 8
    }

    @Test("no random workflow gets stuck over pauses, cancels and the end of a service, and no task runs twice")
    func graphs() async throws {
        var twice: [String] = []
        for seed in 0..<Self.rounds {
            var dice = Dice(seed: UInt64(seed + 1_000))
            let text = Self.finite(RandomWorkflow.text(&dice))
            let repeated = try await Self.run(text, dice)
            if !repeated.isEmpty { twice.append("seed \(seed): \(repeated)\n\(text)") }
        }
        // One that gets stuck does not come here: the limit of time ends the test.
        print("workflow-engine-fuzz graphs=\(Self.rounds) stuck=0 run_twice=\(twice.count)")
        #expect(twice.isEmpty, "\(twice.first ?? "")")
    }

    /// Without what would take for ever, or wait for a clock that stands.
    private static func finite(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            if line.hasPrefix("        do:") { return String(line.replacing("retry", with: "noop")) }
            return line.hasPrefix("    delay:") ? "    delay: 0" : String(line)
        }.joined(separator: "\n")
    }

    private static func run(_ text: String, _ dice: Dice) async throws -> [String] {
        var dice = dice
        let first = try WorkflowFixture(["graph": text], owner: "first", random: dice, isRelaxed: true)
        let id = try await first.running {
            let stream = first.engine.events.events()
            let id = try await first.start("test.graph")
            var left = dice.roll(60)
            for await _ in stream {
                left -= 1
                if left < 0 { break }
                if dice.happens(6) { try await first.ask([.pause, .resume, .cancel][dice.roll(3)], of: id) }
                // One that stands still, or has ended, gives no more events.
                let status = try await first.engine.store.execution(id)?.status
                if status == .paused || status?.isCompleted == true { break }
            }
            return id
        }
        let second = try WorkflowFixture(
            ["graph": text], owner: "second", folder: first.engine.folder, random: dice, isRelaxed: true)
        return try await second.running {
            try await second.settle(id)
            return try await second.repeatedTasks(of: id)
        }
    }
}

extension WorkflowFixture {
    /// Most children of one that is left to go on.
    private static let mostChildren = 300

    fileprivate func ask(_ wish: WorkflowWish, of id: ExecutionID) async throws {
        _ = try await workflows.ask(wish, of: id, by: admin)
    }

    /// Resumes it as often as it stands still, until it has ended.
    fileprivate func settle(_ id: ExecutionID) async throws {
        var events = engine.events.events().makeAsyncIterator()
        while true {
            guard let now = try await engine.store.execution(id) else { return }
            if now.status.isCompleted { return }
            if now.status == .paused { try await ask(.resume, of: id) }
            if now.status == .running, try await children(of: id).count > Self.mostChildren {
                try await ask(.cancel, of: id)
            }
            _ = await events.next()
        }
    }

    /// Executions of tasks without items that have more than one child.
    fileprivate func repeatedTasks(of id: ExecutionID) async throws -> [String] {
        var seen: [String: Int] = [:]
        for child in try await children(of: id) where child.item == nil {
            let task = child.context["orquesta"]?["task_execution_id"]?.string ?? ""
            seen["\(child.taskName ?? "") \(task)", default: 0] += 1
        }
        return seen.filter { $0.value > 1 }.keys.sorted()
    }
}

/// A runner whose attempts end at once, one in five of them badly.
final class RandomRunner: ActionRunner {
    private let dice: Mutex<Dice>

    init(_ dice: Dice) { self.dice = Mutex(dice) }

    var types: [RunnerType] {
        [
            RunnerType(
                name: "random", summary: "Ends at random.", parameters: ["m": Parameter(schema: [:])],
                package: "random",
                module: "random")
        ]
    }

    func run(_ request: RunRequest) async -> RunOutcome {
        let isGood = dice.withLock { $0.happens(80) }
        return RunOutcome(status: isGood ? .succeeded : .failed, result: request.runnerParameters["m"] ?? .null)
    }

    func resume(_ request: RunRequest, boot: String) async -> RunTrace { .neverStarted }
    func cancel(_ attempt: AttemptKey) async {}
    func forget(_ attempt: AttemptKey) async {}
}

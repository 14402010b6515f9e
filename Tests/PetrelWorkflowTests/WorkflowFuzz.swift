import Foundation
import PetrelCore
import PetrelTestKit
import PetrelWorkflow
import Testing

/// Random workflows, conducted with random outcomes in random order, beside a twin that is stored and restored at
/// every step.
@Suite("Workflow fuzz")
struct WorkflowFuzz {
    private static var rounds: Int {
        ProcessInfo.processInfo.environment["PETREL_FUZZ_ROUNDS"].flatMap(Int.init) ?? 60
    }

    @Test("no random workflow gets stuck, and none goes another way after a crash")
    func graphs() throws {
        var stuck: [String] = []
        var different: [String] = []
        for seed in 0..<Self.rounds {
            var dice = Dice(seed: UInt64(seed))
            let text = RandomWorkflow.text(&dice)
            let definition = try WorkflowDefinition(text, file: "seed-\(seed).yaml")
            var drive = Drive(definition, dice)
            drive.run()
            if drive.isStuck { stuck.append("seed \(seed): \(drive.trace)\n\(text)") }
            if drive.differs { different.append("seed \(seed): \(drive.trace)\n\(text)") }
        }
        print("workflow-fuzz graphs=\(Self.rounds) stuck=\(stuck.count) differs_after_crash=\(different.count)")
        #expect(stuck.isEmpty, "\(stuck.first ?? "")")
        #expect(different.isEmpty, "\(different.first ?? "")")
    }

    @Test("definitions with bytes changed at random are read or refused, and never crash")
    func mutations() throws {
        var dice = Dice(seed: 7)
        for _ in 0..<Self.rounds {
            var bytes = Array(RandomWorkflow.text(&dice).utf8)
            for _ in 0..<dice.roll(8) {
                let place = dice.roll(bytes.count)
                let odd = Array("[]{}:,-<%>'\"\n #&*".utf8)
                bytes[place] = odd[dice.roll(odd.count)]
            }
            guard let definition = try? WorkflowDefinition(String(decoding: bytes, as: UTF8.self), file: "mutant.yaml")
            else { continue }
            _ = WorkflowInspection(definition, knownVariables: ["st2"]).entries
            _ = WorkflowGraphText(definition).svg
            var drive = Drive(definition, dice)
            drive.run()
        }
    }
}

/// Plays the engine for a conductor and its twin.
private struct Drive {
    private struct Work {
        var event: TaskEvent
        var isPending = false
    }

    private static let maxSteps = 3_000
    private let definition: WorkflowDefinition
    private var conductor: Conductor
    private var twin: Conductor
    /// What a store holds that is given only the changes.
    private var stored: ConductorState
    private var dice: Dice
    private var work: [Work] = []
    private var results: [String: [Value]] = [:]
    private(set) var trace: [String] = []
    private(set) var isStuck = false
    private(set) var differs = false
    private var reruns = 0

    init(_ definition: WorkflowDefinition, _ dice: Dice) {
        self.definition = definition
        self.dice = dice
        conductor = Conductor(definition, inputs: ["n": 2])
        stored = conductor.state
        _ = conductor.takeChanges()
        twin = conductor
    }

    mutating func run() {
        request(.running)
        for _ in 0..<Self.maxSteps {
            offer()
            if differs { return }
            if work.isEmpty {
                if conductor.status.isCompleted {
                    both { $0.renderOutput() }
                    guard conductor.status.isFailure, reruns < 2, dice.happens(30) else { return }
                    reruns += 1
                    trace.append("rerun")
                    var isRefused = false
                    both { conductor in do { try conductor.rerun() } catch { isRefused = true } }
                    if isRefused { return }
                    continue
                }
                guard [.paused, .pausing].contains(conductor.status) else {
                    isStuck = !conductor.status.isCompleted
                    return
                }
                request(.resuming)
                continue
            }
            switch dice.roll(40) {
            case 0: request(.pausing)
            case 1: request(.resuming)
            case 2 where dice.happens(20): request(.canceling)
            default: finishOne()
            }
        }
        // A workflow that goes on for so long has a cycle; whether that ends is the author's affair.
    }

    private mutating func offer() {
        var first = conductor.nextTasks()
        let second = twin.nextTasks()
        differs = differs || String(describing: first) != String(describing: second)
        while !first.isEmpty, !differs {
            for request in first { start(request) }
            first = conductor.nextTasks()
            differs = differs || String(describing: first) != String(describing: twin.nextTasks())
        }
        check()
    }

    private mutating func start(_ request: TaskRequest) {
        let key = "\(request.taskID)|\(request.route)"
        if let count = request.itemsCount, results[key]?.count != count {
            results[key] = .init(repeating: .null, count: count)
        }
        for action in request.actions {
            let event = TaskEvent(request.taskID, route: request.route, .running, itemID: action.itemID)
            report(event)
            if action.action.isNull {
                report(TaskEvent(request.taskID, route: request.route, .succeeded))
            } else {
                work.append(Work(event: event))
            }
        }
        if request.actions.isEmpty {
            report(TaskEvent(request.taskID, route: request.route, .running))
            report(TaskEvent(request.taskID, route: request.route, .succeeded, result: []))
        }
    }

    private mutating func finishOne() {
        let index = dice.roll(work.count)
        var event = work[index].event
        if !work[index].isPending, dice.happens(6) {
            work[index].isPending = true
            event.status = .pending
            return report(event)
        }
        work.remove(at: index)
        event.status = [.succeeded, .succeeded, .succeeded, .failed, .timeout, .abandoned][dice.roll(6)]
        if dice.happens(2) { event.status = .canceled }
        event.result = .integer(dice.roll(9))
        if let item = event.itemID {
            let key = "\(event.taskID)|\(event.route)"
            results[key]?[item] = event.result ?? .null
            event.itemResults = results[key]
        }
        report(event)
        if conductor.status == .paused { request(.resuming) }
    }

    private mutating func report(_ event: TaskEvent) {
        trace.append("\(event.taskID)|\(event.route)\(event.itemID.map { "#\($0)" } ?? "") \(event.status.rawValue)")
        both { conductor in _ = try? conductor.report(event) }
    }

    private mutating func request(_ status: WorkflowStatus) {
        trace.append(status.rawValue)
        both { conductor in try? conductor.request(status) }
    }

    private mutating func both(_ step: (inout Conductor) -> Void) {
        step(&conductor)
        let restored = try? Conductor(definition, state: ConductorState(document: twin.state.document))
        differs = differs || restored == nil
        twin = restored ?? twin
        step(&twin)
        check()
    }

    /// The twin is as the conductor is, and so is what was stored change by change.
    private mutating func check() {
        do { try stored.apply(conductor.takeChanges()) } catch { differs = true }
        guard conductor.state != twin.state || stored != conductor.state else { return }
        differs = true
        for (name, other) in [("twin", twin.state), ("stored", stored)] where other != conductor.state {
            trace.append(
                "\n\(name): \(JSONWriter.text(other.document))\n\(JSONWriter.text(conductor.state.document))\n")
        }
    }
}

import Foundation
import PetrelCore
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
        print("fuzz-workflow graphs=\(Self.rounds) stuck=\(stuck.count) differs_after_crash=\(different.count)")
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

/// A small generator of numbers that gives the same ones for the same seed.
struct Dice: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1 }

    mutating func roll(_ sides: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return sides < 1 ? 0 : Int(state % UInt64(sides))
    }

    mutating func happens(_ percent: Int) -> Bool { roll(100) < percent }
}

/// Writes a workflow at random: forks, joins, splits, guarded cycles, lists, retries, commands, publishes.
enum RandomWorkflow {
    static func text(_ dice: inout Dice) -> String {
        let count = 2 + dice.roll(9)
        var text =
            "version: 1.0\ninput:\n  - n: \(dice.roll(4))\nvars:\n  - turns: 0\n  - xs: [1, null, {a: 1}]\ntasks:\n"
        var arrivals = [Int](repeating: 0, count: count)
        var next = [[String]](repeating: [], count: count)
        for task in 0..<count {
            for _ in 0..<dice.roll(4) {
                var targets: [String] = []
                for _ in 0...dice.roll(3) {
                    if task + 1 < count, dice.happens(75) {
                        let target = task + 1 + dice.roll(count - task - 1)
                        arrivals[target] += 1
                        targets.append("t\(target)")
                    } else if dice.happens(40) {
                        targets.append(["noop", "fail", "continue", "retry"][dice.roll(4)])
                    }
                }
                next[task].append(transition(targets, &dice))
            }
            if task > 0, dice.happens(15) {
                let back = 1 + dice.roll(task)
                next[task].append(
                    "      - when: <% ctx().turns < 3 %>\n        publish:\n          - turns: <% ctx().turns + 1 %>\n"
                        + "        do: t\(back)\n")
            }
        }
        for task in 0..<count {
            text += "  t\(task):\n" + body(task, arrivals[task], &dice)
            if !next[task].isEmpty { text += "    next:\n" + next[task].joined() }
        }
        return text + "output:\n  - n: <% ctx().n %>\n  - r: <% ctx().get(r) %>\n"
    }

    private static func transition(_ targets: [String], _ dice: inout Dice) -> String {
        let conditions = [
            "<% succeeded() %>", "<% failed() %>", "<% completed() %>", "<% ctx().n > 1 %>",
            "<% task_status(t0) = failed %>",
        ]
        var text = ""
        if dice.happens(80) { text += "        when: \(conditions[dice.roll(conditions.count)])\n" }
        if dice.happens(40) {
            text += "        publish:\n          - r: <% result() %>\n          - n: \(dice.roll(5))\n"
        }
        if !targets.isEmpty { text += "        do: \(targets.joined(separator: ", "))\n" }
        if text.isEmpty { text = "        do: continue\n" }
        return "      - " + text.dropFirst(8)
    }

    private static func body(_ task: Int, _ arrivals: Int, _ dice: inout Dice) -> String {
        var text = ""
        if dice.happens(90) {
            text += "    action: core.echo\n    input:\n      m: <% ctx().n %>\n"
            if dice.happens(30) {
                let lists = [
                    "<% list(range(\(dice.roll(6)))) %>", "x in <% ctx().xs %>", "<% [] %>", "<% [null, null] %>",
                ]
                text += "    with:\n      items: \(lists[dice.roll(lists.count)])\n"
                if dice.happens(60) { text += "      concurrency: \(dice.roll(7))\n" }
            }
        }
        if arrivals > 1, dice.happens(60) {
            text += "    join: \(dice.happens(60) ? "all" : String(1 + dice.roll(arrivals)))\n"
        }
        if dice.happens(20) { text += "    retry:\n      count: \(dice.roll(3))\n" }
        if dice.happens(10) { text += "    delay: \(dice.roll(3))\n" }
        return text.isEmpty ? "    delay: 1\n" : text
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

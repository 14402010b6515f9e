/// A small generator of numbers that gives the same ones for the same seed.
public struct Dice: Sendable {
    private var state: UInt64

    /// A generator from its seed.
    public init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1 }

    /// A number from 0 up to, and without, the sides.
    public mutating func roll(_ sides: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return sides < 1 ? 0 : Int(state % UInt64(sides))
    }

    /// Whether something happens that does so in so many of a hundred cases.
    public mutating func happens(_ percent: Int) -> Bool { roll(100) < percent }
}

/// Writes a workflow at random: forks, joins, splits, guarded cycles, lists, retries, commands, publishes.
public enum RandomWorkflow {
    /// The text of one that inspection finds no fault with; its actions are `core.echo`, with the input `m`.
    public static func text(_ dice: inout Dice) -> String {
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

import PetrelCore
import Testing

@testable import PetrelExpressions

@Suite("Schedules")
struct ScheduleTests {
    private let start = Instant(microseconds: 1_709_294_400_000_000)

    private func instant(_ text: String) throws -> Instant { try #require(Instant(text)) }

    @Test("cron timers fire when APScheduler fires, also where the clocks change")
    func recorded() throws {
        var failures: [String] = []
        let cases = try RecordedCases.read("schedule-cases.jsonl")
        for record in cases {
            var got: [Value]?
            if let schedule = try? Schedule(
                trigger: "core.st2.CronTimer", parameters: record["parameters"]?.object ?? [:], start: start)
            {
                var after = try instant(record["after"]?.string ?? "")
                var times: [Value] = []
                for _ in 0..<(record["result"]?.array?.count ?? 1) {
                    guard let next = schedule.next(after: after) else {
                        times.append(.null)
                        break
                    }
                    times.append(.string(next.description.replacing(".000000Z", with: "Z")))
                    after = next
                }
                got = times
            }
            if got.map(Value.array) != record["result"] {
                failures.append(
                    "\(JSONWriter.text(record))\n  got \(got.map { JSONWriter.text(.array($0)) } ?? "error")")
            }
        }
        #expect(cases.count > 150)
        #expect(failures.isEmpty, "\(failures.count) of \(cases.count):\n\(failures.joined(separator: "\n"))")
    }

    @Test("an interval counts from its start, whatever was missed")
    func interval() throws {
        let schedule = try Schedule(
            trigger: "core.st2.IntervalTimer", parameters: ["unit": "minutes", "delta": 10], start: start)
        #expect(schedule.next(after: start) == start + .seconds(600))
        #expect(schedule.next(after: start + .seconds(600)) == start + .seconds(1_200))
        #expect(schedule.next(after: start + .seconds(3_700)) == start + .seconds(4_200))
        #expect(schedule.next(after: start - .seconds(3_700)) == start + .seconds(600))
        let none = try Schedule(
            trigger: "core.st2.IntervalTimer", parameters: ["unit": "weeks", "delta": 0], start: start)
        #expect(none.next(after: start) == start + .seconds(1))
        #expect(none.next(after: Instant(microseconds: .max)) == nil)
        #expect(none.next(after: Instant(microseconds: .min)) == nil)
    }

    @Test("a date fires once, in its time zone unless it has an offset of its own")
    func date() throws {
        let cases: [(ValueObject, String)] = [
            (["date": "2024-07-01 10:00", "timezone": "Europe/Oslo"], "2024-07-01T08:00:00Z"),
            (["date": "2024-07-01T10:00:00+05:00", "timezone": "Europe/Oslo"], "2024-07-01T05:00:00Z"),
            (["date": "July 1, 2024 10pm"], "2024-07-01T22:00:00Z"),
            (["date": "2024-03-31 02:30", "timezone": "europe/oslo"], "2024-03-31T01:30:00Z"),
            (["date": "2024-10-27 02:30", "timezone": "Europe/Oslo"], "2024-10-27T01:30:00Z"),
        ]
        for (parameters, expected) in cases {
            let schedule = try Schedule(trigger: "core.st2.DateTimer", parameters: parameters, start: start)
            let date = try instant(expected)
            #expect(schedule.next(after: start) == date)
            #expect(schedule.next(after: date) == nil)
        }
    }

    @Test("parameters that say no time are refused, by name")
    func refused() {
        let cases: [(String, ValueObject, String)] = [
            ("core.st2.IntervalTimer", ["unit": "years", "delta": 1], "'unit'"),
            ("core.st2.IntervalTimer", ["unit": "days", "delta": -1], "'delta'"),
            ("core.st2.IntervalTimer", ["unit": "weeks", "delta": .integer(.max)], "'delta'"),
            ("core.st2.IntervalTimer", ["unit": "days", "delta": 1, "x": 1], "'x'"),
            ("core.st2.DateTimer", ["date": "soon"], "'date'"),
            ("core.st2.DateTimer", ["date": "2024-01-01", "timezone": "Moon/Base"], "'timezone'"),
            ("core.st2.CronTimer", ["minute": [1]], "'minute'"),
            ("core.st2.CronTimer", ["hour": "25"], "hour '25'"),
            ("core.st2.Timer", [:], "core.st2.Timer"),
        ]
        for (type, parameters, name) in cases {
            let error = #expect(throws: ExpressionError.self) {
                try Schedule(trigger: type, parameters: parameters, start: start)
            }
            #expect(error?.code == .badSchedule)
            #expect(error?.message.contains(name) == true)
        }
    }

    @Test("a date that never comes is given up")
    func never() throws {
        for parameters: ValueObject in [
            ["month": 2, "day": 30], ["month": 2, "week": 20], ["year": 2020],
            ["day": "5th mon", "month": 2, "week": 53],
        ] {
            let schedule = try Schedule(trigger: "core.st2.CronTimer", parameters: parameters, start: start)
            #expect(schedule.next(after: start) == nil)
        }
        let every = try Schedule(trigger: "core.st2.CronTimer", parameters: ["second": "*"], start: start)
        #expect(every.next(after: Instant(microseconds: .max)) == nil)
        #expect(every.next(after: Instant(microseconds: .min)) == nil)
    }
}

@Suite("Schedules Fuzz")
struct ScheduleFuzz {
    @Test("broken expressions end in a schedule or an error, never in a crash")
    func fuzz() throws {
        var source = SeededGenerator(seed: 41)
        let cases = try RecordedCases.read("schedule-cases.jsonl")
        let texts = cases.flatMap { $0["parameters"]?.object?.values.map(\.pythonString) ?? [] }
        let start = Instant(microseconds: 1_709_294_400_000_000)
        for _ in 0..<BrokenText.rounds / 4 {
            var parameters: ValueObject = ["timezone": "America/New_York"]
            for _ in 0..<Int.random(in: 1...3, using: &source) {
                let field = CronField.allCases.randomElement(using: &source) ?? .day
                let text =
                    Bool.random(using: &source)
                    ? BrokenText.make(from: texts, &source) : texts.randomElement(using: &source)
                parameters[field.rawValue] = Value(text)
            }
            if let schedule = try? Schedule(trigger: "core.st2.CronTimer", parameters: parameters, start: start) {
                if let next = schedule.next(after: start) { #expect(next > start) }
            }
        }
    }
}

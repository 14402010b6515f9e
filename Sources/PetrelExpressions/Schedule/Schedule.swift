public import PetrelCore

/// When a timer of StackStorm fires: `core.st2.IntervalTimer`, `core.st2.DateTimer` or `core.st2.CronTimer`.
///
/// Read once; pure, so that the caller keeps the time. Any thread may use it.
public struct Schedule: Sendable {
    /// The trigger types of timers, without their pack.
    public static let triggerTypes = ["core.st2.IntervalTimer", "core.st2.DateTimer", "core.st2.CronTimer"]

    private enum Rule: Sendable {
        case interval(start: Instant, microseconds: Int64)
        case date(Instant)
        case cron(CronRule)
    }

    private let rule: Rule

    /// Reads the parameters of a timer.
    ///
    /// An interval is counted from `start`, which also fills in what a date leaves out. `localZone` is meant where the
    /// parameters name no time zone.
    /// - Throws: ``ExpressionError`` with code `badSchedule`, naming the parameter.
    public init(
        trigger type: String, parameters: ValueObject, start: Instant, localZone: String = "UTC"
    ) throws(ExpressionError) {
        let reader = ScheduleReader(parameters: parameters, start: start, localZone: localZone)
        switch type {
        case "core.st2.IntervalTimer": rule = .interval(start: start, microseconds: try reader.interval())
        case "core.st2.DateTimer": rule = .date(try reader.date())
        case "core.st2.CronTimer": rule = .cron(try reader.cron())
        default: throw ExpressionError(.badSchedule, "\(type) is no timer")
        }
    }

    /// The first time to fire that is later than the given one; nil when there is none any more.
    ///
    /// Around a change of the clocks as APScheduler 3 has it: a time that does not exist is taken an hour later, of one
    /// that exists twice the second.
    public func next(after instant: Instant) -> Instant? {
        switch rule {
        case .interval(let start, let microseconds):
            let passed = instant.microseconds.subtractingReportingOverflow(start.microseconds)
            guard !passed.overflow else { return nil }
            let count = passed.partialValue < microseconds ? 1 : passed.partialValue / microseconds + 1
            let length = count.multipliedReportingOverflow(by: microseconds)
            let next = start.microseconds.addingReportingOverflow(length.partialValue)
            return length.overflow || next.overflow ? nil : Instant(microseconds: next.partialValue)
        case .date(let date): return date > instant ? date : nil
        case .cron(let rule): return rule.next(after: instant)
        }
    }
}

/// Reads the parameters of timers.
struct ScheduleReader {
    let parameters: ValueObject
    let start: Instant
    let localZone: String

    private static let units: [String: Int64] = [
        "weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1,
    ]

    func interval() throws(ExpressionError) -> Int64 {
        try allowOnly(["unit", "delta", "timezone"])
        _ = try zone()
        guard let name = parameters["unit"]?.string, let seconds = Self.units[name] else {
            throw problem("unit", "must be one of weeks, days, hours, minutes, seconds")
        }
        guard let count = parameters["delta"]?.integer, count >= 0 else {
            throw problem("delta", "must be a whole number from 0")
        }
        // No pause at all means a second.
        let length = Int64(count).multipliedReportingOverflow(by: seconds * 1_000_000)
        guard !length.overflow, length.partialValue < 86_400_000_000 * 999_999 else {
            throw problem("delta", "is too large")
        }
        return max(length.partialValue, 1_000_000)
    }

    func date() throws(ExpressionError) -> Instant {
        try allowOnly(["date", "timezone"])
        let zone = try zone()
        guard let text = parameters["date"]?.string else { throw problem("date", "must be a date and time") }
        let date: LenientDate
        do throws(ExpressionError) { date = try LenientDate(text, now: start) } catch {
            throw problem("date", "can't be read: \(error.message)")
        }
        let offset = date.offset.map(Int64.init) ?? zone.offset(ofLocal: date.localSeconds)
        return Instant(microseconds: (date.localSeconds - offset) * 1_000_000 + Int64(date.microsecond))
    }

    func cron() throws(ExpressionError) -> CronRule {
        try allowOnly(CronField.allCases.map(\.rawValue) + ["timezone"])
        var texts: [CronField: String] = [:]
        for field in CronField.allCases {
            switch parameters[field.rawValue] {
            case nil, .null?: break
            case .integer(let number)?: texts[field] = String(number)
            case .string(let text)?: texts[field] = text
            case let other?:
                throw problem(field.rawValue, "must be a number or an expression, not \(SchemaText.shown(other))")
            }
        }
        return try CronRule(texts, zone: try zone())
    }

    private func zone() throws(ExpressionError) -> ZoneClock {
        guard let value = parameters["timezone"], !value.isNull else {
            guard let zone = ZoneClock(localZone) else { throw problem("timezone", "\(localZone) is unknown") }
            return zone
        }
        guard let name = value.string, let zone = ZoneClock(name) else {
            throw problem("timezone", "must be a name such as Europe/Oslo, not \(SchemaText.shown(value))")
        }
        return zone
    }

    private func allowOnly(_ names: [String]) throws(ExpressionError) {
        for name in parameters.keys where !names.contains(name) {
            throw ExpressionError(
                .badSchedule, "This timer has no parameter '\(name)'",
                hint: "Its parameters are \(names.joined(separator: ", "))")
        }
    }

    private func problem(_ name: String, _ what: String) -> ExpressionError {
        ExpressionError(.badSchedule, "The timer's parameter '\(name)' \(what)")
    }
}

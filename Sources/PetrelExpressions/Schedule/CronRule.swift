import PetrelCore

/// The fields of a cron timer in a time zone, and the search for the next time that fits them all.
struct CronRule: Sendable {
    private let expressions: [[CronExpression]]
    private let zone: ZoneClock

    /// A combination that never comes is searched for this long: a few thousand years, well under a second.
    private static let maxSteps = 50_000
    private static let fields = CronField.allCases

    init(_ texts: [CronField: String], zone: ZoneClock) throws(ExpressionError) {
        self.zone = zone
        var remaining = texts.count
        var expressions: [[CronExpression]] = []
        for field in Self.fields {
            let text: String
            if let given = texts[field] {
                remaining -= 1
                text = given
            } else {
                // Less significant than all that is given: the least value; else every value.
                text = remaining == 0 && !texts.isEmpty ? field.standard : "*"
            }
            expressions.append(try CronExpression.list(text, field))
        }
        self.expressions = expressions
    }

    /// What the clocks show, with how far they are ahead of UTC.
    private struct Moment {
        var date: CivilDate
        var second: Int
        var offset: Int64

        var localSeconds: Int64 { Int64(date.daysSinceEpoch * 86_400 + second) }
        var utcSeconds: Int64 { localSeconds - offset }

        init(localSeconds: Int64, offset: Int64) {
            let days = localSeconds >= 0 ? localSeconds / 86_400 : -((-localSeconds + 86_399) / 86_400)
            date = CivilDate(daysSinceEpoch: Int(days))
            second = Int(localSeconds - days * 86_400)
            self.offset = offset
        }

        func value(_ field: CronField) -> Int {
            switch field {
            case .year: date.year
            case .month: date.month
            case .day: date.day
            case .week: date.isoWeek
            case .dayOfWeek: date.weekday
            case .hour: second / 3600
            case .minute: second / 60 % 60
            case .second: second % 60
            }
        }

        func most(_ field: CronField) -> Int {
            field == .day ? CivilDate.days(inMonth: date.month, of: date.year) : field.most
        }
    }

    func next(after instant: Instant) -> Instant? {
        // The next whole second.
        let seconds = instant.microseconds.flooredSeconds + 1
        guard (-62_000_000_000...253_000_000_000).contains(seconds) else { return nil }
        var moment = local(seconds)
        var index = 0
        var steps = 0
        while index < Self.fields.count {
            steps += 1
            guard steps <= Self.maxSteps else { return nil }
            let field = Self.fields[index]
            let current = moment.value(field)
            guard let next = next(from: current, index, moment) else {
                guard let up = increment(&moment, index - 1) else { return nil }
                index = up
                continue
            }
            if next <= current {
                index += 1
            } else if field.isPartOfDate {
                set(&moment, index, to: next)
                index += 1
            } else {
                guard let up = increment(&moment, index) else { return nil }
                index = up
            }
        }
        return Instant(microseconds: moment.utcSeconds * 1_000_000)
    }

    private func next(from value: Int, _ index: Int, _ moment: Moment) -> Int? {
        let field = Self.fields[index]
        let most = moment.most(field)
        var least: Int?
        for expression in expressions[index] {
            if let next = expression.next(from: value, field, most: most, on: moment.date), next < least ?? Int.max {
                least = next
            }
        }
        return least
    }

    private func local(_ utcSeconds: Int64) -> Moment {
        let offset = zone.offset(at: utcSeconds)
        return Moment(localSeconds: utcSeconds + offset, offset: offset)
    }

    /// Raises a field by one, or the next more significant one that can be; those below get their least value.
    ///
    /// Counted by the clocks as they go now; whether they were changed in between shows in what they then show.
    private func increment(_ moment: inout Moment, _ index: Int) -> Int? {
        var index = index
        while index >= 0 {
            let field = Self.fields[index]
            if field.isPartOfDate, moment.value(field) < moment.most(field) { break }
            index -= 1
        }
        guard index >= 0 else { return nil }
        let raised = localSeconds(moment, index, moment.value(Self.fields[index]) + 1)
        moment = local(raised - moment.offset)
        return index
    }

    private func set(_ moment: inout Moment, _ index: Int, to value: Int) {
        let seconds = localSeconds(moment, index, value)
        moment = Moment(localSeconds: seconds, offset: zone.offset(ofLocal: seconds))
    }

    /// The time with one field replaced and those below it at their least.
    private func localSeconds(_ moment: Moment, _ index: Int, _ value: Int) -> Int64 {
        func part(_ field: CronField) -> Int {
            // A field's place in the list is its significance.
            let place = Self.fields.firstIndex(of: field) ?? 0
            return place < index ? moment.value(field) : place == index ? value : field.least
        }
        let date = CivilDate(year: part(.year), month: part(.month), day: part(.day))
        return Int64(date.daysSinceEpoch * 86_400 + part(.hour) * 3600 + part(.minute) * 60 + part(.second))
    }
}

extension CivilDate {
    /// The number of the week by ISO 8601: the first is the one with the year's first Thursday.
    var isoWeek: Int {
        let thursday = CivilDate(daysSinceEpoch: daysSinceEpoch - weekday + 3)
        let start = CivilDate(year: thursday.year, month: 1, day: 1)
        return (thursday.daysSinceEpoch - start.daysSinceEpoch) / 7 + 1
    }
}

extension Int64 {
    /// Whole seconds of a number of microseconds, rounded down.
    fileprivate var flooredSeconds: Int64 { self / 1_000_000 - (self % 1_000_000 < 0 ? 1 : 0) }
}

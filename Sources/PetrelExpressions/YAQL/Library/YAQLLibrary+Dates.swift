import PetrelCore

/// Dates.
extension YAQLLibrary {
    static let dates: [YAQLOverload] =
        [
            .function(
                "datetime",
                [
                    .whole("year"), .whole("month"), .whole("day"), .whole("hour", .integer(0)),
                    .whole("minute", .integer(0)), .whole("second", .integer(0)), .whole("microsecond", .integer(0)),
                    .init("offset", .timespan, .noTime),
                ], dateOfParts),
            .function("datetime", [.number("timestamp"), .init("offset", .timespan, .noTime)], dateOfTimestamp),
            .function("datetime", [.text("string"), .textOrNull("format")], dateOfText),
            .function(
                "now", [.init("offset", .timespanOrNull, .noTime)],
                { (arguments) throws(YAQLFault) in
                    let offset = span(arguments[0])
                    return .date(try YAQLDate(local: YAQLTime.checked(YAQLTime.now(), plus: offset), offset: offset))
                }),
            .function(
                "isDatetime", [.any("value")],
                { (arguments) throws(YAQLFault) in .bool(YAQLType.date.accepts(arguments[0])) }),
            .method(
                "replace",
                [
                    .init("dt", .date), .init("year", .wholeOrNull, .null), .init("month", .wholeOrNull, .null),
                    .init("day", .wholeOrNull, .null), .init("hour", .wholeOrNull, .null),
                    .init("minute", .wholeOrNull, .null), .init("second", .wholeOrNull, .null),
                    .init("microsecond", .wholeOrNull, .null), .init("offset", .timespanOrNull, .null),
                ], replaceParts),
            .method(
                "format", [.init("dt", .date), .text("format")],
                { (arguments) throws(YAQLFault) in
                    try arguments.text(
                        try YAQLDateFormat.text(of: date(arguments[0]), arguments.text(1), arguments.runtime))
                }),
            .function(
                "#operator_+", [.init("dt", .date), .init("ts", .timespan)],
                { (arguments) throws(YAQLFault) in
                    try moved(date(arguments[0]), span(arguments[1]))
                }),
            .function(
                "#operator_+", [.init("ts", .timespan), .init("dt", .date)],
                { (arguments) throws(YAQLFault) in
                    try moved(date(arguments[1]), span(arguments[0]))
                }),
            .function(
                "#operator_-", [.init("dt", .date), .init("ts", .timespan)],
                { (arguments) throws(YAQLFault) in
                    try moved(date(arguments[0]), YAQLTime.checked(0, minus: span(arguments[1])))
                }),
            .function(
                "#operator_-", [.init("dt1", .date), .init("dt2", .date)],
                { (arguments) throws(YAQLFault) in
                    .timespan(try date(arguments[0]).instant - date(arguments[1]).instant)
                }),
        ] + dateProperties

    private static let dateProperties: [YAQLOverload] = [
        dateProperty("year") { .integer($0.date.year) },
        dateProperty("month") { .integer($0.date.month) },
        dateProperty("day") { .integer($0.date.day) },
        dateProperty("hour") { .integer($0.hour) },
        dateProperty("minute") { .integer($0.minute) },
        dateProperty("second") { .integer($0.second) },
        dateProperty("microsecond") { .integer($0.microsecond) },
        dateProperty("weekday") { .integer($0.date.weekday) },
        dateProperty("offset") { .timespan($0.offset) },
        dateProperty("time") { .timespan($0.time) },
        dateProperty("date") { (date) throws(YAQLFault) in
            .date(try YAQLDate(local: date.local - date.time, offset: date.offset))
        },
        dateProperty("utc") { (date) throws(YAQLFault) in try moved(date, -date.offset) },
        // The original takes the offset off twice.
        dateProperty("timestamp") { .double(Double($0.local - 2 * $0.offset) / 1_000_000) },
    ]

    private static func dateProperty(
        _ name: String, _ read: @escaping @Sendable (YAQLDate) throws(YAQLFault) -> YAQLValue
    ) -> YAQLOverload {
        .function("#property#" + name, [.init("obj", .date)]) { (arguments) throws(YAQLFault) in
            try read(date(arguments[0]))
        }
    }

    private static func date(_ value: YAQLValue) throws(YAQLFault) -> YAQLDate {
        guard case .date(let date) = value else { throw .type("not a datetime") }
        return date
    }

    /// The microseconds of a span; none for null.
    static func span(_ value: YAQLValue) -> Int {
        if case .timespan(let span) = value { span } else { 0 }
    }

    private static func moved(_ date: YAQLDate, _ span: Int) throws(YAQLFault) -> YAQLValue {
        let (local, overflow) = date.local.addingReportingOverflow(span)
        if overflow { throw .overflow("date value out of range") }
        return .date(try YAQLDate(local: local, offset: date.offset))
    }

    private static func dateOfParts(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let day = CivilDate(year: arguments.integer(0), month: arguments.integer(1), day: arguments.integer(2))
        return .date(
            try YAQLDate(
                day, hour: arguments.integer(3), minute: arguments.integer(4), second: arguments.integer(5),
                microsecond: arguments.integer(6), offset: span(arguments[7])))
    }

    private static func dateOfTimestamp(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let offset = span(arguments[1])
        let instant: Int
        switch arguments[0] {
        case .integer(let seconds): instant = try YAQLTime.checked(seconds, times: YAQLTime.second)
        case .double(let seconds):
            if seconds.isNaN { throw .value("Invalid value NaN (not a number)") }
            if seconds.isInfinite { throw .overflow("cannot convert float infinity to integer") }
            instant = try microseconds(of: seconds)
        default: throw .overflow("timestamp out of range for platform time_t")
        }
        do throws(YAQLFault) {
            return .date(try YAQLDate(local: YAQLTime.checked(instant, plus: offset), offset: offset))
        } catch {
            throw .value("year is out of range")
        }
    }

    /// Rounded once, from the exact fraction.
    private static func microseconds(of seconds: Double) throws(YAQLFault) -> Int {
        let whole = seconds.rounded(.down)
        guard let count = Int(exactly: whole) else { throw .overflow("timestamp out of range for platform time_t") }
        let fraction = Int(((seconds - whole) * 1_000_000).rounded(.toNearestOrEven))
        return try YAQLTime.checked(YAQLTime.checked(count, times: YAQLTime.second), plus: fraction)
    }

    private static func dateOfText(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let text = arguments.text(0)
        if let format = arguments.optionalText(1), !format.isEmpty {
            return .date(try YAQLDateReader.date(of: text, format: format, arguments.runtime))
        }
        return .date(try YAQLDateGuess.date(of: text))
    }

    private static func replaceParts(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let old = try date(arguments[0])
        var parts = [
            old.date.year, old.date.month, old.date.day, old.hour, old.minute, old.second, old.microsecond,
        ]
        for at in parts.indices { parts[at] = YAQLArguments.integer(arguments[at + 1]) ?? parts[at] }
        return .date(
            try YAQLDate(
                CivilDate(year: parts[0], month: parts[1], day: parts[2]), hour: parts[3], minute: parts[4],
                second: parts[5], microsecond: parts[6],
                offset: arguments[8].isNull ? old.offset : span(arguments[8])))
    }
}

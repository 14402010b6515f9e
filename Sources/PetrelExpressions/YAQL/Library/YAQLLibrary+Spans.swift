import PetrelCore

/// Time spans.
extension YAQLLibrary {
    static let spans: [YAQLOverload] =
        [
            .function(
                "timespan",
                [
                    .whole("days", .integer(0)), .whole("hours", .integer(0)), .whole("minutes", .integer(0)),
                    .init("seconds", .integer, .integer(0)), .init("milliseconds", .integer, .integer(0)),
                    .init("microseconds", .integer, .integer(0)),
                ], spanOfParts),
            .function(
                "isTimespan", [.any("value")],
                { (arguments) throws(YAQLFault) in .bool(YAQLType.timespan.accepts(arguments[0])) }),
            .function("localtz", [], { (_) throws(YAQLFault) in .timespan(YAQLTime.localOffset()) }),
            .function("utctz", [], { (_) throws(YAQLFault) in .timespan(0) }),
            .function(
                "#operator_+", pairOfSpans,
                { (arguments) throws(YAQLFault) in
                    .timespan(try YAQLTime.checked(span(arguments[0]), plus: span(arguments[1])))
                }),
            .function(
                "#operator_-", pairOfSpans,
                { (arguments) throws(YAQLFault) in
                    .timespan(try YAQLTime.checked(span(arguments[0]), minus: span(arguments[1])))
                }),
            .function(
                "#operator_*", [.init("ts", .timespan), .number("n")],
                { (arguments) throws(YAQLFault) in
                    try product(span(arguments[0]), arguments[1])
                }),
            .function(
                "#operator_*", [.number("n"), .init("ts", .timespan)],
                { (arguments) throws(YAQLFault) in
                    try product(span(arguments[1]), arguments[0])
                }),
            .function(
                "#operator_/", pairOfSpans,
                { (arguments) throws(YAQLFault) in
                    .double(try quotient(Double(span(arguments[0])), Double(span(arguments[1]))))
                }),
            .function(
                "#operator_/", [.init("ts", .timespan), .number("n")],
                { (arguments) throws(YAQLFault) in
                    let divisor = try python((arguments[1].number ?? .integer(0)).double)
                    return .timespan(try YAQLTime.rounded(quotient(Double(span(arguments[0])), divisor)))
                }),
            .function(
                "#unary_operator_-", [.init("ts", .timespan)],
                { (arguments) throws(YAQLFault) in
                    .timespan(try YAQLTime.checked(0, minus: span(arguments[0])))
                }),
            .function("#unary_operator_+", [.init("ts", .timespan)], { (arguments) throws(YAQLFault) in arguments[0] }),
            .function(
                "#property#microseconds", [.init("obj", .timespan)],
                { (arguments) throws(YAQLFault) in
                    .integer(span(arguments[0]))
                }),
        ]
        + [
            ("milliseconds", 1_000.0), ("seconds", 1_000_000), ("minutes", 60_000_000), ("hours", 3_600_000_000),
            ("days", 86_400_000_000),
        ].map { name, unit in
            .function("#property#" + name, [.init("obj", .timespan)]) { (arguments) throws(YAQLFault) in
                .double(Double(span(arguments[0])) / unit)
            }
        }

    private static let pairOfSpans: [YAQLParameter] = [.init("ts1", .timespan), .init("ts2", .timespan)]

    private static func spanOfParts(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let units = [YAQLTime.day, YAQLTime.hour, YAQLTime.minute, YAQLTime.second, 1_000, 1]
        var total = 0
        for (at, unit) in units.enumerated() {
            total = try YAQLTime.checked(total, plus: YAQLTime.checked(arguments.integer(at), times: unit))
        }
        return .timespan(total)
    }

    private static func product(_ span: Int, _ factor: YAQLValue) throws(YAQLFault) -> YAQLValue {
        if case .integer(let factor) = factor { return .timespan(try YAQLTime.checked(span, times: factor)) }
        let factor = try python((factor.number ?? .integer(0)).double)
        return .timespan(try YAQLTime.rounded(Double(span) * factor))
    }

    private static func quotient(_ one: Double, _ two: Double) throws(YAQLFault) -> Double {
        guard two != 0 else { throw YAQLFault(.failed, "ZeroDivisionError", "float division by zero") }
        return one / two
    }
}

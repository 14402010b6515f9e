import PetrelCore

extension StackStormFunctions {
    /// `to_human_time_from_seconds`: `1h3m5s`, with the original's months that vanish.
    static func humanTime(_ value: Value) throws(ExpressionError) -> String {
        switch value {
        case .bool(let truth): return try humanTime(seconds: truth ? 1 : 0, shown: truth ? "True" : "False")
        case .integer(let number): return try humanTime(seconds: number, shown: String(number))
        case .bigInteger(let digits):
            if digits.utf8.first == UInt8(ascii: "-") { return digits + "μs" }
            throw outOfRange
        case .double(let number):
            if number == 0 { return "0s" }
            if number < 1 {
                return (number == -.infinity ? "-inf" : number.description) + "μs"
            }
            guard number.isFinite else {
                let name = number.isNaN ? "float NaN" : "float infinity"
                throw ExpressionError(.failed, "cannot convert \(name) to integer")
            }
            guard let seconds = Int(exactly: number.rounded(.toNearestOrEven)) else { throw outOfRange }
            return try humanTime(seconds: seconds, shown: "")
        default: throw ExpressionError(.failed, "only a number can be a time, not \(value.pythonText)")
        }
    }

    private static func humanTime(seconds: Int, shown: String) throws(ExpressionError) -> String {
        if seconds == 0 { return "0s" }
        if seconds < 1 { return shown + "μs" }
        // Up to the last second of the year 9999, counted from the year 1.
        guard seconds <= 315_537_897_599 else { throw outOfRange }
        let date = CivilDate(daysSinceEpoch: CivilDate(year: 1, month: 1, day: 1).daysSinceEpoch + seconds / 86_400)
        let parts = [date.year - 1, date.day - 1, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60]
        guard let first = parts.firstIndex(where: { $0 != 0 }) else { return "0s" }
        return zip(parts[first...], ["y", "d", "h", "m", "s"][first...]).map { "\($0)\($1)" }.joined()
    }

    private static let outOfRange = ExpressionError(.failed, "date value out of range")
}

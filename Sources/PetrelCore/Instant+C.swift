extension Instant {
    /// The form of StackStorm's API: `2024-01-02T03:04:05.000006Z`.
    public var description: String {
        let seconds = microseconds.flooredQuotient(1_000_000)
        let days = seconds.flooredQuotient(86_400)
        let (year, month, day) = civilDate(daysSinceEpoch: days)
        let second = seconds - days * 86_400
        // Into the text's own memory: a listing shows hundreds of them.
        return String(unsafeUninitializedCapacity: 48) { bytes in
            var end = 0
            func put(_ number: Int64, _ width: Int, _ mark: Unicode.Scalar) {
                end = writeDigits(number, width: width, to: bytes, at: end)
                bytes[end] = UInt8(ascii: mark)
                end += 1
            }
            put(year, 4, "-")
            put(month, 2, "-")
            put(day, 2, "T")
            put(second / 3600, 2, ":")
            put(second / 60 % 60, 2, ":")
            put(second % 60, 2, ".")
            put(microseconds - seconds * 1_000_000, 6, "Z")
            return end
        }
    }
}

/// Writes a number's digits, with zeros before them up to a width; returns where they end.
private func writeDigits(
    _ number: Int64, width: Int, to bytes: UnsafeMutableBufferPointer<UInt8>, at start: Int
) -> Int {
    var start = start
    if number < 0 {
        bytes[start] = UInt8(ascii: "-")
        start += 1
    }
    var digits = 1
    var power: UInt64 = 10
    while digits < 19, number.magnitude >= power {
        digits += 1
        power *= 10
    }
    let count = max(digits, width)
    var rest = number.magnitude
    for place in stride(from: start + count - 1, through: start, by: -1) {
        bytes[place] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
    }
    return start + count
}

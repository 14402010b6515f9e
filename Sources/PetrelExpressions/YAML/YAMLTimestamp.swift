import PetrelCore

/// Dates and times of YAML 1.1, turned into the ISO text that StackStorm shows for them.
enum YAMLTimestamp {
    /// Whether a plain scalar is a date or a time to PyYAML's resolver: a date alone needs two digits everywhere.
    static func isPlain(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 8, bytes[4] == UInt8(ascii: "-"), let parts = Parts(bytes) else { return false }
        return parts.hasTime || bytes.count == 10
    }

    /// The ISO text; nil when the text is no date or there is no such day.
    static func isoText(_ text: String) -> String? {
        guard let parts = Parts(Array(text.utf8)), parts.exists else { return nil }
        return parts.isoText
    }

    private struct Parts {
        var year = 0
        var month = 0
        var day = 0
        var hour = 0
        var minute = 0
        var second = 0
        var microsecond = 0
        var hasTime = false
        /// Minutes east of Greenwich, nil for a local time.
        var offset: Int?

        private var bytes: ArraySlice<UInt8>

        init?(_ text: [UInt8]) {
            bytes = text[...]
            guard let year = number(4...4), takes("-"), let month = number(1...2), takes("-"), let day = number(1...2)
            else { return nil }
            (self.year, self.month, self.day) = (year, month, day)
            if bytes.isEmpty { return }
            guard time(), zone(), bytes.isEmpty else { return nil }
            hasTime = true
        }

        private mutating func time() -> Bool {
            if bytes.first.map({ $0 | 0x20 }) == UInt8(ascii: "t") {
                bytes = bytes.dropFirst()
            } else {
                guard skipBlanks() else { return false }
            }
            guard let hour = number(1...2), takes(":"), let minute = number(2...2), takes(":"),
                let second = number(2...2)
            else { return false }
            (self.hour, self.minute, self.second) = (hour, minute, second)
            if takes(".") {
                let digits = bytes.prefix { (0x30...0x39).contains($0) }
                let six = String(decoding: digits.prefix(6), as: UTF8.self)
                microsecond = Int(six + String(repeating: "0", count: 6 - six.utf8.count)) ?? 0
                bytes = bytes[digits.endIndex...]
            }
            return true
        }

        private mutating func zone() -> Bool {
            let hasBlanks = skipBlanks()
            guard let mark = bytes.first else { return !hasBlanks }
            bytes = bytes.dropFirst()
            if mark == UInt8(ascii: "Z") {
                offset = 0
                return true
            }
            guard mark == UInt8(ascii: "+") || mark == UInt8(ascii: "-"), let hours = number(1...2) else {
                return false
            }
            var minutes = 0
            if takes(":") {
                guard let given = number(2...2) else { return false }
                minutes = given
            }
            offset = (hours * 60 + minutes) * (mark == UInt8(ascii: "-") ? -1 : 1)
            return true
        }

        private mutating func skipBlanks() -> Bool {
            let rest = bytes.drop { $0 == 0x20 || $0 == 0x09 }
            defer { bytes = rest }
            return rest.count < bytes.count
        }

        private mutating func takes(_ character: Unicode.Scalar) -> Bool {
            guard bytes.first == UInt8(ascii: character) else { return false }
            bytes = bytes.dropFirst()
            return true
        }

        private mutating func number(_ counts: ClosedRange<Int>) -> Int? {
            let digits = bytes.prefix(counts.upperBound).prefix { (0x30...0x39).contains($0) }
            guard counts.contains(digits.count) else { return nil }
            bytes = bytes[digits.endIndex...]
            return Int(String(decoding: digits, as: UTF8.self))
        }

        var exists: Bool {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            return year > 0 && (1...12).contains(month) && (1...lengths[month - 1]).contains(day) && hour < 24
                && minute < 60 && second < 60 && abs(offset ?? 0) < 24 * 60
        }

        var isoText: String {
            var text = padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2)
            guard hasTime else { return text }
            text += "T" + padded(hour, 2) + ":" + padded(minute, 2) + ":" + padded(second, 2)
            if microsecond > 0 { text += "." + padded(microsecond, 6) }
            guard let offset else { return text }
            return text + (offset < 0 ? "-" : "+") + padded(abs(offset) / 60, 2) + ":" + padded(abs(offset) % 60, 2)
        }

        private func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
    }
}

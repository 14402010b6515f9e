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

        private let bytes: [UInt8]
        /// How far the text is read.
        private var at = 0

        init?(_ text: [UInt8]) {
            bytes = text
            guard let year = number(4...4), takes("-"), let month = number(1...2), takes("-"), let day = number(1...2)
            else { return nil }
            (self.year, self.month, self.day) = (year, month, day)
            if isAtEnd { return }
            guard time(), zone(), isAtEnd else { return nil }
            hasTime = true
        }

        private var isAtEnd: Bool { at == bytes.count }

        private mutating func time() -> Bool {
            if !takes("t"), !takes("T") {
                guard skipBlanks() else { return false }
            }
            guard let hour = number(1...2), takes(":"), let minute = number(2...2), takes(":"),
                let second = number(2...2)
            else { return false }
            (self.hour, self.minute, self.second) = (hour, minute, second)
            if takes(".") { fraction() }
            return true
        }

        /// Any number of digits, of which six count.
        private mutating func fraction() {
            var place = 100_000
            while at < bytes.count, case 0x30...0x39 = bytes[at] {
                microsecond += Int(bytes[at] - 0x30) * place
                place /= 10
                at += 1
            }
        }

        private mutating func zone() -> Bool {
            let hasBlanks = skipBlanks()
            if isAtEnd { return !hasBlanks }
            if takes("Z") {
                offset = 0
                return true
            }
            let isWest = takes("-")
            guard isWest || takes("+"), let hours = number(1...2) else { return false }
            var minutes = 0
            if takes(":") {
                guard let given = number(2...2) else { return false }
                minutes = given
            }
            offset = (hours * 60 + minutes) * (isWest ? -1 : 1)
            return true
        }

        private mutating func skipBlanks() -> Bool {
            let start = at
            while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x09 { at += 1 }
            return at > start
        }

        private mutating func takes(_ character: Unicode.Scalar) -> Bool {
            guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
            at += 1
            return true
        }

        private mutating func number(_ counts: ClosedRange<Int>) -> Int? {
            let start = at
            var number = 0
            while at < bytes.count, at - start < counts.upperBound, case 0x30...0x39 = bytes[at] {
                number = number * 10 + Int(bytes[at] - 0x30)
                at += 1
            }
            return at - start >= counts.lowerBound ? number : nil
        }

        var exists: Bool {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            return year > 0 && (1...12).contains(month) && (1...lengths[month - 1]).contains(day) && hour < 24
                && minute < 60 && second < 60 && abs(offset ?? 0) < 24 * 60
        }

        var isoText: String {
            var text: [UInt8] = []
            text.reserveCapacity(32)
            append(year, 4, to: &text)
            append("-", month, to: &text)
            append("-", day, to: &text)
            guard hasTime else { return String(decoding: text, as: UTF8.self) }
            append("T", hour, to: &text)
            append(":", minute, to: &text)
            append(":", second, to: &text)
            if microsecond > 0 {
                text.append(UInt8(ascii: "."))
                append(microsecond, 6, to: &text)
            }
            if let offset {
                append(offset < 0 ? "-" : "+", abs(offset) / 60, to: &text)
                append(":", abs(offset) % 60, to: &text)
            }
            return String(decoding: text, as: UTF8.self)
        }

        private func append(_ mark: Unicode.Scalar, _ number: Int, to text: inout [UInt8]) {
            text.append(UInt8(ascii: mark))
            append(number, 2, to: &text)
        }

        /// Two, four or six digits.
        private func append(_ number: Int, _ width: Int, to text: inout [UInt8]) {
            if width > 2 { append(number / 100, width - 2, to: &text) }
            text.append(UInt8(ascii: "0") + UInt8(number / 10 % 10))
            text.append(UInt8(ascii: "0") + UInt8(number % 10))
        }
    }
}

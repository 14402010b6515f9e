/// A version by semver.org; its numbers stay digits, since they may have any length.
struct SemanticVersion {
    let major: String
    let minor: String
    let patch: String
    let prerelease: [String]

    init?(_ text: String) {
        var bytes = ArraySlice(text.utf8)
        // The original's pattern lets one line break follow.
        if bytes.last == 0x0A { bytes.removeLast() }
        let plus = bytes.firstIndex(of: UInt8(ascii: "+"))
        if let plus {
            guard Self.identifiers(bytes[(plus + 1)...]) != nil else { return nil }
            bytes = bytes[..<plus]
        }
        var tags: [String] = []
        if let dash = bytes.firstIndex(of: UInt8(ascii: "-")) {
            guard let found = Self.identifiers(bytes[(dash + 1)...]), found.allSatisfy(Self.isPrereleaseTag) else {
                return nil
            }
            tags = found
            bytes = bytes[..<dash]
        }
        let numbers = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard numbers.count == 3, numbers.allSatisfy({ Self.isNumber($0) }) else { return nil }
        major = String(decoding: numbers[0], as: UTF8.self)
        minor = String(decoding: numbers[1], as: UTF8.self)
        patch = String(decoding: numbers[2], as: UTF8.self)
        prerelease = tags
    }

    /// -1, 0 or 1.
    func compared(to other: SemanticVersion) -> Int {
        for (mine, theirs) in [(major, other.major), (minor, other.minor), (patch, other.patch)] {
            let order = Self.order(ofNumbers: mine, theirs)
            if order != 0 { return order }
        }
        if prerelease.isEmpty || other.prerelease.isEmpty {
            return prerelease.isEmpty == other.prerelease.isEmpty ? 0 : prerelease.isEmpty ? 1 : -1
        }
        for (mine, theirs) in zip(prerelease, other.prerelease) {
            let order = Self.order(ofTags: mine, theirs)
            if order != 0 { return order }
        }
        return (prerelease.count - other.prerelease.count).signum()
    }

    /// The next number of one given in digits.
    static func incremented(_ digits: String) -> String {
        var bytes = Array(digits.utf8)
        for index in bytes.indices.reversed() {
            if bytes[index] < UInt8(ascii: "9") {
                bytes[index] += 1
                return String(decoding: bytes, as: UTF8.self)
            }
            bytes[index] = UInt8(ascii: "0")
        }
        return "1" + String(decoding: bytes, as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isNumber(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        guard let first = bytes.first else { return false }
        return bytes.allSatisfy(isDigit) && (first != 0x30 || bytes.count == 1)
    }

    /// The parts between dots, if each has at least one letter, digit or dash, and nothing else.
    private static func identifiers(_ bytes: ArraySlice<UInt8>) -> [String]? {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isRight = parts.allSatisfy { part in
            !part.isEmpty
                && part.allSatisfy { isDigit($0) || (0x61...0x7A).contains($0 | 0x20) || $0 == UInt8(ascii: "-") }
        }
        return isRight ? parts.map { String(decoding: $0, as: UTF8.self) } : nil
    }

    /// A tag of digits alone must not begin with a zero.
    private static func isPrereleaseTag(_ tag: String) -> Bool {
        !tag.utf8.allSatisfy(isDigit) || isNumber(tag.utf8)
    }

    private static func order(ofNumbers left: String, _ right: String) -> Int {
        if left.utf8.count != right.utf8.count { return (left.utf8.count - right.utf8.count).signum() }
        return order(ofTexts: left, right)
    }

    private static func order(ofTexts left: String, _ right: String) -> Int {
        if left.utf8.elementsEqual(right.utf8) { return 0 }
        return left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1
    }

    /// Numbers come before words.
    private static func order(ofTags left: String, _ right: String) -> Int {
        switch (left.utf8.allSatisfy(isDigit), right.utf8.allSatisfy(isDigit)) {
        case (true, true): order(ofNumbers: left, right)
        case (true, false): -1
        case (false, true): 1
        case (false, false): order(ofTexts: left, right)
        }
    }
}

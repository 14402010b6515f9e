/// Finds one text in many, in time linear in their lengths, whatever they are (Knuth, Morris and Pratt).
struct TextSearch {
    let needle: [UInt8]
    /// How much of the needle still fits after a mismatch; made only for long needles.
    private let fallback: [Int]
    private static let shortNeedle = 8

    init(_ needle: String) { self.init(bytes: Array(needle.utf8)) }

    init(bytes: [UInt8]) {
        needle = bytes
        guard bytes.count > Self.shortNeedle else {
            fallback = []
            return
        }
        var table = [Int](repeating: 0, count: bytes.count)
        var length = 0
        for at in 1..<bytes.count {
            while length > 0, bytes[at] != bytes[length] { length = table[length - 1] }
            if bytes[at] == bytes[length] { length += 1 }
            table[at] = length
        }
        fallback = table
    }

    /// The first place at or after a byte offset.
    func first(in hay: [UInt8], from start: Int) -> Int? {
        guard let head = needle.first else { return start <= hay.count ? start : nil }
        return fallback.isEmpty ? short(head, hay, start) : long(hay, start)
    }

    private func short(_ head: UInt8, _ hay: [UInt8], _ start: Int) -> Int? {
        var at = start
        while at + needle.count <= hay.count {
            if hay[at] == head {
                var offset = 1
                while offset < needle.count, hay[at + offset] == needle[offset] { offset += 1 }
                if offset == needle.count { return at }
            }
            at += 1
        }
        return nil
    }

    private func long(_ hay: [UInt8], _ start: Int) -> Int? {
        guard start < hay.count else { return nil }
        var length = 0
        for at in start..<hay.count {
            while length > 0, hay[at] != needle[length] { length = fallback[length - 1] }
            if hay[at] == needle[length] { length += 1 }
            if length == needle.count { return at - length + 1 }
        }
        return nil
    }
}

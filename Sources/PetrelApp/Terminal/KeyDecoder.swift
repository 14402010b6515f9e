/// Turns the bytes of a terminal into keys; sequences may arrive in pieces.
struct KeyDecoder {
    /// Bytes that no key was made from yet; an escape sequence that grows too long is dropped.
    private var pending: [UInt8] = []
    private var pasted: [UInt8]?
    private let maxPasteBytes = 1 << 16

    private static let pasteEnd = Array("\u{1B}[201~".utf8)

    /// The keys that these bytes complete.
    mutating func keys(_ bytes: [UInt8]) -> [Key] {
        pending += bytes
        var keys: [Key] = []
        while !pending.isEmpty {
            guard let length = pasted == nil ? next(into: &keys) : nextPasted(into: &keys) else { break }
            pending.removeFirst(length)
        }
        return keys
    }

    /// Takes bytes of a paste; nil when more are needed.
    private mutating func nextPasted(into keys: inout [Key]) -> Int? {
        let end = KeyDecoder.pasteEnd
        if pending.starts(with: end) {
            keys.append(.paste(String(decoding: pasted ?? [], as: UTF8.self)))
            pasted = nil
            return end.count
        }
        if pending.count < end.count, end.starts(with: pending) { return nil }
        let length = pending.dropFirst().firstIndex(of: 0x1B) ?? pending.count
        if (pasted?.count ?? 0) < maxPasteBytes { pasted?.append(contentsOf: pending[..<length]) }
        return length
    }

    /// Makes the next key; nil when more bytes are needed.
    private mutating func next(into keys: inout [Key]) -> Int? {
        let byte = pending[0]
        switch byte {
        case 0x1B: return nextEscape(into: &keys)
        case 0x0D, 0x0A: keys.append(.enter)
        case 0x09: keys.append(.tab)
        case 0x7F, 0x08: keys.append(.backspace)
        case 0..<0x20: keys.append(.control(Character(Unicode.Scalar(byte | 0x60))))
        default: return nextText(into: &keys)
        }
        return 1
    }

    private func nextText(into keys: inout [Key]) -> Int? {
        var length = 0
        while length < pending.count, pending[length] >= 0x20, pending[length] != 0x7F { length += 1 }
        // A character that is cut at the end of what was read waits for its rest.
        let whole = length == pending.count ? length - cutTail(pending[..<length]) : length
        guard whole > 0 else { return nil }
        let text = VisibleText.line(String(decoding: pending[..<whole], as: UTF8.self))
        if case .text(let before) = keys.last {
            keys[keys.count - 1] = .text(before + text)
        } else {
            keys.append(.text(text))
        }
        return whole
    }

    /// How many bytes at the end begin a character that is not complete.
    private func cutTail(_ bytes: ArraySlice<UInt8>) -> Int {
        for (back, byte) in bytes.suffix(3).reversed().enumerated() {
            let length = back + 1
            if byte & 0xC0 == 0x80 { continue }
            let needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return needed > length ? length : 0
        }
        return 0
    }

    private mutating func nextEscape(into keys: inout [Key]) -> Int? {
        guard pending.count > 1 else { return nil }
        switch pending[1] {
        case UInt8(ascii: "["):
            guard let end = pending.dropFirst(2).firstIndex(where: { (0x40...0x7E).contains($0) }) else {
                return pending.count > 32 ? pending.count : nil
            }
            sequence(String(decoding: pending[2...end], as: UTF8.self), into: &keys)
            return end + 1
        case UInt8(ascii: "O"):
            guard pending.count > 2 else { return nil }
            sequence(String(decoding: [pending[2]], as: UTF8.self), into: &keys)
            return 3
        case UInt8(ascii: "b"): keys.append(.wordLeft)
        case UInt8(ascii: "f"): keys.append(.wordRight)
        case 0x7F: keys.append(.control("w"))
        // A lone escape, and then something else.
        default: return 1
        }
        return 2
    }

    private mutating func sequence(_ text: String, into keys: inout [Key]) {
        switch text {
        case "A": keys.append(.up)
        case "B": keys.append(.down)
        case "C": keys.append(.right)
        case "D": keys.append(.left)
        case "H", "1~", "7~": keys.append(.home)
        case "F", "4~", "8~": keys.append(.end)
        case "3~": keys.append(.delete)
        case "1;5C", "1;3C": keys.append(.wordRight)
        case "1;5D", "1;3D": keys.append(.wordLeft)
        case "200~": pasted = []
        default: break
        }
    }
}

import PetrelCore

/// What a shell command printed, as results show it.
enum ShellOutput {
    /// The value of JSON output, else its text without the last line's end.
    ///
    /// One line feed and then one carriage return are cut off first. What is no UTF-8 shows as U+FFFD. Output over the
    /// cap is never JSON, and says so in a last line.
    static func value(_ bytes: [UInt8], dropped: Int) -> Value {
        guard dropped == 0 else {
            let text = String(decoding: bytes, as: UTF8.self)
            let isAtLineStart = bytes.isEmpty || bytes.last == 0x0A
            return .string(text + (isAtLineStart ? "" : "\n") + "[\(dropped) more bytes were dropped]")
        }
        let stripped = stripped(bytes)
        guard mayBeJSON(stripped), let value = try? JSONReader.value(stripped, limits: .actionOutput) else {
            return .string(String(decoding: stripped, as: UTF8.self))
        }
        return value
    }

    private static func stripped(_ bytes: [UInt8]) -> [UInt8] {
        var end = bytes.count
        if end > 0, bytes[end - 1] == 0x0A { end -= 1 }
        if end > 0, bytes[end - 1] == 0x0D { end -= 1 }
        return end == bytes.count ? bytes : Array(bytes[..<end])
    }

    /// Most output is prose, which its first letter tells apart at no cost.
    private static func mayBeJSON(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first(where: { $0 > 0x20 }) else { return false }
        return switch first {
        case 0x22, 0x2D, 0x30...0x39, 0x5B, 0x66, 0x6E, 0x74, 0x7B: true
        default: false
        }
    }
}

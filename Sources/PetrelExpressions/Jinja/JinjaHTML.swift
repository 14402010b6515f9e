/// HTML as far as filters write or read it.
enum JinjaHTML {
    private static func reference(_ byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "'"): "&#39;"
        case UInt8(ascii: "\""): "&#34;"
        default: nil
        }
    }

    /// The five signs that mean something in HTML, as references.
    static func escaped(_ text: String) -> String {
        var size = text.utf8.count
        for byte in text.utf8 { size += reference(byte).map { $0.utf8.count - 1 } ?? 0 }
        return size == text.utf8.count ? text : PythonText.substituted(text, size: size, reference)
    }
}

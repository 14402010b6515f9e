/// Finds expressions in text: the shortest stretches between two marks that have no line break inside.
enum EmbeddedScan {
    /// The ranges of `<% … %>`, marks included, as UTF-8 offsets.
    static func yaql(_ text: String) -> [Range<Int>] {
        ranges(text, UInt8(ascii: "<"), UInt8(ascii: "%"), UInt8(ascii: "%"), UInt8(ascii: ">"))
    }

    /// The ranges of `{{ … }}`.
    static func jinja(_ text: String) -> [Range<Int>] {
        ranges(text, UInt8(ascii: "{"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "}"))
    }

    /// The ranges of `{% … %}`.
    static func jinjaBlocks(_ text: String) -> [Range<Int>] {
        ranges(text, UInt8(ascii: "{"), UInt8(ascii: "%"), UInt8(ascii: "%"), UInt8(ascii: "}"))
    }

    static func hasJinja(_ text: String) -> Bool {
        text.utf8.contains(UInt8(ascii: "{")) && (!jinja(text).isEmpty || !jinjaBlocks(text).isEmpty)
    }

    private static func ranges(_ text: String, _ open1: UInt8, _ open2: UInt8, _ close1: UInt8, _ close2: UInt8)
        -> [Range<Int>]
    {
        guard text.utf8.contains(open1) else { return [] }
        let bytes = Array(text.utf8)
        var found: [Range<Int>] = []
        var at = 0
        while at + 3 < bytes.count {
            guard bytes[at] == open1, bytes[at + 1] == open2 else {
                at += 1
                continue
            }
            var end = at + 2
            while end + 1 < bytes.count, bytes[end] != 0x0A, !(bytes[end] == close1 && bytes[end + 1] == close2) {
                end += 1
            }
            guard end + 1 < bytes.count else { break }
            if bytes[end] == 0x0A {
                at = end
            } else {
                found.append(at..<(end + 2))
                at = end + 2
            }
        }
        return found
    }

    /// The part of a text between two UTF-8 offsets.
    static func part(_ text: String, _ range: Range<Int>) -> String {
        let utf8 = text.utf8
        let start = utf8.index(utf8.startIndex, offsetBy: range.lowerBound)
        return String(text[start..<utf8.index(start, offsetBy: range.count)])
    }

    /// The expression without its marks, of which each character is dropped at both ends, and without blanks.
    static func stripped(_ expression: String, _ marks: String) -> String {
        let marks = Array(marks.unicodeScalars)
        return PythonText.strip(PythonText.strip(expression, fromStart: true, fromEnd: true) { marks.contains($0) })
    }
}

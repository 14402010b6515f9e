/// Makes links of addresses in escaped text, as `urlize` does.
struct JinjaLinks {
    var limit: Int?
    var rel = ""
    var target: String?
    var schemes: [String] = []

    private static let domain = "(?:[\\w%-]+\\.)+"
    private static let address =
        "(?i)^(?:(?:https?://|www\\.)(?:\(domain))?(?:[a-z]{2,63}|xn--[\\w%]{2,59})"
        + "|(?:[\\w%-]{2,63}\\.)+(?:com|net|int|edu|gov|org|info|mil)"
        + "|https?://(?:\\d{1,3}(?:\\.\\d{1,3}){3}|\\[(?:[\\da-f]{0,4}:){2}(?:[\\da-f]{0,4}:?){1,6}\\]))"
        + "(?::\\d{1,5})?(?:[/?#]\\S*)?$"
    private static let mail = "^\\S+@\\w[\\w.-]*\\.\\w+$"

    func linked(_ text: String) throws(PythonFault) -> String {
        var out = ""
        var word = ""
        for scalar in text.unicodeScalars {
            if PythonText.isSpace(scalar) {
                out += try linked(word: word)
                word = ""
                out.unicodeScalars.append(scalar)
            } else {
                word.unicodeScalars.append(scalar)
            }
        }
        return out + (try linked(word: word))
    }

    private func linked(word: String) throws(PythonFault) -> String {
        guard
            word.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "@") })
        else { return word }
        var middle = word
        var head = ""
        while let mark = ["(", "<", "&lt;"].first(where: { middle.hasPrefix($0) }) {
            head += mark
            middle.removeFirst(mark.count)
        }
        var tail = ""
        while let mark = [")", ">", ".", ",", "&gt;"].first(where: { middle.hasSuffix($0) }) {
            tail = mark + tail
            middle.removeLast(mark.count)
        }
        balance(&middle, &tail)
        return head + (try link(middle) ?? middle) + tail
    }

    /// Brackets that open inside the address close inside it.
    private func balance(_ middle: inout String, _ tail: inout String) {
        for (open, close) in [("(", ")"), ("<", ">"), ("&lt;", "&gt;")] {
            let opened = PythonText.offsets(of: open, in: middle).count
            guard opened > PythonText.offsets(of: close, in: middle).count else { continue }
            for _ in 0..<min(opened, PythonText.offsets(of: close, in: tail).count) {
                guard let at = PythonText.offsets(of: close, in: tail, limit: 1).first else { break }
                let end = at + close.utf8.count
                middle += String(decoding: Array(tail.utf8.prefix(end)), as: UTF8.self)
                tail = String(decoding: Array(tail.utf8.dropFirst(end)), as: UTF8.self)
            }
        }
    }

    private func link(_ text: String) throws(PythonFault) -> String? {
        if try matches(Self.address, text) {
            let hasScheme = text.hasPrefix("https://") || text.hasPrefix("http://")
            return anchor(hasScheme ? text : "https://" + text, shown: text, hasRel: true)
        }
        if text.hasPrefix("mailto:"), try matches(Self.mail, String(text.dropFirst(7))) {
            return anchor(text, shown: String(text.dropFirst(7)), hasRel: false)
        }
        if text.contains("@"), !text.hasPrefix("www."), !text.contains(":"), try matches(Self.mail, text) {
            return "<a href=\"mailto:\(text)\">\(text)</a>"
        }
        for scheme in schemes where text != scheme && text.hasPrefix(scheme) {
            return anchor(text, shown: text, hasRel: true)
        }
        return nil
    }

    private func matches(_ pattern: String, _ text: String) throws(PythonFault) -> Bool {
        do throws(ExpressionError) {
            return try PatternCache.shared.pattern(pattern).firstMatch(in: text) != nil
        } catch { throw PythonFault(error) }
    }

    private func anchor(_ address: String, shown: String, hasRel: Bool) -> String {
        guard hasRel else { return "<a href=\"\(address)\">\(shown)</a>" }
        var shown = shown
        if let limit, PythonText.length(shown) > limit {
            shown = PythonText.slice(shown, 0..<max(0, limit)) + "..."
        }
        let relText = rel.isEmpty ? "" : " rel=\"\(JinjaHTML.escaped(rel))\""
        let targetText = target.map { " target=\"\(JinjaHTML.escaped($0))\"" } ?? ""
        return "<a href=\"\(address)\"\(relText)\(targetText)>\(shown)</a>"
    }
}

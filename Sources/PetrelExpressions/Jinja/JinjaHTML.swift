/// HTML as far as filters write or read it.
enum JinjaHTML {
    /// The five signs that mean something in HTML, as references.
    static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { "&<>'\"".utf8.contains($0) }) else { return text }
        var out = ""
        out.reserveCapacity(text.utf8.count + 16)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "'": out += "&#39;"
            case "\"": out += "&#34;"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}

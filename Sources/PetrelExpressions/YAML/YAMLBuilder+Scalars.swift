import PetrelCore

extension YAMLBuilder {
    private static let standard = "tag:yaml.org,2002:"

    /// The last word of a standard tag; throws for any other.
    func standardName(_ tag: String, at mark: YAMLMark) throws(ExpressionError) -> String {
        guard tag.hasPrefix(Self.standard) else { throw unknown(tag, at: mark) }
        return String(tag.dropFirst(Self.standard.count))
    }

    func unknown(_ tag: String, at mark: YAMLMark) -> ExpressionError {
        let shown = tag.hasPrefix(Self.standard) ? "!!" + tag.dropFirst(Self.standard.count) : tag
        return problem(
            "unknown tag \(shown)", at: mark,
            hint:
                "Only standard tags such as !!str, !!int and !!map are read; put a text that begins with `!` in quotes")
    }

    func scalar(_ text: String, tag: String?, isPlain: Bool, at mark: YAMLMark) throws(ExpressionError) -> Built {
        guard let tag else {
            guard isPlain else { return Built(value: .string(text), place: 0) }
            let type = YAMLScalar.type(of: text)
            if type == .value {
                throw problem("a lone `=` has a meaning of its own in YAML 1.1", at: mark, hint: "Put it in quotes")
            }
            if type == .str { return Built(value: .string(text), place: 0) }
            return try scalar(text, as: type.rawValue, at: mark)
        }
        return try scalar(text, as: try standardName(tag, at: mark), at: mark)
    }

    private func scalar(_ text: String, as name: String, at mark: YAMLMark) throws(ExpressionError) -> Built {
        switch name {
        case "str": return Built(value: .string(text), place: 0)
        case "null": return Built(value: .null, place: 0)
        case "merge": return Built(value: .string(text), place: 0, isMergeKey: true)
        case "bool": return try made(YAMLScalar.truth(text).map(Value.bool), text, "true or false", mark)
        case "int": return try made(YAMLNumber.integer(text), text, "an integer", mark)
        case "float": return try made(YAMLNumber.float(text).map(Value.double), text, "a number", mark)
        case "timestamp":
            let time = YAMLTimestamp.isoText(text).map(Value.string)
            var built = try made(time, text, "a date or time that exists", mark)
            // It takes twice the time of any other.
            built.count = 2
            return built
        case "binary":
            return Built(value: .string(withoutBlanks(text)), place: 0)
        case "seq", "omap", "pairs": throw problem("expected a list, as the tag !!\(name) says", at: mark)
        case "map", "set": throw problem("expected keys and values, as the tag !!\(name) says", at: mark)
        default: throw unknown(Self.standard + name, at: mark)
        }
    }

    /// Base64 without the line breaks that YAML left in it; text outside ASCII is none, but is kept as far as it goes.
    private func withoutBlanks(_ text: String) -> String {
        guard PythonText.isASCII(text) else { return text.filter { !$0.isWhitespace } }
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        return text.utf8.contains(where: isBlank)
            ? String(decoding: text.utf8.filter { !isBlank($0) }, as: UTF8.self) : text
    }

    private func made(
        _ value: Value?, _ text: String, _ what: String, _ mark: YAMLMark
    ) throws(ExpressionError) -> Built {
        guard let value else {
            throw problem(
                "`\(text)` is not \(what)", at: mark, hint: "Put it in quotes if it is meant as text")
        }
        return Built(value: value, place: 0)
    }

    /// The JSON form of a key that is no text.
    func keyText(_ key: Built, at mark: YAMLMark) throws(ExpressionError) -> String {
        switch key.value {
        case .string(let text): return text
        case .array, .object:
            throw problem(
                "a list or an object can't be a key", at: mark, hint: "Put a text that begins with `{` or `[` in quotes"
            )
        default: return JSONWriter.text(key.value)
        }
    }
}

import PetrelCore
import PetrelExpressions

/// The rewriting of a format string into a regular expression, in StackStorm's steps and order.
struct FormatText {
    /// The placeholders that may be left out, with their defaults, in the order of the format.
    var defaults: [(name: String, value: String)] = []
    /// The expression, without the anchors that are added where it has none.
    var expression: String

    static let maxBytes = 8_192

    init(_ format: String) throws(ExpressionError) {
        guard format.utf8.count <= Self.maxBytes else {
            throw ExpressionError(
                .badPattern, "the format has \(format.utf8.count) bytes; \(Self.maxBytes) are allowed",
                hint: "Split it into several formats")
        }
        let optional = try Self.optional.get()
        for match in try optional.matches(in: format, limit: format.utf8.count + 1) {
            let value = (3...6).map { match[$0] ?? "" }.joined()
            defaults.append((name: match[2] ?? "", value: value))
        }
        let rest = try Self.replace(optional, in: format) { "(?:\(Self.value(blanks: $0, name: $1)))?" }
        expression = try Self.replace(try Self.required.get(), in: rest) { Self.value(blanks: $0, name: $1) }
    }

    /// `{{ name = default }}` with the white space before it: blanks, name, then the default in one of four groups.
    private static let optional = pattern(
        #"(\s*)\{\{\s*(\S+?)\s*=\s*(?:""|''|"(.+?)"|'(.+?)'|(\{.+?\})|(.+?))\s*\}\}"#)

    /// `{{ name }}` with the white space before it.
    private static let required = pattern(#"(\s*)\{\{\s*(\S+?)\s*\}\}"#)

    private static func pattern(_ text: String) -> Result<Pattern, ExpressionError> {
        do throws(ExpressionError) {
            return .success(try Pattern(text, options: .dotMatchesNewline))
        } catch { return .failure(error) }
    }

    /// The group that takes a value: a quoted text without its quotes, an object, or anything.
    ///
    /// Spelled byte for byte as the reference does, so that the offsets in messages about bad formats are the same.
    private static func value(blanks: String, name: String) -> String {
        blanks + #"["\']?(?P<"# + name + #">(?:(?<=\').+?(?=\')|(?<=").+?(?=")|{.+?}|.+?))["\']?"#
    }

    private static func replace(
        _ pattern: Pattern, in text: String, with replacement: (String, String) -> String
    ) throws(ExpressionError) -> String {
        let bytes = Array(text.utf8)
        var out = ""
        var at = 0
        for match in try pattern.matches(in: text, limit: bytes.count + 1) {
            out += String(decoding: bytes[at..<match.range.lowerBound], as: UTF8.self)
            out += replacement(match[1] ?? "", match[2] ?? "")
            at = match.range.upperBound
        }
        return out + String(decoding: bytes[at...], as: UTF8.self)
    }
}

public import PetrelCore
import PetrelExpressions
import Synchronization

/// A format string of an alias, ready to read commands.
///
/// Any thread may use it. Formats are Python regular expressions in which `{{name}}` and `{{name=default}}` take values.
public final class CommandFormat: Sendable {
    /// The format as it was written.
    public let text: String
    /// The parameters that it can give, in the order of their groups.
    public let parameterNames: [String]
    let outline: FormatOutline
    private let pattern: Pattern
    private let anchored: String
    private let defaults: [(name: String, value: String)]
    private let lenient = Mutex<Pattern?>(nil)

    /// Compiles a format.
    /// - Throws: ``AliasError`` with code `badFormat`, in the words in which Python refuses the expression.
    public init(_ text: String) throws(AliasError) {
        self.text = text
        do throws(ExpressionError) {
            let format = try FormatText(text)
            defaults = format.defaults
            let nodes = try Pattern.nodes(format.expression)
            let hasStart = FormatAnchors.hasStart(nodes)
            let hasEnd = FormatAnchors.hasEnd(nodes)
            anchored = (hasStart ? "" : #"^\s*"#) + format.expression + (hasEnd ? "" : #"\s*$"#)
            pattern = try Pattern(anchored, options: .dotMatchesNewline)
            parameterNames = pattern.groupNames
            outline = FormatOutline(nodes, isStartAdded: !hasStart, isEndAdded: !hasEnd)
        } catch {
            throw AliasError(
                .badFormat, error.message, hint: FormatHint.hint(for: error.message) ?? error.hint, underlying: error)
        }
    }

    /// What came of reading a command.
    enum Reading {
        case parameters(ValueObject)
        case noFit
        /// It fits, but says nothing at all.
        case noValue
    }

    /// The parameters of a command.
    /// - Throws: ``AliasError`` with code `noMatch` and the reference's sentence when the format does not fit;
    ///   `tooComplex` when matching passes its limits.
    public func parameters(of command: CommandText) throws(AliasError) -> ValueObject {
        switch try read(command, isLenient: false) {
        case .parameters(let parameters): return parameters
        case .noFit:
            throw AliasError(.noMatch, "Command \"\(command.text)\" doesn't match format string \"\(text)\"")
        case .noValue: throw AliasError(.noMatch, "No value supplied and no default value found.")
        }
    }

    /// The parameters of each place in a command that the format fits, for formats that match more than once.
    /// - Throws: ``AliasError`` with code `tooComplex` when matching passes its limits or finds more than `limit` places.
    public func parameterSets(of command: CommandText, limit: Int = 1_000) throws(AliasError) -> [ValueObject] {
        let matches = try translated { () throws(ExpressionError) in
            try pattern.matches(in: command.padded, limit: limit + 1)
        }
        guard matches.count <= limit else {
            throw AliasError(
                .tooComplex, "the message asks for more than \(limit) executions at once",
                hint: "Split it into several messages")
        }
        return matches.map { parameters(of: $0, command) }
    }

    func read(_ command: CommandText, isLenient: Bool) throws(AliasError) -> Reading {
        let match = try translated { () throws(ExpressionError) in
            try (isLenient ? try lenientPattern() : pattern).firstMatch(in: command.padded)
        }
        guard let match else { return .noFit }
        let parameters = parameters(of: match, command)
        let isSilent = command.isBlank && parameters.values.allSatisfy { ($0.string ?? "").isEmpty }
        return isSilent && !text.isEmpty ? .noValue : .parameters(parameters)
    }

    private func lenientPattern() throws(ExpressionError) -> Pattern {
        if let known = lenient.withLock({ $0 }) { return known }
        // Two threads may both compile it; the result is the same.
        let made = try Pattern(anchored, options: [.dotMatchesNewline, .isLenient])
        lenient.withLock { $0 = made }
        return made
    }

    private func parameters(of match: PatternMatch, _ command: CommandText) -> ValueObject {
        var parameters = ValueObject()
        for name in parameterNames { parameters[name] = Value(match[name]) }
        for (name, value) in defaults where (parameters[name]?.string ?? "").isEmpty {
            parameters[name] = .string(value)
        }
        for (name, value) in command.pairs { parameters[name] = .string(value) }
        return parameters
    }

    private func translated<Result>(
        _ work: () throws(ExpressionError) -> Result
    ) throws(AliasError) -> Result {
        do throws(ExpressionError) {
            return try work()
        } catch {
            throw AliasError(
                .tooComplex, "the message is too complex for the format \"\(text)\"",
                hint: "Shorten the message; if short ones fail too, simplify the format", underlying: error)
        }
    }
}

/// Advice for formats that do not compile, where the reference's words alone don't help.
enum FormatHint {
    static func hint(for message: String) -> String? {
        if message.hasPrefix("bad character in group name") {
            return
                "A parameter name has letters, digits and _ only; between two placeholders `=` needs other text beside it"
        }
        if message.hasPrefix("redefinition of group name") { return "Use each parameter once in a format" }
        if message.hasPrefix("global flags") { return "Write (?i:…) around the part where case has no meaning" }
        if message.hasPrefix("nothing to repeat") { return "Write \\* or \\+ for the character itself" }
        if message.contains("unterminated subpattern") || message.hasPrefix("unbalanced parenthesis") {
            return "Write \\( and \\) for the characters themselves"
        }
        return nil
    }
}

public import PetrelCore
import PetrelExpressions

/// Reads commands by the formats of all aliases.
///
/// Made anew when aliases change, and shared by all threads. It knows nothing of who asks: what a person may run is
/// decided elsewhere, with the candidates in hand.
public struct AliasMatcher: Sendable {
    /// The longest command that is read.
    public static let maxMessageBytes = 65_536

    /// The formats that do not compile and are left out, with the alias and the format; the rest of their aliases works.
    public let problems: [AliasError]

    let aliases: [ActionAlias]
    /// Every pattern of every enabled alias, in the order of the aliases.
    let entries: [Entry]
    private let entriesByWord: [String: [Int]]
    private let entriesWithoutWord: [Int]

    /// One pattern of one format.
    struct Entry: Sendable {
        var alias: ActionAlias
        var format: AliasFormat
        var representation: String
        /// Nil when it does not compile.
        var compiled: CommandFormat?
        var problem: AliasError?
        /// Formats of aliases that only match more than once are tried when nothing else fits.
        var isSecondPhase: Bool
        /// A help line without patterns, which the reference takes for a pattern of no text.
        var isDisplayOnly: Bool
    }

    /// Compiles the formats of the enabled aliases.
    public init(aliases: [ActionAlias]) {
        self.aliases = aliases
        entries = aliases.filter(\.isEnabled).flatMap(Self.entries)
        problems = entries.compactMap(\.problem)
        var byWord: [String: [Int]] = [:]
        var withoutWord: [Int] = []
        for (index, entry) in entries.enumerated() where !entry.isDisplayOnly {
            guard let outline = entry.compiled?.outline else { continue }
            if let word = outline.firstWord {
                byWord[word, default: []].append(index)
            } else {
                withoutWord.append(index)
            }
        }
        entriesByWord = byWord
        entriesWithoutWord = withoutWord
    }

    private static func entries(of alias: ActionAlias) -> [Entry] {
        let isSecondPhase = alias.formats.allSatisfy(\.matchesMultiple)
        return alias.formats.flatMap { format in
            let isDisplayOnly = format.representations.isEmpty
            return (isDisplayOnly ? [""] : format.representations).map { representation in
                var entry = Entry(
                    alias: alias, format: format, representation: representation, isSecondPhase: isSecondPhase,
                    isDisplayOnly: isDisplayOnly)
                do throws(AliasError) {
                    entry.compiled = try CommandFormat(representation)
                } catch {
                    entry.problem = quarantine(error, representation, of: alias)
                }
                return entry
            }
        }
    }

    private static func quarantine(_ error: AliasError, _ format: String, of alias: ActionAlias) -> AliasError {
        var error = error
        error.message = "the format \"\(format)\" of \(alias.ref) is left out: \(error.message)"
        if !alias.metadataFile.isEmpty { error.location = Location(file: alias.metadataFile) }
        return error
    }

    /// All readings of a command, as the reference finds them: every pattern that fits, in the order of the aliases.
    ///
    /// Formats of aliases that have only `match_multiple` formats come in when no other fits.
    /// - Throws: ``AliasError`` with code `tooLong`, or `tooComplex` when nothing fits and a format could not be tried
    ///   to its end.
    public func candidates(for text: String) throws(AliasError) -> [AliasMatch] {
        try candidates(for: text, isLenient: false)
    }

    /// The readings of a command with the letter case of fixed text folded, and with any white space for its blanks.
    ///
    /// For commands that ``candidates(for:)`` finds nothing for. Values are taken as they are written.
    /// - Throws: As ``candidates(for:)``.
    public func lenientCandidates(for text: String) throws(AliasError) -> [AliasMatch] {
        try candidates(for: text, isLenient: true)
    }

    private func candidates(for text: String, isLenient: Bool) throws(AliasError) -> [AliasMatch] {
        let command = try command(text)
        let indexes = entryIndexes(for: command)
        var search = Search(command: command, isLenient: isLenient)
        try search.run(indexes.filter { !entries[$0].isSecondPhase }, of: entries)
        if search.found.isEmpty { try search.run(indexes.filter { entries[$0].isSecondPhase }, of: entries) }
        if search.found.isEmpty, let failure = search.failure { throw failure }
        return search.found
    }

    func command(_ text: String) throws(AliasError) -> CommandText {
        guard text.utf8.count <= Self.maxMessageBytes else {
            throw AliasError(
                .tooLong, "the message has \(text.utf8.count) bytes; \(Self.maxMessageBytes) are read",
                hint: "Give long texts in a file or in the datastore")
        }
        return CommandText(text)
    }

    /// The patterns that may fit, in order.
    private func entryIndexes(for command: CommandText) -> [Int] {
        let indexed = command.firstWord.flatMap { entriesByWord[$0] } ?? []
        return (indexed + entriesWithoutWord).sorted()
    }
}

/// One search for readings of one command.
private struct Search {
    let command: CommandText
    let isLenient: Bool
    var found: [AliasMatch] = []
    /// Why a format could not be tried to its end.
    var failure: AliasError?
    private var failures = 0

    /// Each failure has cost all the steps of a match, so few are allowed for one message.
    private static let maxFailures = 8

    init(command: CommandText, isLenient: Bool) {
        self.command = command
        self.isLenient = isLenient
    }

    mutating func run(_ indexes: [Int], of entries: [AliasMatcher.Entry]) throws(AliasError) {
        for index in indexes {
            let entry = entries[index]
            do throws(AliasError) {
                if let match = try match(entry, order: index) { found.append(match) }
            } catch {
                // One format that explodes must not silence the others.
                var error = error
                error.message += " of \(entry.alias.ref)"
                failure = error
                failures += 1
                if failures >= Self.maxFailures { throw error }
            }
        }
    }

    private func match(_ entry: AliasMatcher.Entry, order: Int) throws(AliasError) -> AliasMatch? {
        guard let compiled = entry.compiled,
            case .parameters(let parameters) = try compiled.read(command, isLenient: isLenient)
        else { return nil }
        let isMultiple = entry.format.matchesMultiple && !isLenient
        return AliasMatch(
            alias: entry.alias, format: entry.format, representation: entry.representation, parameters: parameters,
            parameterSets: isMultiple ? try compiled.parameterSets(of: command) : [parameters],
            declaredParameters: compiled.parameterNames, specificity: entry.specificity(order: order))
    }
}

extension AliasMatcher.Entry {
    func specificity(order: Int) -> AliasSpecificity {
        AliasSpecificity(
            isExact: compiled?.outline.isExact ?? false, literalCharacters: compiled?.outline.literalCharacters ?? 0,
            placeholders: compiled?.parameterNames.count ?? 0, order: order)
    }
}

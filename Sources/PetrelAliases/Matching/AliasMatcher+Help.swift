public import PetrelCore
import PetrelExpressions

extension AliasMatcher {
    /// The help lines that a person may see, in the order of the aliases.
    ///
    /// The filter is a pattern in any letter case, searched in what is to be typed; one that is no valid pattern, or too
    /// costly, is searched as plain text.
    public func help(filter: String?, where isVisible: (ActionAlias) -> Bool) -> [HelpEntry] {
        let all = entries(where: isVisible)
        guard let filter, !filter.isEmpty else { return all }
        if let found = try? Self.filter(all, by: filter) { return found }
        let wanted = filter.lowercased()
        return all.filter { $0.display.lowercased().contains(wanted) }
    }

    /// A page of help as the API gives it: paging holds for positive numbers only, and a negative offset lifts the limit.
    /// - Throws: ``AliasError`` with code `badFilter` when the filter is no pattern or too costly.
    public func helpPage(
        filter: String? = nil, pack: String? = nil, limit: Int = 0, offset: Int = 0,
        where isVisible: (ActionAlias) -> Bool = { _ in true }
    ) throws(AliasError) -> HelpPage {
        var found = entries(where: isVisible)
        if let pack, !pack.isEmpty { found.removeAll { $0.pack != pack } }
        if let filter, !filter.isEmpty { found = try Self.filter(found, by: filter) }
        let page = offset > 0 ? found.dropFirst(offset) : found[...]
        let isLimited = limit > 0 && offset >= 0
        return HelpPage(available: found.count, entries: Array(isLimited ? page.prefix(limit) : page))
    }

    private func entries(where isVisible: (ActionAlias) -> Bool) -> [HelpEntry] {
        aliases.filter { $0.isEnabled && isVisible($0) }.flatMap { alias in
            alias.formats.compactMap(\.display).map { HelpEntry(display: $0, summary: alias.summary, ref: alias.ref) }
        }
    }

    private static func filter(_ entries: [HelpEntry], by filter: String) throws(AliasError) -> [HelpEntry] {
        do throws(ExpressionError) {
            let pattern = try Pattern(filter, options: .ignoresCase)
            var found: [HelpEntry] = []
            for entry in entries where try pattern.firstMatch(in: entry.display) != nil { found.append(entry) }
            return found
        } catch {
            throw AliasError(
                .badFilter, "the filter \"\(filter)\" can't be used: \(error.message)",
                hint: "The filter is a regular expression; put \\ before ( ) [ ] * + ? .", underlying: error)
        }
    }
}

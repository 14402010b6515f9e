public import PetrelCore

extension AliasMatcher {
    /// The one reading of a command, or the reference's refusal, for the API's `match` and `match_and_execute`.
    ///
    /// With `keepingFaults` also what the reference does wrong is done: a format that does not compile refuses every
    /// command, and an entry that is only a help line fits a message of pairs.
    /// - Throws: ``AliasError`` with code `noMatch`, `ambiguous` or `badFormat` and the reference's sentence; `tooLong`
    ///   and `tooComplex` as ``candidates(for:)``.
    public func referenceResolution(for text: String, keepingFaults: Bool = false) throws(AliasError) -> AliasMatch {
        let found = keepingFaults ? try faultyCandidates(for: text) : try candidates(for: text)
        guard let first = found.first else {
            throw AliasError(.noMatch, "Command '\(text)' matched no patterns")
        }
        guard found.count == 1 else {
            let isSecondPhase = first.alias.formats.allSatisfy(\.matchesMultiple)
            let kind = isSecondPhase ? "(multi) pattern" : "pattern"
            throw AliasError(
                .ambiguous, "Command '\(text)' matched more than 1 \(kind)",
                hint: "It fits " + found.map { "\($0.alias.ref) (\($0.representation))" }.joined(separator: ", "))
        }
        return first
    }

    private func faultyCandidates(for text: String) throws(AliasError) -> [AliasMatch] {
        let command = try command(text)
        for isSecondPhase in [false, true] {
            var found: [AliasMatch] = []
            for (order, entry) in entries.enumerated() where entry.isSecondPhase == isSecondPhase {
                if let match = try faultyMatch(entry, command, order: order) { found.append(match) }
            }
            if !found.isEmpty { return found }
        }
        return []
    }

    private func faultyMatch(
        _ entry: Entry, _ command: CommandText, order: Int
    ) throws(AliasError) -> AliasMatch? {
        guard let compiled = entry.compiled else {
            let said = (entry.problem?.underlying as? any AnyProblem)?.message ?? "bad format"
            throw AliasError(.badFormat, "error: \(said)")
        }
        guard case .parameters(let parameters) = try compiled.read(command, isLenient: false) else { return nil }
        return AliasMatch(
            alias: entry.alias, format: entry.format, representation: entry.representation, parameters: parameters,
            parameterSets: entry.format.matchesMultiple ? try compiled.parameterSets(of: command) : [parameters],
            declaredParameters: compiled.parameterNames, specificity: entry.specificity(order: order))
    }
}

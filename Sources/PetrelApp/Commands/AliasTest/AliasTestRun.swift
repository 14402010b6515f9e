import OrderedCollections
import PetrelAliases
import PetrelCore
import PetrelPacks

/// Tries messages against aliases, all aliases of the run together.
struct AliasTestRun {
    private let files: AliasTestFiles

    /// A run over files.
    init(_ files: AliasTestFiles) { self.files = files }

    /// Runs everything.
    func run(into report: inout AliasTestReport) {
        var loaded: [(entry: AliasTestFiles.Entry, alias: ActionAlias)] = []
        for entry in files.entries {
            if let alias = load(entry, &report) { loaded.append((entry, alias)) }
        }
        reportDuplicates(loaded, &report)
        for file in files.orphans { report.fail("there is no alias beside this test file", Location(file: file)) }
        let matcher = AliasMatcher(aliases: loaded.map(\.alias))
        for problem in matcher.problems { report.fail(problem.message, problem.location) }
        var reached = Set<FormatKey>()
        for (entry, alias) in loaded where alias.isEnabled {
            guard let tests = tests(of: entry, &report) else { continue }
            for test in tests.matches { check(test, alias, matcher, &reached, &report) }
            for test in tests.refusals { check(test, alias, matcher, &report) }
        }
        for (entry, alias) in loaded { reportFormats(of: alias, entry, reached, matcher, &report) }
    }

    private struct FormatKey: Hashable {
        var alias: ContentRef
        var representation: String
    }

    private func load(_ entry: AliasTestFiles.Entry, _ report: inout AliasTestReport) -> ActionAlias? {
        do {
            let id = ContentID(stored: String(repeating: "0", count: 24))
            return try AliasFile.read(files.read(entry.alias), file: entry.alias, pack: entry.pack, id: id)
        } catch let problem as any AnyProblem {
            report.fail(problem.message, problem.location ?? Location(file: entry.alias))
        } catch {
            report.fail("\(error)", Location(file: entry.alias))
        }
        return nil
    }

    private func tests(of entry: AliasTestFiles.Entry, _ report: inout AliasTestReport) -> AliasTestFile? {
        guard let file = entry.test else {
            report.fail("the alias has no test file beside it", Location(file: entry.alias))
            return nil
        }
        do throws(AppError) {
            let tests = AliasTestFile(try files.read(file), file: file)
            for problem in tests.problems { report.fail(problem.message, problem.location) }
            return tests
        } catch {
            report.fail(error.message, Location(file: file))
            return nil
        }
    }

    private func check(
        _ test: AliasTestFile.Match, _ alias: ActionAlias, _ matcher: AliasMatcher, _ reached: inout Set<FormatKey>,
        _ report: inout AliasTestReport
    ) {
        let wanted = test.alias ?? alias.ref.description
        guard let candidates = candidates(test.message, matcher, test.location, &report) else { return }
        let best = best(of: candidates)
        for match in best { reached.insert(FormatKey(alias: match.alias.ref, representation: match.representation)) }
        let names = OrderedSet(best.map(\.alias.ref.description))
        guard let match = best.first else {
            return report.fail("\"\(test.message)\" matches nothing, not \(wanted)", test.location)
        }
        guard names.count == 1 else {
            return report.fail("\"\(test.message)\" matches \(names.joined(separator: " and ")) alike", test.location)
        }
        guard best.count == 1 else {
            let formats = best.map { "\"\($0.representation)\"" }.joined(separator: " and ")
            return report.fail("\"\(test.message)\" matches two formats of \(wanted) alike: \(formats)", test.location)
        }
        guard names.first == wanted else {
            return report.fail("\"\(test.message)\" is read as \(names[0]), not \(wanted)", test.location)
        }
        compare(match, test, &report)
    }

    private func compare(_ match: AliasMatch, _ test: AliasTestFile.Match, _ report: inout AliasTestReport) {
        guard let wanted = test.parameters else { return report.pass() }
        let found = match.parameters.filter { !$0.value.isNull }
        let expected = wanted.filter { !$0.value.isNull }
        let isSame =
            found.count == expected.count
            && expected.allSatisfy { name, value in found[name].map { isEqual($0, value) } ?? false }
        if isSame { return report.pass() }
        report.fail(
            "\"\(test.message)\" gives \(JSONWriter.text(.object(found), .spaced)), "
                + "not \(JSONWriter.text(.object(expected), .spaced))", test.location)
    }

    /// A message gives texts; the test may say 5 or true where the message does.
    private func isEqual(_ found: Value, _ wanted: Value) -> Bool {
        found.isEquivalent(to: wanted) || found.string == JSONWriter.text(wanted)
    }

    private func check(
        _ test: AliasTestFile.Refusal, _ alias: ActionAlias, _ matcher: AliasMatcher, _ report: inout AliasTestReport
    ) {
        guard let candidates = candidates(test.message, matcher, test.location, &report) else { return }
        if let match = candidates.first(where: { $0.alias.ref == alias.ref }) {
            report.fail(
                "\"\(test.message)\" must not match \(alias.ref), but fits \"\(match.representation)\"", test.location)
        } else {
            report.pass()
        }
    }

    private func candidates(
        _ message: String, _ matcher: AliasMatcher, _ location: Location, _ report: inout AliasTestReport
    ) -> [AliasMatch]? {
        do throws(AliasError) {
            return try matcher.candidates(for: message)
        } catch {
            report.fail(error.message, location)
            return nil
        }
    }

    /// The most specific candidates; several of them would make the bot ask.
    private func best(of candidates: [AliasMatch]) -> [AliasMatch] {
        guard let best = candidates.max(by: { $0.specificity < $1.specificity }) else { return [] }
        return candidates.filter { $0.specificity.isTied(with: best.specificity) }
    }

    private func reportDuplicates(
        _ loaded: [(entry: AliasTestFiles.Entry, alias: ActionAlias)], _ report: inout AliasTestReport
    ) {
        var refs: [ContentRef: String] = [:]
        var formats: [String: ContentRef] = [:]
        for (entry, alias) in loaded {
            if let other = refs[alias.ref] {
                report.fail("\(alias.ref) is also declared in \(other)", Location(file: entry.alias))
            }
            refs[alias.ref] = entry.alias
            for text in alias.isEnabled ? alias.formats.flatMap(\.representations) : [] {
                if let other = formats[text] {
                    report.fail(
                        "the format \"\(text)\" also belongs to \(other): neither runs", Location(file: entry.alias))
                }
                formats[text] = alias.ref
            }
        }
    }

    private func reportFormats(
        of alias: ActionAlias, _ entry: AliasTestFiles.Entry, _ reached: Set<FormatKey>, _ matcher: AliasMatcher,
        _ report: inout AliasTestReport
    ) {
        let place = Location(file: entry.alias)
        guard alias.isEnabled else { return report.warn("\(alias.ref) is disabled and was not tried", place) }
        guard entry.test != nil else { return }
        for format in alias.formats where format.representations.isEmpty {
            report.warn("\"\(format.display ?? "")\" stands in help only: the format has no representation", place)
        }
        for text in alias.formats.flatMap(\.representations)
        where !reached.contains(FormatKey(alias: alias.ref, representation: text)) {
            report.warn("no message of the tests reaches the format \"\(text)\"", place)
        }
    }
}

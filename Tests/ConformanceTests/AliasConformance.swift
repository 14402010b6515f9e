import PetrelAliases
import PetrelCore
import PetrelExpressions
import Testing

/// One corpus of recorded StackStorm behaviour: runs every record, prints one line, and keeps what failed.
private struct AliasCorpus {
    let name: String
    var passed = 0
    var failures: [String] = []

    init(_ name: String) { self.name = name }

    func document() throws -> Value { try ConformanceFile.document(name) }

    mutating func check(_ isRight: Bool, _ record: Value, _ got: @autoclosure () -> String) {
        if isRight { passed += 1 } else { failures.append("\(JSONWriter.text(record))\n  got \(got())") }
    }

    func report() {
        print("\(name) passed=\(passed) failed=\(failures.count)")
        #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
        #expect(passed > 0)
    }
}

private func alias(_ record: Value) throws -> ActionAlias {
    let name = try #require(record["name"]?.string)
    let pack = record["pack"]?.string ?? "ops"
    let formats = try #require(record["formats"]?.array).map { entry in
        if let text = entry.string { return AliasFormat(display: text, representations: [text]) }
        let representation = entry["representation"]
        return AliasFormat(
            display: entry["display"]?.string,
            representations: representation?.string.map { [$0] } ?? (representation?.array ?? []).compactMap(\.string),
            matchesMultiple: entry["match_multiple"]?.bool ?? false)
    }
    return ActionAlias(
        id: ContentID(stored: "000000000000000000000001"), ref: ContentRef(pack: pack, name: name),
        summary: record["description"]?.string, isEnabled: record["enabled"]?.bool ?? true, actionRef: "core.noop",
        formats: formats, immutableParameters: [:], leastRole: .operator, metadataFile: "", document: [:])
}

@Suite("Alias vectors")
struct AliasConformance {
    @Test("each recorded format reads each recorded message as StackStorm does")
    func formats() throws {
        var corpus = AliasCorpus("alias-vectors.json")
        for record in try #require(try corpus.document().array) {
            let outcome: (String, Value)
            do {
                let format = try CommandFormat(record["format"]?.string ?? "")
                do {
                    let parameters = try format.parameters(of: CommandText(record["message"]?.string ?? ""))
                    outcome = ("match", .object(parameters))
                } catch { outcome = (error.code == .noMatch ? "no_match" : error.codeText, .null) }
            } catch {
                // The recorded note ends in Python's words, which ours must equal.
                let said = "[error: \((error.underlying as? any AnyProblem)?.message ?? error.message)]"
                outcome = (record["note"]?.string?.hasSuffix(said) == true ? "bad_format" : said, .null)
            }
            let isRight =
                record["outcome"]?.string == outcome.0 && outcome.1.isEquivalent(to: record["params"] ?? .null)
            corpus.check(isRight, record, "\(outcome)")
        }
        corpus.report()
    }

    @Test("formats that match more than once give one set of parameters for each place")
    func multiple() throws {
        var corpus = AliasCorpus("alias-match-multiple-vectors.json")
        for record in try #require(try corpus.document().array) {
            let format = try CommandFormat(record["format"]?.string ?? "")
            let sets = try format.parameterSets(of: CommandText(record["message"]?.string ?? ""))
            let got = Value.array(sets.map(Value.object))
            corpus.check(got.isEquivalent(to: record["params_list"] ?? .null), record, JSONWriter.text(got))
        }
        corpus.report()
    }

    @Test("choosing among aliases answers as StackStorm's API does, its errors included")
    func resolution() throws {
        var corpus = AliasCorpus("alias-resolution-vectors.json")
        for record in try #require(try corpus.document().array) {
            let matcher = AliasMatcher(aliases: try #require(record["aliases"]?.array).map(alias))
            var got: Value
            do {
                let match = try matcher.referenceResolution(
                    for: record["command"]?.string ?? "", keepingFaults: true)
                // The reference forgets the flag for an entry that has no patterns.
                let isMultiple: Value =
                    match.format.representations.isEmpty ? "<absent>" : .bool(match.format.matchesMultiple)
                got = [
                    "result": [
                        "alias": .string("\(match.alias.ref)"), "display": Value(match.format.display),
                        "representation": .string(match.representation), "match_multiple": isMultiple,
                    ], "error": nil,
                ]
            } catch { got = ["result": nil, "error": .string(error.message)] }
            let isRight = got["result"] == record["result"] && got["error"] == record["error"]
            corpus.check(isRight, record, JSONWriter.text(got))
        }
        corpus.report()
    }

    @Test("help is filtered and paged as StackStorm's API does")
    func help() throws {
        var corpus = AliasCorpus("alias-help-vectors.json")
        let document = try corpus.document()
        let matcher = AliasMatcher(aliases: try #require(document["aliases"]?.array).map(alias))
        for record in try #require(document["cases"]?.array) {
            let got = page(matcher, record["args"] ?? [:])
            let isRight = got == nil ? record["error"] != .null : got == record["result"]
            corpus.check(isRight, record, got.map { JSONWriter.text($0) } ?? "an error")
        }
        corpus.report()
    }

    /// Nil for a refusal; a limit that is no number can't even be asked for.
    private func page(_ matcher: AliasMatcher, _ arguments: Value) -> Value? {
        if let limit = arguments["limit"], limit.integer == nil { return nil }
        let page = try? matcher.helpPage(
            filter: arguments["filter"]?.string, pack: arguments["pack"]?.string,
            limit: arguments["limit"]?.integer ?? 0, offset: arguments["offset"]?.integer ?? 0)
        return page.map { page in
            [
                "available": .integer(page.available),
                "helpstrings": .array(
                    page.entries.map {
                        ["pack": .string($0.pack), "display": .string($0.display), "description": Value($0.summary)]
                    }),
            ]
        }
    }

    @Test("parameter texts are cast as StackStorm casts them for aliases")
    func casts() throws {
        var corpus = AliasCorpus("alias-cast-vectors.json")
        for record in try #require(try corpus.document().array) {
            let kind = try #require(Parameter.Kind(rawValue: record["type"]?.string ?? ""))
            let got = try? ParameterCast.alias(record["input"] ?? .null, as: kind, name: "p")
            let isNaN = got?.number?.isNaN == true && record["result"] == "NaN"
            let isRight =
                got == nil ? record["error"] == true : record["error"] == false && (isNaN || got == record["result"])
            corpus.check(isRight, record, got.map { JSONWriter.text($0) } ?? "an error")
        }
        corpus.report()
    }

    @Test("the default result message is StackStorm's, byte for byte")
    func results() throws {
        var corpus = AliasCorpus("result-template-vectors.json")
        for record in try #require(try corpus.document().array) {
            let execution = record["execution"] ?? .null
            let text = ResultText.standard(
                id: execution["id"]?.string ?? "", status: execution["status"]?.string ?? "",
                action: execution["action"]?["ref"]?.string ?? "", runner: execution["runner"]?["name"]?.string ?? "",
                result: execution["result"], elapsedSeconds: execution["elapsed_seconds"]?.number,
                webURL: execution["web_url"]?.string)
            corpus.check(.string(text) == record["message"], record, JSONWriter.text(.string(text)))
        }
        corpus.report()
    }
}

import PetrelAliases
import PetrelCore
import Testing

private func refs(_ matches: [AliasMatch]) -> [String] { matches.map { "\($0.alias.ref.name)" } }

@Suite("Alias matcher")
struct AliasMatcherTests {
    @Test("every format that fits is a candidate, in the order of the aliases")
    func candidates() throws {
        let matcher = AliasMatcher(aliases: [
            sampleAlias("a", "deploy {{app}}"), sampleAlias("b", "{{anything}}"),
            sampleAlias("c", "deploy {{app}} to {{env}}"),
            sampleAlias("d", "status"),
        ])
        let found = try matcher.candidates(for: "deploy web to prod")
        #expect(refs(found) == ["a", "b", "c"])
        #expect(found[2].parameters == ["app": "web", "env": "prod"])
        #expect(found[2].parameterSets == [["app": "web", "env": "prod"]])
        #expect(try matcher.candidates(for: "").map(\.alias.ref.name) == ["b"])
    }

    @Test("disabled aliases and help lines without patterns never match")
    func silentOnes() throws {
        let matcher = AliasMatcher(aliases: [
            sampleAlias("off", isEnabled: false, "status"),
            sampleAlias("doc", AliasFormat(display: "read it", representations: [])),
        ])
        #expect(try matcher.candidates(for: "status").isEmpty)
        #expect(try matcher.candidates(for: "read it").isEmpty)
        #expect(try matcher.candidates(for: "a=1").isEmpty)
        #expect(try matcher.candidates(for: "").isEmpty)
    }

    @Test("fixed text beats placeholders, more of it beats less, then fewer placeholders, then the order")
    func specificity() throws {
        let matcher = AliasMatcher(aliases: [
            sampleAlias("any", "{{x}}"), sampleAlias("two", "show {{x}} {{y}}"), sampleAlias("one", "show {{x}}"),
            sampleAlias("more", "show all {{x}}"), sampleAlias("exact", "show all nodes"),
            sampleAlias("same", "show {{z}}"),
        ])
        let found = try matcher.candidates(for: "show all nodes").sorted { $0.specificity > $1.specificity }
        #expect(refs(found) == ["exact", "more", "one", "same", "two", "any"])
        #expect(found[2].specificity.isTied(with: found[3].specificity))
        #expect(!found[0].specificity.isTied(with: found[1].specificity))
    }

    @Test("formats that match more than once give a set for each place, when nothing else fits")
    func multiple() throws {
        let closes = AliasFormat(
            display: "closes <id>", representations: ["(?:\\b|^)closes (?P<id>[A-Z]+-\\d+)(?:\\b|$)"],
            matchesMultiple: true)
        let matcher = AliasMatcher(aliases: [sampleAlias("fix", closes), sampleAlias("say", "say {{x}}")])
        let found = try matcher.candidates(for: "this closes AB-1 and closes AB-2 who=me")
        #expect(refs(found) == ["fix"])
        #expect(found[0].parameterSets == [["id": "AB-1", "who": "me"], ["id": "AB-2", "who": "me"]])
        #expect(refs(try matcher.candidates(for: "say closes AB-1")) == ["say"])
    }

    @Test("a bad format is named and left out; its alias and all others work")
    func quarantine() throws {
        let matcher = AliasMatcher(aliases: [
            sampleAlias("bad", "deploy {{my-app}}", "ship {{app}}"), sampleAlias("good", "status"),
        ])
        #expect(matcher.problems.count == 1)
        #expect(matcher.problems[0].code == .badFormat)
        #expect(matcher.problems[0].message.contains("\"deploy {{my-app}}\" of ops.bad"))
        #expect(matcher.problems[0].location == Location(file: "aliases/bad.yaml"))
        #expect(refs(try matcher.candidates(for: "ship web")) == ["bad"])
        #expect(refs(try matcher.candidates(for: "status")) == ["good"])
        #expect(try matcher.referenceResolution(for: "status").alias.ref.name == "good")
    }

    @Test("the lenient reading folds the case of fixed text and takes any blanks, and keeps values as written")
    func lenient() throws {
        let matcher = AliasMatcher(aliases: [
            sampleAlias("deploy", "deploy {{app}} to {{env}}"), sampleAlias("id", "close (?P<id>[A-Z]+-\\d+)"),
        ])
        #expect(try matcher.candidates(for: "Deploy  Web\tto PROD").isEmpty)
        let found = try matcher.lenientCandidates(for: "Deploy  Web\tTO\u{A0}PROD Key=V")
        #expect(found.map(\.parameters) == [["app": "Web", "env": "PROD", "Key": "V"]])
        #expect(try matcher.lenientCandidates(for: "CLOSE AB-1").count == 1)
        #expect(try matcher.lenientCandidates(for: "close ab-1").isEmpty)
        #expect(try matcher.lenientCandidates(for: "deployweb to prod").isEmpty)
    }

    @Test("the API's resolution gives the one match or the reference's sentence")
    func reference() throws {
        let matcher = AliasMatcher(aliases: [sampleAlias("a", "say {{x}}"), sampleAlias("b", "say {{y}}", "go")])
        #expect(try matcher.referenceResolution(for: "go").alias.ref.name == "b")
        let several = aliasProblem { () throws(AliasError) in _ = try matcher.referenceResolution(for: "say 'hi'") }
        #expect(several?.message == "Command 'say 'hi'' matched more than 1 pattern")
        #expect(several?.code == .ambiguous)
        #expect(several?.hint == "It fits ops.a (say {{x}}), ops.b (say {{y}})")
        let none = aliasProblem { () throws(AliasError) in _ = try matcher.referenceResolution(for: "hi") }
        #expect(none?.message == "Command 'hi' matched no patterns")
    }

    @Test("the index changes nothing: with and without a thousand other aliases the candidates are the same")
    func index() throws {
        let own = [
            sampleAlias("x", "status {{x=1}}"), sampleAlias("y", "status"), sampleAlias("z", "status\\s+now"),
            sampleAlias("v", "stat(us)? {{x}}"),
        ]
        let many = (0..<1_000).map { sampleAlias("m\($0)", "cmd\($0) {{a}} and {{b}}", "list\($0)") }
        let small = AliasMatcher(aliases: own)
        let large = AliasMatcher(aliases: many + own)
        for text in [
            "status", "status now", " status  now", "status x=1", "STATUS", "cmd7 q and r", "status\nnow",
            "\u{A0}status",
        ] {
            let others = refs(try large.candidates(for: text)).filter { !$0.hasPrefix("m") }
            #expect(others == refs(try small.candidates(for: text)))
        }
        #expect(refs(try large.candidates(for: "cmd7 q and r")) == ["m7"])
    }

    @Test("near formats are offered by their help lines, the nearest first, and only to those who may see them")
    func nearest() {
        let matcher = AliasMatcher(aliases: [
            sampleAlias("deploy", "deploy {{app}} to {{env}}"), sampleAlias("destroy", "destroy {{app}}"),
            sampleAlias(
                "status", AliasFormat(display: "status of <x>", representations: ["status of {{x}}", "state of {{x}}"])),
            sampleAlias("hidden", AliasFormat(display: nil, representations: ["deploi {{x}}"])),
            sampleAlias("off", isEnabled: false, "deplo {{x}}"),
        ])
        #expect(matcher.nearest(to: "deplyo web to prod", limit: 3) { _ in true } == ["deploy {{app}} to {{env}}"])
        #expect(matcher.nearest(to: "statsu of web", limit: 3) { _ in true } == ["status of <x>"])
        #expect(matcher.nearest(to: "DEPLOY web", limit: 3) { _ in true } == ["deploy {{app}} to {{env}}"])
        #expect(matcher.nearest(to: "what is the weather", limit: 3) { _ in true }.isEmpty)
        #expect(matcher.nearest(to: "deploy web", limit: 3) { $0.ref.name != "deploy" }.isEmpty)
        #expect(matcher.nearest(to: "", limit: 3) { _ in true }.isEmpty)
        #expect(matcher.nearest(to: String(repeating: "deploy ", count: 9_000), limit: 1) { _ in true }.count <= 1)
    }

    @Test("help shows what a person may see, filtered by a pattern or by text that is none")
    func help() {
        let matcher = AliasMatcher(aliases: [
            sampleAlias("a", "deploy {{app}}", "ship (fast)"),
            sampleAlias("b", pack: "fun", AliasFormat(display: nil, representations: ["x"])),
            sampleAlias("c", pack: "fun", AliasFormat(display: "read", representations: [])),
        ])
        #expect(matcher.help(filter: nil) { _ in true }.map(\.display) == ["deploy {{app}}", "ship (fast)", "read"])
        #expect(matcher.help(filter: "DEPLOY|read") { $0.ref.pack == "ops" }.map(\.display) == ["deploy {{app}}"])
        #expect(matcher.help(filter: "(fast") { _ in true }.map(\.display) == ["ship (fast)"])
        #expect(
            matcher.help(filter: "read") { _ in true } == [
                HelpEntry(display: "read", summary: "Does c", ref: ContentRef(pack: "fun", name: "c"))
            ])
        let error = aliasProblem { () throws(AliasError) in _ = try matcher.helpPage(filter: "(fast") }
        #expect(error?.code == .badFilter)
    }
}

import PetrelCore
import Testing

@testable import PetrelAliases

private func parameters(_ format: String, _ message: String) -> ValueObject? {
    try? CommandFormat(format).parameters(of: CommandText(message))
}

@Suite("Command format")
struct CommandFormatTests {
    @Test("every recorded command reads as the reference reads it")
    func recordedCases() throws {
        let cases = try Fixture.cases("alias-cases.json")
        for record in cases {
            let got = parameters(record["format"]?.string ?? "", record["message"]?.string ?? "")
            let isRight = (got.map(Value.object) ?? .null).isEquivalent(to: record["parameters"] ?? .null)
            #expect(isRight, "\(JSONWriter.text(record)) gave \(String(describing: got))")
        }
        #expect(cases.count >= 500)
    }

    @Test("an optional parameter takes its default when the message leaves it out")
    func defaults() {
        #expect(parameters("deploy {{app}} to {{env=staging}}", "deploy web to") == ["app": "web", "env": "staging"])
        #expect(parameters("deploy {{app}} to {{env=staging}}", "deploy web to prod") == ["app": "web", "env": "prod"])
    }

    @Test("pairs at the end override what was captured and add what was not asked for")
    func pairs() {
        #expect(
            parameters("deploy {{app}}", "deploy web app=db dry=\"yes please\"") == ["app": "db", "dry": "yes please"])
    }

    @Test("what a format is worth is counted in its fixed characters and placeholders")
    func outlines() throws {
        let exact = try CommandFormat("list nodes").outline
        #expect(exact.isExact)
        #expect(exact.literalCharacters == 9)
        #expect(exact.firstWord == "list")
        let optional = try CommandFormat("Restart {{svc}} {{grace = 30}}").outline
        #expect(!optional.isExact)
        #expect(optional.literalCharacters == 7)
        #expect(optional.firstWord == "restart")
        #expect(try CommandFormat("deploy{{x}}").outline.firstWord == nil)
        #expect(try CommandFormat("list|show").outline.firstWord == nil)
        #expect(try CommandFormat("status{{x=1}}").outline.firstWord == nil)
        #expect(try CommandFormat("status {{x=1}}").outline.firstWord == "status")
        #expect(try CommandFormat("^\\s*status").outline.firstWord == nil)
        #expect(try CommandFormat("show\\s+{{x}}").outline.firstWord == "show")
        #expect(try CommandFormat("colou?r {{x}}").outline.firstWord == nil)
        #expect(try CommandFormat("deploy (?:the )?{{app}} to {{env}}").outline.words == ["deploy", "to"])
    }

    @Test("a format that does not compile is refused in Python's words, with advice")
    func badFormats() {
        let error = aliasProblem { () throws(AliasError) in _ = try CommandFormat("deploy {{my-app}}") }
        #expect(error?.code == .badFormat)
        #expect(error?.message == "bad character in group name 'my-app' at position 17")
        #expect(error?.hint?.contains("letters, digits and _") == true)
    }

    @Test(
        "an evil format is refused, or stopped while it matches",
        arguments: [
            "(a+)+$", "(?:{{x}} )*{{y}}b", "{{a}}{{b}}{{c}}{{d}}{{e}}{{f}}!", "((({{a}})*)*)*!", "(?P<x>(a|aa)+)!",
            "(.*)*",
            String(repeating: "{{a={{", count: 1_000), String(repeating: "{{a", count: 2_000),
            String(repeating: "(", count: 4_000),
            String(repeating: "{{x=1}}", count: 1_000), String(repeating: "x", count: 9_000), "a{65535}{2}",
            String(repeating: " ", count: 8_000) + "{{", String(repeating: "{", count: 8_000),
        ])
    func evilFormats(text: String) {
        guard let format = try? CommandFormat(text) else { return }
        for message in [
            String(repeating: "a", count: 60), String(repeating: "a b ", count: 4_000),
            "\"" + String(repeating: "\" '", count: 2_000),
        ] {
            let error = aliasProblem { () throws(AliasError) in _ = try format.parameters(of: CommandText(message)) }
            #expect(error == nil || error?.code == .tooComplex || error?.code == .noMatch)
        }
    }

    @Test("more executions than one message may start are refused")
    func tooManyPlaces() throws {
        let format = try CommandFormat("(?:\\s|^)#(?P<n>\\d+)(?:\\b|$)")
        let error = aliasProblem { () throws(AliasError) in
            _ = try format.parameterSets(of: CommandText(String(repeating: "#1 ", count: 30)), limit: 20)
        }
        #expect(error?.code == .tooComplex)
        #expect(try format.parameterSets(of: CommandText("#1 and #2")).count == 2)
    }
}

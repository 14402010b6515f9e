import PetrelCore
import Testing

@testable import PetrelAliases

@Suite("Parameter cast")
struct ParameterCastTests {
    @Test("a text that can't become the type is refused in the reference's sentence")
    func sentence() {
        let error = aliasProblem { () throws(AliasError) in
            _ = try ParameterCast.alias("five", as: .integer, name: "count")
        }
        #expect(error?.code == .badParameter)
        #expect(
            error?.message
                == "Failed to cast value \"five\" (type: str) for parameter \"count\" of type \"integer\": invalid literal"
                + " for int() with base 10: 'five'. Perhaps the value is of an invalid type?")
    }

    @Test("without a declared type a value passes as it is, and the text for null is null")
    func untyped() throws {
        #expect(try ParameterCast.alias("1", as: nil, name: "p") == "1")
        #expect(try ParameterCast.alias("%*****__%NONE%__*****%", as: .integer, name: "p") == nil)
        #expect(try ParameterCast.alias(7, as: .integer, name: "p") == 7)
        #expect(
            try ParameterCast.alias("123456789012345678901", as: .integer, name: "p")
                == .bigInteger("123456789012345678901"))
    }

    @Test("objects are JSON or a Python literal, and nothing that would run")
    func objects() throws {
        #expect(
            try ParameterCast.alias("{'a': (1, 2.5), 'b': [None, 'x\\'y', -0x1F]}", as: .object, name: "p") == [
                "a": [1, 2.5], "b": [nil, "x'y", -31],
            ])
        #expect(try ParameterCast.alias("{1: True,}", as: .object, name: "p") == ["1": true])
        for text in [
            "__import__('os')", "1 2", "{} x", "None]", "{'a': x}", "{'a': 1", "[1,,2]", "'a", "{[1]: 2}", "012",
            "1__0", "", "-",
        ] + [
            String(repeating: "[", count: 9_000)
        ] {
            #expect(
                aliasProblem { () throws(AliasError) in
                    _ = try ParameterCast.alias(.string(text), as: .object, name: "p")
                } != nil, "\(text)")
        }
    }

    @Test("numbers are read as Python reads them")
    func numbers() throws {
        for (text, value) in [
            (" 2.5 ", 2.5), (".5", 0.5), ("5.", 5), ("1e3", 1_000), ("1_0.5", 10.5), ("-.5e-1", -0.05), ("+3", 3),
        ] as [(String, Double)] {
            #expect(try ParameterCast.alias(.string(text), as: .number, name: "p") == .double(value))
        }
        for text in ["", ".", "1e", "0x1", "1__0", "_1", "1_", "e5", "--1", "1.2.3", "1 2"] {
            #expect(
                aliasProblem { () throws(AliasError) in
                    _ = try ParameterCast.alias(.string(text), as: .number, name: "p")
                } != nil, "\(text)")
        }
    }
}

@Suite("Result text")
struct ResultTextTests {
    @Test("durations are in StackStorm's words, its oddities included")
    func durations() {
        let words: [(Double, String)] = [
            (0, "0s"), (0.25, "0.25μs"), (-5, "-5μs"), (5, "5s"), (1.5, "2s"), (2.5, "2s"), (59.9, "1m0s"),
            (61, "1m1s"), (3600, "1h0m0s"),
            (86_461, "1d0h1m1s"), (12_345_678, "22d21h21m18s"), (31_536_000, "1y0d0h0m0s"),
            (36_000_000, "1y20d16h0m0s"),
        ]
        for (seconds, text) in words { #expect(HumanDuration.text(seconds) == text) }
    }

    @Test("a result of many levels keeps its indentation")
    func nested() {
        let text = ResultText.standard(
            id: "1", status: "succeeded", action: "a.b", runner: "orquesta",
            result: ["o": ["p": ["q": "x", "n": nil], "t": true]],
            elapsedSeconds: nil, webURL: "")
        #expect(text.hasSuffix("result :\n--------\no : \n  p : \n    q : x\n    n : None\n  t : True\n\n"))
    }
}

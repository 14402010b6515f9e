import PetrelCore
import PetrelExpressions
import Testing

private func read(_ text: String, limits: Limits = .contentFile) throws(ExpressionError) -> YAMLDocument {
    try YAMLReader.document(Array(text.utf8), file: "actions/a.yaml", limits: limits)
}

private func problem(_ text: String, limits: Limits = .contentFile) -> ExpressionError? {
    do throws(ExpressionError) {
        _ = try read(text, limits: limits)
        return nil
    } catch { return error }
}

/// Whether a value is the recorded one, where `{"$set": …}`, `{"$float": …}` and `{"$binary": …}` stand for Python's types.
private func isRecorded(_ value: Value, _ recorded: Value) -> Bool {
    if let special = recorded.object, special.count == 1 {
        if let members = special["$set"]?.array { return Set(members) == Set(value.array ?? []) }
        if let text = special["$binary"] { return text == value }
        if let name = special["$float"]?.string {
            guard case .double(let number) = value else { return false }
            return name == "nan" ? number.isNaN : number == (name == "inf" ? .infinity : -.infinity)
        }
    }
    switch (value, recorded) {
    case (.array(let mine), .array(let theirs)):
        return mine.count == theirs.count && zip(mine, theirs).allSatisfy { isRecorded($0, $1) }
    case (.object(let mine), .object(let theirs)):
        return mine.keys == theirs.keys && theirs.allSatisfy { isRecorded(mine[$0] ?? .null, $1) }
    default: return value == recorded
    }
}

@Suite("YAML reader")
struct YAMLReaderTests {
    @Test("every recorded text reads as PyYAML reads it with libyaml, or is refused as there")
    func recordedCases() throws {
        let cases = try Fixture.cases("yaml-cases.json")
        for record in cases {
            let input = record["input"]?.string ?? ""
            do throws(ExpressionError) {
                let value = try read(input).value
                #expect(record["error"] == nil, "accepted \(input.debugDescription)")
                let isRight = isRecorded(value, record["value"] ?? .null)
                #expect(isRight, "\(input.debugDescription) gave \(JSONWriter.text(value))")
            } catch {
                #expect(record["error"] == true, "refused \(input.debugDescription): \(error)")
                #expect(error.location?.line != nil)
            }
        }
        #expect(cases.count >= 150)
    }

    @Test("an error says in which line and column something was expected, and what to do")
    func errorsAreLocated() throws {
        let error = try #require(problem("name: x\nparameters:\n  a: {{ b }} c\n"))
        #expect(error.location?.line == 3)
        #expect(error.hint?.contains("quotes") == true)
        let colon = try #require(problem("description: deploy: now\n"))
        #expect(colon.location == Location(file: "actions/a.yaml", line: 1, column: 20))
        #expect(colon.message == "unexpected `: ` here")
        #expect(problem("a:\n\tb: 1\n")?.location?.line == 2)
        #expect(problem("a: !secret x\n")?.message == "unknown tag !secret")
    }

    @Test("text that is not UTF-8 is refused where it stops being that")
    func invalidBytes() throws {
        do throws(ExpressionError) {
            _ = try YAMLReader.document(Array("a: é\nb: ".utf8) + [0xFF, 0x0A], file: "f", limits: .contentFile)
            Issue.record("accepted")
        } catch {
            #expect(error.location == Location(file: "f", line: 2, column: 4))
            #expect(error.message == "the text is not UTF-8 here")
        }
    }

    @Test("a key given twice keeps its last value and warns where it stands")
    func duplicateKeys() throws {
        let document = try read("a: 1\nb: 2\na: 3\n")
        #expect(document.value == ["a": 3, "b": 2])
        #expect(document.warnings.map(\.location) == [Location(file: "actions/a.yaml", line: 3, column: 1)])
        #expect(document.warnings[0].message.contains("first given in line 1"))
    }

    @Test("a merged key that is given again is no duplicate")
    func mergeIsNoDuplicate() throws {
        let document = try read("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\n")
        #expect(document.value["y"] == ["a": 1, "b": 3])
        #expect(document.warnings.isEmpty)
    }

    @Test("the place of every part can be asked for, and the nearest known one stands in for what is not there")
    func locations() throws {
        let document = try read("name: x\nlist:\n  - a\n  - key: 1\n    other: 2\nref: &r {deep: 1}\nsame: *r\n")
        func line(_ path: String...) -> String {
            document.location(of: path).description.split(separator: ":").dropFirst().joined(separator: ":")
        }
        #expect(line() == "1:1")
        #expect(line("list", "1", "other") == "5:5")
        #expect(line("list", "1", "missing", "more") == "4:5")
        #expect(line("list", "9") == "2:1")
        #expect(line("same") == "7:1")
        #expect(line("same", "deep") == "6:10")
    }

    @Test("a second document is refused where it begins")
    func twoDocuments() throws {
        #expect(problem("a: 1\n---\nb: 2\n")?.location?.line == 2)
    }

    @Test("an alias bomb is refused by counting what it would become")
    func aliasBomb() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(problem(text)?.message.contains("more than 25000 values") == true)
        #expect(problem("a: &a [*a]")?.message == "the alias *a stands inside its own anchor")
        #expect(problem("a: *b")?.message.contains("no anchor") == true)
    }

    @Test("size, depth and number of values are limited, aliases counted in")
    func limits() throws {
        let small = Limits(maxBytes: 200, maxDepth: 3, maxNodes: 12)
        #expect(problem(String(repeating: "#", count: 201), limits: small)?.message.contains("201 bytes") == true)
        #expect(problem("[[[[1]]]]", limits: small)?.message == "nested deeper than 3 levels")
        #expect(problem("[[[1]]]", limits: small) == nil)
        #expect(problem("a: &a [[1]]\nb: [*a]", limits: small)?.message == "nested deeper than 3 levels")
        #expect(problem("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]", limits: small) != nil)
        #expect(problem(String(repeating: "[", count: 100_000)) != nil)
        #expect(problem(String(repeating: "{a: ", count: 100_000)) != nil)
        #expect(problem(String(repeating: "- ", count: 100_000)) != nil)
    }

    @Test("the order of keys is the order of the text")
    func keyOrder() throws {
        #expect(try read("z: 1\na: 2\nm: 3").value.object?.keys == ["z", "a", "m"])
    }
}

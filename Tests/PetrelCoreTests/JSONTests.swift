import PetrelCore
import Testing

@Suite("JSON")
struct JSONTests {
    private let limits = Limits(maxBytes: 10_000, maxDepth: 10, maxNodes: 100)

    @Test(
        "text is read and written back unchanged",
        arguments: [
            "null", "true", "[]", "{}", "[1,-2,3.5,1e+20]", #"{"b":1,"a":{"c":[null,false]}}"#,
            #""a\"b\\c\n\t\u0001é😀""#, "123456789012345678901234567890", "-9223372036854775808",
        ])
    func roundTrip(_ text: String) throws {
        #expect(JSONWriter.text(try JSONReader.value(text, limits: limits)) == text)
    }

    @Test(
        "what is not JSON is refused",
        arguments: [
            "", "nul", "[1,]", "{\"a\" 1}", "{a:1}", "01", "1.", "-", "+1", "1e", "\"a", "\"\\x\"", "\"\\u12\"",
            "\"\n\"", "[1] 2", "[", "{", "{\"a\":", "1e999", "tru", "'a'", "[1 2]", "\u{feff}1", "NaN",
        ])
    func refused(_ text: String) {
        #expect(throws: CoreError.self) { try JSONReader.value(text, limits: limits) }
    }

    @Test("escapes and surrogate pairs become their characters")
    func escapes() throws {
        #expect(try JSONReader.value(#""\u00e9\ud83d\ude00\/\b""#, limits: limits) == "é😀/\u{8}")
        #expect(try JSONReader.value(#""\ud83d x""#, limits: limits) == "\u{FFFD} x")
    }

    @Test("limits on bytes, depth and values hold")
    func bounded() {
        let deep = String(repeating: "[", count: 12) + String(repeating: "]", count: 12)
        #expect(throws: CoreError.self) { try JSONReader.value(deep, limits: limits) }
        let many = "[" + Array(repeating: "1", count: 101).joined(separator: ",") + "]"
        #expect(throws: CoreError.self) { try JSONReader.value(many, limits: limits) }
        #expect(throws: CoreError.self) {
            try JSONReader.value(String(repeating: " ", count: 10_001), limits: limits)
        }
    }

    @Test("invalid UTF-8 in a string is refused")
    func invalidUTF8() {
        #expect(throws: CoreError.self) { try JSONReader.value([0x22, 0xFF, 0x22], limits: limits) }
    }

    @Test("of a repeated key the last wins, and its place is the first's")
    func repeatedKey() throws {
        #expect(try JSONReader.value(#"{"a":1,"b":2,"a":3}"#, limits: limits) == ["a": 3, "b": 2])
    }

    @Test("layouts differ in blanks only")
    func layouts() {
        let value: Value = ["a": [1, 2], "b": [:]]
        #expect(JSONWriter.text(value, .spaced) == #"{"a": [1, 2], "b": {}}"#)
        #expect(JSONWriter.text(value, .indented(2)) == "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}")
    }
}

@Suite("Values")
struct ValueTests {
    @Test("Python's text of a value is what Python prints")
    func pythonText() {
        let value: Value = ["k": [1, 2.5, true, nil, "it's", "say \"x\"", "a'b\"c", "l\nf"]]
        #expect(value.pythonText == #"{'k': [1, 2.5, True, None, "it's", 'say "x"', 'a\'b"c', 'l\nf']}"#)
    }

    @Test("equivalence ignores the order of keys, not of items")
    func equivalence() {
        let (left, right): (Value, Value) = (["a": 1, "b": [2, 3]], ["b": [2, 3], "a": 1])
        #expect(left.isEquivalent(to: right))
        #expect(left != right)
        #expect(!Value.array([1, 2]).isEquivalent(to: [2, 1]))
    }

    @Test("a secret prints as stars, however it is printed")
    func secret() {
        let secret = Secret("hunter2")
        #expect("\(secret)" == "********")
        #expect(String(reflecting: secret) == "********")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("hunter2"))
        #expect(secret.reveal() == "hunter2")
    }
}

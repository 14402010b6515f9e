import Foundation
import PetrelCore
import Testing

@testable import PetrelExpressions

@Suite("JSON Schema")
struct SchemaTests {
    @Test("values are judged as the original judges them, in its words")
    func recorded() throws {
        var failures: [String] = []
        let cases = try RecordedCases.read("schema-cases.jsonl").filter { $0["schema"] != nil }
        for record in cases {
            let got = judged(record)
            let isRight =
                got.0 == record["error"]?.string
                && (got.0 != nil || record["result"].map { got.1?.isEquivalent(to: $0) ?? false } ?? true)
            if !isRight {
                failures.append(
                    "\(JSONWriter.text(record))\n  got \(got.0 ?? got.1.map { JSONWriter.text($0) } ?? "?")")
            }
        }
        #expect(cases.count > 150)
        #expect(failures.isEmpty, "\(failures.count) of \(cases.count):\n\(failures.joined(separator: "\n"))")
    }

    private func judged(_ record: Value) -> (String?, Value?) {
        var options: JSONSchema.Options = []
        if record["allow_null"] == true { options.insert(.allowsNullForOptional) }
        do {
            let schema = try JSONSchema(record["schema"] ?? .null, options: options)
            let value = schema.withDefaults(record["value"] ?? .null)
            return (schema.mostRelevantViolation(value)?.message, value)
        } catch {
            return ("schema", nil)
        }
    }

    private let action: Value = [
        "type": "object", "additionalProperties": false,
        "properties": [
            "host": ["type": "string", "required": true, "pattern": "^[a-z]+$"],
            "port": ["type": "integer", "minimum": 1, "default": 22],
            "token": ["type": "string", "secret": true, "maxLength": 3],
        ],
    ]

    @Test("a violation names the path, what is wrong and what was expected")
    func violations() throws {
        let schema = try JSONSchema(action)
        let violations = schema.validate(["host": "A", "port": 0, "x": 1])
        #expect(violations.map(\.path) == [[], ["host"], ["port"]])
        #expect(violations.map(\.keyword) == ["additionalProperties", "pattern", "minimum"])
        #expect(violations[2].description == "port: 0 is less than the minimum of 1")
        #expect(violations[2].expectation == "at least 1")
        #expect(schema.isValid(["host": "a"]))
        #expect(schema.withDefaults(["host": "a"]) == ["host": "a", "port": 22])
    }

    @Test("a secret value is never shown")
    func secret() throws {
        let violation = try JSONSchema(action).mostRelevantViolation(["host": "a", "token": "hunter2"])
        #expect(violation?.message == "'********' is too long")
    }

    @Test("a schema that is none is refused with the place of what is wrong")
    func badSchema() {
        let cases: [(Value, String)] = [
            (["properties": ["a": ["minimum": "x"]]], "properties.a.minimum: 'x' is wrong here; it must be a number"),
            (["properties": ["a": 1]], "properties.a: 1 is not of type 'object'"),
            (["anyOf": [["type": "text"]]], "anyOf.0.type: 'text' is no type"),
            (["items": ["$ref": "http://x/y"]], "items.$ref: 'http://x/y' leads out of the document"),
            (["items": ["$ref": "#/definitions/x"]], "items.$ref: Unresolvable JSON pointer: '/definitions/x'"),
            (["pattern": "["], "pattern: '[' is no pattern"),
            (["$ref": "#"], "A `$ref` of the schema leads back to itself"),
            (["exclusiveMinimum": true], "exclusiveMinimum: 'minimum' is a dependency"),
        ]
        for (schema, message) in cases {
            let error = #expect(throws: ExpressionError.self) { try JSONSchema(schema) }
            #expect(error?.code == .badSchema)
            #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
        }
        #expect(throws: ExpressionError.self) { try JSONSchema(["x": 1], options: .refusesUnknownKeywords) }
        #expect(throws: Never.self) { try JSONSchema(["x": 1]) }
        #expect(throws: ExpressionError.self) { try JSONSchema(["type": ["null"]], options: .requiresSingleType) }
    }

    @Test("recursive schemas work, and endless ones end")
    func recursion() throws {
        let tree = try JSONSchema(["properties": ["v": ["type": "integer"], "next": ["$ref": "#"]]])
        #expect(tree.isValid(["v": 1, "next": ["v": 2, "next": [:]]]))
        #expect(tree.validate(["next": ["next": ["v": "x"]]]).map(\.path) == [["next", "next", "v"]])
        let endless = try JSONSchema(["anyOf": [["$ref": "#"], ["type": "string"]]])
        #expect(!endless.isValid(1))
        let doubling = try JSONSchema([
            "definitions": [
                "a": ["anyOf": [["$ref": "#/definitions/b"], ["$ref": "#/definitions/b"]]],
                "b": ["anyOf": [["$ref": "#/definitions/a"], ["$ref": "#/definitions/a"]]],
            ],
            "$ref": "#/definitions/a",
        ])
        #expect(!doubling.isValid(1))
        var deep: Value = ["type": "string"]
        for _ in 0..<500 { deep = ["items": deep] }
        let nested = deep
        #expect(throws: ExpressionError.self) { try JSONSchema(nested) }
    }

    @Test("large values are judged in bounded work, and no message is long")
    func bounded() throws {
        let unique = try JSONSchema(["uniqueItems": true, "maxItems": 3])
        let long = Value.array((0..<20_000).map { .integer($0) })
        #expect(unique.validate(long).map(\.keyword) == ["maxItems"])
        #expect(unique.validate(long).allSatisfy { $0.message.utf8.count < 3_000 })
        let many = try JSONSchema(["items": ["type": "string"]])
        #expect(many.validate(long).count == 50)
        let pattern = try JSONSchema(["pattern": "(a+)+$"])
        #expect(!pattern.isValid(.string(String(repeating: "a", count: 5_000) + "!")))
    }
}

@Suite("Schema casts")
struct SchemaCastTests {
    @Test("texts become the type that the schema names, as the original casts them")
    func recorded() throws {
        var failures: [String] = []
        let cases = try RecordedCases.read("schema-cases.jsonl").filter { $0["cast"] != nil }
        for record in cases {
            let got = try? SchemaCast.cast(record["value"] ?? .null, to: record["cast"]?.string)
            let wanted = record["error"] == nil ? record["result"] : nil
            if !RecordedCases.same(got, wanted) {
                failures.append("\(JSONWriter.text(record))\n  got \(got.map { JSONWriter.text($0) } ?? "an error")")
            }
        }
        #expect(cases.count > 100)
        #expect(failures.isEmpty, "\(failures.count) of \(cases.count):\n\(failures.joined(separator: "\n"))")
    }

    @Test("the messages are the original's")
    func messages() {
        let cases: [(Value, String, String)] = [
            ("a", "integer", "invalid literal for int() with base 10: 'a'"),
            ("x", "number", "could not convert string to float: 'x'"),
            (["a": 1], "string", "Value \"{'a': 1}\" must either be a string or None. Got \"dict\"."),
            ([1], "integer", "int() argument must be a string, a bytes-like object or a real number, not 'list'"),
        ]
        for (value, type, message) in cases {
            let error = #expect(throws: ExpressionError.self) { try SchemaCast.cast(value, to: type) }
            #expect(error?.message == message)
            #expect(error?.code == .invalidValue)
        }
    }

    @Test("deep and huge literals are refused")
    func bounded() {
        let deep = String(repeating: "(", count: 10_000) + "1" + String(repeating: ")", count: 10_000)
        #expect(throws: ExpressionError.self) { try SchemaCast.cast(.string(deep), to: "object") }
        let signs = String(repeating: "-", count: 10_000) + "1"
        #expect(throws: ExpressionError.self) { try SchemaCast.cast(.string(signs), to: "object") }
        let digits = String(repeating: "9", count: 100_000)
        #expect(throws: ExpressionError.self) { try SchemaCast.cast(.string(digits), to: "integer") }
    }
}

@Suite("JSON Schema Fuzz")
struct SchemaFuzz {
    @Test("broken schemas and literals end in an answer or an error, never in a crash")
    func fuzz() throws {
        var source = SeededGenerator(seed: 31)
        let cases = try RecordedCases.read("schema-cases.jsonl")
        let schemas = cases.compactMap { $0["schema"] }.map { JSONWriter.text($0) }
        let values = cases.compactMap { $0["value"] }
        let literals = cases.filter { $0["cast"] != nil }.compactMap { $0["value"]?.string }
        let types = ["array", "boolean", "integer", "number", "object", "string"]
        for _ in 0..<BrokenText.rounds {
            let text = BrokenText.make(from: schemas, &source)
            let document = (try? JSONReader.value(text, limits: .contentFile)) ?? .string(text)
            if let schema = try? JSONSchema(document) {
                let value = values.randomElement(using: &source) ?? .null
                _ = schema.validate(schema.withDefaults(value))
            }
            let literal = Value.string(BrokenText.make(from: literals, &source))
            _ = try? SchemaCast.cast(literal, to: types.randomElement(using: &source))
        }
    }
}

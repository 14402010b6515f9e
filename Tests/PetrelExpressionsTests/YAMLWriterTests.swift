import PetrelCore
import PetrelExpressions
import Testing

@Suite("YAML writer")
struct YAMLWriterTests {
    @Test("values are written in block style with as few quotes as they need")
    func blockStyle() {
        let value: Value = [
            "name": "deploy web", "enabled": true, "count": 3, "ratio": 1e20, "none": nil, "empty": [:], "items": [],
            "hosts": ["web1", ["a": 1, "b": [2, [3]]]], "version": "1.10", "answer": "yes", "time": "12:30",
            "date": "2024-01-02",
            "colon": "a: b", "hash": "a #b", "quote": "it's", "template": "{{ x }}", "blank": "",
            "script": "line 1\n  line 2\n",
        ]
        #expect(
            YAMLWriter.text(value) == """
                name: deploy web
                enabled: true
                count: 3
                ratio: 1.0e+20
                none: null
                empty: {}
                items: []
                hosts:
                - web1
                - a: 1
                  b:
                  - 2
                  - - 3
                version: '1.10'
                answer: 'yes'
                time: '12:30'
                date: '2024-01-02'
                colon: 'a: b'
                hash: 'a #b'
                quote: it's
                template: '{{ x }}'
                blank: ''
                script: |
                  line 1
                    line 2

                """)
    }

    @Test("scalars stand alone as documents")
    func scalars() {
        #expect(YAMLWriter.text("a\nb") == "|-\n  a\n  b\n")
        #expect(YAMLWriter.text("a\u{7}") == "\"a\\x07\"\n")
        #expect(YAMLWriter.text(.double(.infinity)) == ".inf\n")
        #expect(YAMLWriter.text([]) == "[]\n")
        #expect(YAMLWriter.text(.bigInteger("123456789012345678901234567890")) == "123456789012345678901234567890\n")
    }

    @Test("what is written reads back as the same value", arguments: [1, 20_240_607, 99] as [UInt64])
    func roundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<1_500 {
            let value = Self.value(depth: 0, &generator)
            let text = YAMLWriter.text(value)
            do throws(ExpressionError) {
                let document = try YAMLReader.document(Array(text.utf8), file: "f", limits: .ownDocument)
                #expect(document.value == value, "seed \(seed)\n\(text.debugDescription)")
            } catch { Issue.record("seed \(seed): \(error)\n\(text.debugDescription)") }
        }
    }

    private static let pieces = [
        "a", "b c", "1", "0x1", "1:30", "yes", "~", "null", ".", "...", "---", "- ", ": ", " #", "#", ":", "?", "!",
        "&", "*", "|",
        ">", "%", "@", "`", "'", "\"", "\\", "{", "}", "[", "]", ",", "\n", "\n\n", "\n  ", "\t", "\r", "\r\n", " ",
        "  ", "é", "😀",
        "\u{301}", "\u{85}", "\u{A0}", "\u{2028}", "\u{FEFF}", "\u{FFFE}", "\0", "\u{7F}", "<<", "=", "2024-01-02",
        "1e5", "1.5",
    ]

    private static func text(_ generator: inout SeededGenerator) -> String {
        (0..<Int.random(in: 0...6, using: &generator)).map { _ in
            pieces[Int.random(in: 0..<pieces.count, using: &generator)]
        }.joined()
    }

    private static func value(depth: Int, _ generator: inout SeededGenerator) -> Value {
        switch Int.random(in: 0..<(depth < 4 ? 12 : 8), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .integer(Int.random(in: Int.min...Int.max, using: &generator))
        case 3:
            return .double(
                Double(bitPattern: generator.next()).isFinite
                    ? Double.random(in: -1e30...1e30, using: &generator) : 1e-7)
        case 4: return .bigInteger("-98765432109876543210")
        case 5...7: return .string(text(&generator))
        case 8, 9:
            return .array(
                (0..<Int.random(in: 0...4, using: &generator)).map { _ in value(depth: depth + 1, &generator) })
        default:
            let members = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                (text(&generator), value(depth: depth + 1, &generator))
            }
            return .object(ValueObject(members, uniquingKeysWith: { first, _ in first }))
        }
    }

    @Test("a key too long for a simple one is written after a question mark")
    func longKey() throws {
        let value: Value = .object([String(repeating: "k", count: 2_000): 1])
        let text = YAMLWriter.text(value)
        #expect(try YAMLReader.document(Array(text.utf8), file: "f", limits: .contentFile).value == value)
    }
}

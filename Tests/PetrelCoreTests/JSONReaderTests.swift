import Foundation
import PetrelCore
import Testing

@Suite("JSON reading")
struct JSONReaderTests {
    private let limits = Limits(maxBytes: 100_000, maxDepth: 10, maxNodes: 1_000)

    private func read(_ text: String) throws -> Value { try JSONReader.value(text, limits: limits) }

    @Test("what is special in a string is found wherever it stands")
    func positions() throws {
        for special in ["\\n", "\\\"", "\\\\", "é", "日", "😀", "\\u0041", "\\ud83d\\ude00", "\u{7F}", " ", "~", "\\/"] {
            for before in 0..<20 {
                for after in [0, 1, 7, 8, 9] {
                    let text =
                        "\"" + String(repeating: "a", count: before) + special + String(repeating: "b", count: after)
                        + "\""
                    let expected = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
                    #expect(try read(text).string == expected as? String, "\(text)")
                    #expect(try read(JSONWriter.text(read(text))) == read(text))
                }
            }
        }
    }

    @Test("control characters and broken UTF-8 are refused wherever they stand")
    func forbidden() {
        for before in 0..<20 {
            for bytes: [UInt8] in [[0x1F], [0x00], [0x0A], [0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80]] {
                let text = [0x22] + [UInt8](repeating: 0x61, count: before) + bytes + [0x22]
                #expect(throws: CoreError.self) { try JSONReader.value(text, limits: limits) }
                let escaped = [0x22, 0x5C, 0x6E] + [UInt8](repeating: 0x61, count: before) + bytes + [0x22]
                #expect(throws: CoreError.self) { try JSONReader.value(escaped, limits: limits) }
            }
        }
    }

    @Test(
        "numbers are read as the nearest double, or exactly",
        arguments: [
            "0", "-0", "1", "-1", "999999999999999999", "1000000000000000000", "9223372036854775807",
            "-9223372036854775808", "9223372036854775808", "18446744073709551616", "0.1", "-0.1", "0.3", "1.5e3",
            "1E-3",
            "1e22", "1e23", "123456789012345680000.0", "9007199254740993.0", "0.000001", "1.7976931348623157e308",
            "5e-324", "2.2250738585072014e-308", "1e-400", "0.12345678901234567890123", "1e+2", "100e-2",
            "12345678901234567890e-10", "0e999999999999999999999", "-0.0",
        ])
    func numbers(_ text: String) throws {
        let value = try read(text)
        if text.utf8.contains(where: { ".eE".utf8.contains($0) }) {
            #expect(value == .double(try #require(Double(text))))
        } else {
            #expect(JSONWriter.text(value) == (text == "-0" ? "0" : text))
        }
    }

    @Test("an error names the byte at which it was found")
    func place() {
        for (text, message) in [
            ("[1,]", "unexpected character at byte 3"), ("{\"a\":tru}", "unexpected word at byte 5"),
            ("[1 2]", "expected a comma or the closing ] at byte 3"),
            ("[\"a", "the text ends inside a string at byte 3"),
            ("{1}", "expected a key in quotes at byte 1"), ("[1]x", "unexpected text after the JSON value at byte 3"),
            ("", "the text ends where a value should be at byte 0"),
        ] {
            let error = #expect(throws: CoreError.self) { try read(text) }
            #expect(error?.message == message)
        }
    }

    @Test("keys keep their order in objects of every size, and of a repeated one the last wins")
    func objects() throws {
        for count in [1, 2, 8, 15, 16, 17, 40, 200] {
            let keys = (0..<count).map { "k\($0 * 7 % 211)" }
            let text = "{" + keys.map { "\"\($0)\":1" }.joined(separator: ",") + "}"
            #expect(try read(text).object.map { Array($0.keys) } == keys)
            let twice = "{" + (keys + [keys[0]]).map { "\"\($0)\":\"\($0)x\"" }.joined(separator: ",") + "}"
            #expect(try read(twice).object.map { Array($0.keys) } == keys)
        }
        #expect(try read(#"{"a":1,"b":2,"a":[3]}"#) == ["a": [3], "b": 2])
    }

    @Test("a text that has no UTF-8 at hand is read all the same")
    func bridged() throws {
        let text = String(NSString(string: "{\"a\": \"é\"}"))
        #expect(try read(text) == ["a": "é"])
        #expect(try read(String("xx[1]".dropFirst(2))) == [1])
    }

    @Test("the deepest document that limits allow fits a small stack")
    func smallStack() async {
        let depth = Limits.storedResult.maxDepth
        let text = String(repeating: "[{\"a\":", count: depth / 2) + "1" + String(repeating: "}]", count: depth / 2)
        let isSame = await withCheckedContinuation { continuation in
            let thread = Thread {
                let value = try? JSONReader.value(text, limits: .storedResult)
                continuation.resume(returning: value.map { JSONWriter.text($0) } == text)
            }
            thread.stackSize = 512 << 10
            thread.start()
        }
        #expect(isSame)
    }
}

@Suite("JSON Fuzz")
struct JSONFuzz {
    private static let rounds =
        ProcessInfo.processInfo.environment["PETREL_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 20_000

    @Test("broken documents end in an error, or in a value that is written and read back the same")
    func fuzz() throws {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func random(_ bound: Int) -> Int {
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            return Int((state &* 2_685_821_657_736_338_717) >> 33) % max(1, bound)
        }
        let seed = Array(
            (#"{"a":[1,-2.5e3,true,null,"x\u00e9\n\ud83d\ude00 long text with é and 日本"],"#
                + #""b":{"c":{},"d":[]},"e":12345678901234567890}"#).utf8)
        let marks = Array("[{\"]},:\\0eE-+.u".utf8)
        let limits = Limits(maxBytes: 10_000, maxDepth: 20, maxNodes: 500)
        for _ in 0..<Self.rounds {
            var bytes = seed
            for _ in 0...random(4) {
                let at = random(bytes.count)
                switch random(4) {
                case 0: bytes.remove(at: at)
                case 1: bytes[at] = UInt8(random(256))
                case 2: bytes.insert(contentsOf: seed[random(seed.count)...].prefix(random(9)), at: at)
                default: bytes.insert(marks[random(marks.count)], at: at)
                }
            }
            guard let value = try? JSONReader.value(bytes, limits: limits) else { continue }
            #expect(try JSONReader.value(JSONWriter.bytes(value), limits: limits) == value)
            // Foundation refuses half a surrogate pair, which StackStorm's data may hold.
            let text = String(decoding: bytes, as: UTF8.self)
            if JSONWriter.text(value).unicodeScalars.contains("\u{FFFD}") { continue }
            let other = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            #expect(other != nil, "\(text)")
        }
    }
}

import PetrelCore
import PetrelSystem
import Testing

@Suite("XML")
struct XMLReaderTests {
    private let limits = Limits(maxBytes: 10_000, maxDepth: 8, maxNodes: 50)

    @Test("elements come with their namespaces, attributes, texts and order")
    func reads() throws {
        let text =
            "<s:a xmlns:s='urn:s' xmlns='urn:d' x='1 &amp; 2' xml:lang='en'>one<b y=\"&#x41;\"/>&lt;two&gt;<s:c/></s:a>"
        let element = try XMLReader.element(text, limits: limits)
        #expect(element.name == "a" && element.namespace == "urn:s" && element.attributes == ["x": "1 & 2"])
        #expect(element.text == "one<two>")
        #expect(element.first("b", "urn:d")?["y"] == "A")
        #expect(element.first("c", "urn:s") != nil && element.first("c", "urn:d") == nil)
    }

    @Test("what is written is read back as it was, whatever it holds")
    func writes() throws {
        var element = XMLElement(
            "a", "urn:a", ["q": "'\"<>&\n\u{1F600}"], [XMLElement("b", "urn:b", text: "]]> & < ' é\r")])
        #expect(try XMLReader.element(element.xml, limits: limits).first("b", "urn:b")?.text == "]]> & < ' é\r")
        element.children.append(.text("\u{0}\u{1}x\u{FFFE}\u{FFFF}"))
        #expect(try XMLReader.element(element.xml, limits: limits).text == "x")
    }

    @Test(
        "entities, document types, instructions, comments and broken XML are refused",
        arguments: [
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
            "<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1/'> %p;]><a/>", "<?php x?><a/>", "<a><?x y?></a>",
            "<a><!-- c --></a>", "<a>&unknown;</a>", "<a>", "<a></b>", "<a/><b/>", "", "text", "<a x='1' x='2'/>",
            "<p:a/>", "<a>\u{1}</a>",
        ])
    func refuses(_ text: String) {
        #expect(throws: SystemError.self) { try XMLReader.element(text, limits: limits) }
    }

    @Test("bytes, depth and elements are bounded")
    func bounds() throws {
        let deep = String(repeating: "<a>", count: 9) + String(repeating: "</a>", count: 9)
        let wide = "<a>" + String(repeating: "<b/>", count: 60) + "</a>"
        let long = "<a>" + String(repeating: "x", count: 10_000) + "</a>"
        for text in [deep, wide, long] {
            do {
                _ = try XMLReader.element(text, limits: limits)
                Issue.record("\(text.prefix(20)) was read")
            } catch { #expect(error.code == .tooLarge) }
        }
    }

    @Test("no cut and no changed byte of a stanza does harm")
    func fuzz() {
        let text =
            "<message xmlns='jabber:client' from='a@b/c'><body>x &amp; y</body><x xmlns='urn:x'><item j='1'/></x></message>"
        var bytes = Array(text.utf8)
        for end in 0..<bytes.count {
            _ = try? XMLReader.element(String(decoding: bytes[..<end], as: UTF8.self), limits: limits)
        }
        for index in bytes.indices {
            for byte in [0, 0x3C, 0x3E, 0x26, 0x27, 0xFF] as [UInt8] {
                let before = bytes[index]
                bytes[index] = byte
                _ = try? XMLReader.element(String(decoding: bytes, as: UTF8.self), limits: limits)
                bytes[index] = before
            }
        }
    }
}

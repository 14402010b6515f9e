import PetrelCore
import Testing

@Suite("Instants")
struct InstantTests {
    @Test(
        "the written form is read back",
        arguments: [0, 1, 1_700_000_000_123_456, 951_782_400_000_000, 4_102_444_799_999_999, -1, -86_400_000_000])
    func roundTrip(_ microseconds: Int64) {
        let instant = Instant(microseconds: microseconds)
        #expect(Instant(instant.description) == instant)
    }

    @Test("known dates are written as StackStorm writes them")
    func knownDates() {
        #expect(Instant(microseconds: 0).description == "1970-01-01T00:00:00.000000Z")
        #expect(Instant(microseconds: 951_827_696_000_001).description == "2000-02-29T12:34:56.000001Z")
        #expect(Instant(microseconds: -1).description == "1969-12-31T23:59:59.999999Z")
        #expect(Instant(microseconds: -62_135_596_800_000_000).description == "0001-01-01T00:00:00.000000Z")
        #expect(Instant(microseconds: 253_402_300_800_000_000).description == "10000-01-01T00:00:00.000000Z")
    }

    @Test("all accepted forms are read, others are not")
    func forms() {
        for text in ["2024-01-02T03:04:05Z", "2024-01-02 03:04:05.123Z", "2024-01-02T03:04:05+00:00"] {
            #expect(Instant(text) != nil, "\(text)")
        }
        for text in ["2024-01-02", "2024-13-02T03:04:05Z", "2024-01-02T25:04:05Z", "x", "2024-01-02T03:04:05+01:00"] {
            #expect(Instant(text) == nil, "\(text)")
        }
    }
}

@Suite("Names and ids")
struct NameTests {
    @Test("a reference splits at its first dot")
    func reference() {
        #expect(ContentRef("core.local") == ContentRef(pack: "core", name: "local"))
        #expect(ContentRef("p.a.b") == ContentRef(pack: "p", name: "a.b"))
        for text in ["core", ".local", "core.", ""] { #expect(ContentRef(text) == nil, "\(text)") }
    }

    @Test("an id is 24 lower-case hexadecimal digits and nothing else")
    func identifiers() {
        #expect(ExecutionID("0123456789abcdef01234567") != nil)
        for text in ["0123456789ABCDEF01234567", "0123", "0123456789abcdef0123456g", "../../etc/passwd"] {
            #expect(ExecutionID(text) == nil, "\(text)")
        }
    }

    @Test("roles are ordered from none to admin")
    func roles() {
        #expect(Role.allCases == Role.allCases.sorted())
        #expect(Role.none < .starter && Role.operator < .admin)
    }

    @Test("what has ended can't be canceled, and what is claimed has not ended")
    func statuses() {
        for status in ExecutionStatus.allCases {
            #expect(!(status.isCompleted && status.isCancelable), "\(status)")
            #expect(!(status.isCompleted && status.isClaimed), "\(status)")
        }
    }

    @Test("stored forms of messages and addresses are read back")
    func documents() {
        let message = InboundMessage(
            key: MessageKey(adapter: "a", eventID: "e"),
            conversation: Conversation(adapter: "a", channel: "c", thread: "t"),
            sender: ChatPerson(adapter: "a", id: "u", name: "Ü", isOwner: true), text: "héllo\n", platformID: "p",
            isAddressed: true, sentAt: Instant(microseconds: 5))
        #expect(InboundMessage(key: message.key, document: message.document) == message)
        let address = ReplyAddress(to: message)
        let read = ReplyAddress(document: address.document)
        #expect(read?.conversation == address.conversation && read?.message == address.message)
        #expect(InboundMessage(key: message.key, document: [:]) == nil)
        #expect(ReplyAddress(document: []) == nil)
    }
}

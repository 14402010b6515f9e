import PetrelCore
import PetrelSystem
import Testing

@Suite("The key of the datastore's secrets")
struct KeyFileTests {
    /// Made with Python's standard library and OpenSSL's command line, by StackStorm's description of the form.
    private static let file = """
        {"hmacKey": {"hmacKeyString": "ehSEJ_5tdOGbOyF41rjwzVFYTfozdhqaIJE5gv5ozYo", "size": 256}, "aesKeyString": "UJhYHaOaEWrA7BMWTKE2-rHzEaI9sU8rRmacrtwvKpI", "mode": "CBC", "size": 256}
        """
    private static let ciphertext = """
        30303030305D76C8AFDBB5EB76CBEAB12DFEE8C8DD88841691691F8BAF294531793BB23BCD417B0B87B104523D\
        F207451D5B80652C9FF4052653D7508B06C1623021EF6D2EB9A99FD9
        """

    @Test("a text comes back as it was, and is never encrypted in the same way twice")
    func roundTrip() throws {
        let key = KeyFile(random: SystemRandom())
        for text in ["", "a", "sixteen letters!", "größer 😀", String(repeating: "x", count: 100_000)] {
            let first = try key.encrypted(text)
            #expect(try first != key.encrypted(text))
            #expect(first.hasPrefix("3030303030"))
            #expect(try key.decrypted(first) == text)
            #expect(try key.decrypted(first.lowercased()) == text)
        }
    }

    @Test("a key file and a value of StackStorm's form are read")
    func vector() throws {
        #expect(try KeyFile(Self.file).decrypted(Self.ciphertext) == "the secret of the datastore")
        let copy = try KeyFile(KeyFile(Self.file).fileText.reveal())
        #expect(try copy.decrypted(Self.ciphertext) == "the secret of the datastore")
    }

    @Test("whatever was changed is refused")
    func changed() throws {
        let key = try KeyFile(Self.file)
        var digits = Array(Self.ciphertext)
        for place in stride(from: 0, to: digits.count, by: 7) {
            let digit = digits[place]
            digits[place] = digit == "0" ? "1" : "0"
            #expect(throws: CoreError.self) { try key.decrypted(String(digits)) }
            digits[place] = digit
        }
        for text in ["", "00", "xyz", String(Self.ciphertext.dropLast(2)), String(repeating: "0", count: 72)] {
            #expect(throws: CoreError.self) { try key.decrypted(text) }
        }
        #expect(throws: CoreError.self) { try KeyFile(random: SystemRandom()).decrypted(Self.ciphertext) }
    }

    @Test("a file that is no key is refused without a word of what is in it")
    func badFiles() {
        let texts = [
            "", "{}", "[]", "{\"aesKeyString\": \"c2VjcmV0\", \"hmacKey\": {\"hmacKeyString\": \"c2VjcmV0\"}}",
            Self.file.replacing("CBC", with: "GCM"),
        ]
        for text in texts {
            let error = #expect(throws: CoreError.self) { try KeyFile(text) }
            #expect(error?.description.contains("c2VjcmV0") == false)
        }
    }

    @Test("addresses of networks are recognised, inside IPv6 too")
    func networks() throws {
        let network = try #require(IPNetwork("169.254.0.0/16"))
        #expect(network.contains("169.254.169.254") && network.contains("::ffff:169.254.1.2"))
        #expect(!network.contains("169.253.1.1") && !network.contains("example.com"))
        #expect(try #require(IPNetwork("fe80::/10")).contains("fe80::1%eth0"))
        #expect(IPNetwork("example.com") == nil)
    }
}

public import PetrelCore

/// The key with which the datastore's secrets are encrypted, as StackStorm keeps it in a JSON file.
///
/// AES in CBC mode with an HMAC of SHA-1: not what one would choose today, but what existing key files and values are.
public struct KeyFile: TextCipher {
    private static let header = [UInt8](repeating: 0x30, count: 5)
    private static let digestBytes = 20

    private let aesKey: Secret<[UInt8]>
    private let macKey: Secret<[UInt8]>

    /// A new key, drawn by lot: 256 bits for the cipher and 256 for the HMAC.
    public init(random: any RandomSource) {
        aesKey = Secret(random.bytes(32))
        macKey = Secret(random.bytes(32))
    }

    /// The key that a file's text holds.
    /// - Throws: `invalidInput` with what is wrong; the key itself is in no message.
    public init(_ text: String) throws(CoreError) {
        let file = try JSONReader.value(text, limits: .contentFile)
        guard file["mode"]?.string?.uppercased() ?? "CBC" == "CBC" else {
            throw CoreError(.invalidInput, "the datastore's key file asks for a cipher mode that is not CBC")
        }
        guard let key = file["aesKeyString"]?.string.flatMap(Self.decoded),
            let mac = file["hmacKey"]?["hmacKeyString"]?.string.flatMap(Self.decoded)
        else {
            throw CoreError(
                .invalidInput, "the datastore's key file lacks aesKeyString or hmacKey.hmacKeyString",
                hint: "Make one with petrel key generate FILE")
        }
        guard [16, 24, 32].contains(key.count), mac.count >= 16 else {
            throw CoreError(
                .invalidInput, "the datastore's key has \(key.count * 8) bits; 128, 192 and 256 are allowed")
        }
        aesKey = Secret(key)
        macKey = Secret(mac)
    }

    /// The file's text: the place where the key is meant to leave the program.
    public var fileText: Secret<String> {
        let document: Value = [
            "hmacKey": [
                "hmacKeyString": .string(Self.encoded(macKey.reveal())), "size": .integer(macKey.reveal().count * 8),
            ],
            "aesKeyString": .string(Self.encoded(aesKey.reveal())), "mode": "CBC",
            "size": .integer(aesKey.reveal().count * 8),
        ]
        return Secret(JSONWriter.text(document))
    }

    /// See ``TextCipher/encrypted(_:)``.
    public func encrypted(_ text: String) throws(CoreError) -> String {
        let vector = SystemRandom().bytes(16)
        guard let body = cipherCBC(Array(text.utf8), key: aesKey.reveal(), vector: vector, encrypts: true) else {
            throw CoreError(.unavailable, "the value could not be encrypted")
        }
        let message = Self.header + vector + body
        return Self.hexadecimal(message + hmacSHA1(message, key: macKey.reveal()))
    }

    /// See ``TextCipher/decrypted(_:)``.
    public func decrypted(_ ciphertext: String) throws(CoreError) -> String {
        guard let bytes = Self.bytes(hexadecimal: ciphertext) else {
            throw CoreError(.invalidInput, "Invalid or malformed ciphertext (no hexadecimal digits)")
        }
        guard bytes.count >= Self.header.count + 16 + Self.digestBytes else {
            throw CoreError(.invalidInput, "Invalid or malformed ciphertext (too short)")
        }
        let message = Array(bytes.dropLast(Self.digestBytes))
        let digest = hmacSHA1(message, key: macKey.reveal())
        let isWhole = zip(digest, bytes.suffix(Self.digestBytes)).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
        let body = Array(message.dropFirst(Self.header.count + 16))
        guard isWhole, digest.count == Self.digestBytes,
            let plain = cipherCBC(
                body, key: aesKey.reveal(), vector: Array(message[Self.header.count..<(Self.header.count + 16)]),
                encrypts: false), let text = String(validating: plain, as: UTF8.self)
        else {
            throw CoreError(
                .invalidInput, "Invalid or malformed ciphertext (it was changed, or encrypted with another key)")
        }
        return text
    }

    // MARK: Texts

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// Base 64 for URLs, without padding.
    static func encoded(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = Array(bytes[start..<min(start + 3, bytes.count)])
            let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[$1]) : 0) }
            for place in 0...group.count { text.append(alphabet[bits >> (18 - 6 * place) & 63]) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Takes padding, too.
    static func decoded(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits = 0
        var count = 0
        for byte in text.utf8 where byte != 0x3D {
            guard let digit = alphabet.firstIndex(of: byte) else { return nil }
            bits = (bits << 6 | digit) & 0xFFFFFF
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> count))
        }
        return bytes
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func bytes(hexadecimal text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digit(digits[place]), let low = digit(digits[place + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}

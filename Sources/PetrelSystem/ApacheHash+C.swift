import COpenSSL
import Glibc
import PetrelCore

// The two hashes of Apache's htpasswd that the system's library does not have. Any thread may call; nothing is shared.

/// Apache's variants of password hashes: `$apr1$salt$hash` and `{SHA}base64`.
enum ApacheHash {
    /// Whether a password fits; nil when the hash is of neither kind.
    static func isMatch(_ password: String, _ hash: String) -> Bool? {
        if hash.hasPrefix("{SHA}") { return isEqualInConstantTime("{SHA}" + base64(sha1(Array(password.utf8))), hash) }
        guard hash.hasPrefix("$apr1$") else { return nil }
        let salt = Array(hash.utf8.dropFirst(6).prefix { $0 != UInt8(ascii: "$") }.prefix(8))
        let text = String(decoding: salt, as: UTF8.self)
        return isEqualInConstantTime("$apr1$\(text)$" + apr1(Array(password.utf8), salt: salt), hash)
    }

    /// The MD5-based scheme with a thousand rounds, as Apache's documentation of password formats describes it.
    private static func apr1(_ password: [UInt8], salt: [UInt8]) -> String {
        let inner = md5(password + salt + password)
        var text = password + Array("$apr1$".utf8) + salt
        for start in stride(from: 0, to: password.count, by: 16) {
            text += inner.prefix(min(16, password.count - start))
        }
        var bits = password.count
        while bits > 0 {
            text.append(bits & 1 == 1 ? 0 : password[0])
            bits >>= 1
        }
        var digest = md5(text)
        for round in 0..<1000 {
            var next = round & 1 == 1 ? password : digest
            if round % 3 != 0 { next += salt }
            if round % 7 != 0 { next += password }
            next += round & 1 == 1 ? digest : password
            digest = md5(next)
        }
        return encoded(digest)
    }

    /// Six bits a character, in the order that the scheme shuffles the digest's bytes.
    private static func encoded(_ digest: [UInt8]) -> String {
        let alphabet = Array("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        var out: [UInt8] = []
        func add(_ value: Int, _ count: Int) {
            var value = value
            for _ in 0..<count {
                out.append(alphabet[value & 63])
                value >>= 6
            }
        }
        for (high, middle, low) in [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)] {
            add(Int(digest[high]) << 16 | Int(digest[middle]) << 8 | Int(digest[low]), 4)
        }
        add(Int(digest[11]), 2)
        return String(decoding: out, as: UTF8.self)
    }

    private static func md5(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, 16, EVP_md5()) }
    private static func sha1(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, 20, EVP_sha1()) }

    private static func digest(_ bytes: [UInt8], _ size: Int, _ kind: OpaquePointer?) -> [UInt8] {
        var length: UInt32 = 0
        return [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, filled in
            let isDone = EVP_Digest(bytes, bytes.count, buffer.baseAddress, &length, kind, nil) == 1
            // An empty digest would make unequal passwords equal.
            precondition(isDone && length == size, "the digest failed")
            filled = size
        }
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            let word = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
            for index in 0..<4 {
                out.append(index <= part.count ? alphabet[word >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

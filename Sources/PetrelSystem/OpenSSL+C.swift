import COpenSSL
public import PetrelCore

/// Random bytes from OpenSSL's generator.
public struct SystemRandom: RandomSource {
    /// The source; all of them are the same.
    public init() {}

    /// So many bytes fit for secrets; ends the process when the generator fails.
    public func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            // Without chance there are no secrets: better no service than guessable tokens.
            precondition(count == 0 || RAND_bytes(buffer.baseAddress, Int32(count)) == 1, "the generator failed")
            filled = count
        }
    }
}

/// Digests by OpenSSL.
public struct SystemDigest: Digest {
    /// The digests; all of them are the same.
    public init() {}

    /// SHA-256, as 64 lower-case hexadecimal digits.
    public func sha256(_ bytes: [UInt8]) -> String {
        hexadecimal(32) { digest, size in EVP_Digest(bytes, bytes.count, digest, size, EVP_sha256(), nil) == 1 }
    }

    /// SHA-512, as 128 lower-case hexadecimal digits.
    public func sha512(_ bytes: [UInt8]) -> String {
        hexadecimal(64) { digest, size in EVP_Digest(bytes, bytes.count, digest, size, EVP_sha512(), nil) == 1 }
    }

    /// HMAC-SHA-256, as 64 lower-case hexadecimal digits.
    public func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> String {
        hexadecimal(32) { digest, size in
            HMAC(EVP_sha256(), key, Int32(key.count), bytes, bytes.count, digest, size) != nil
        }
    }

    private func hexadecimal(
        _ bytes: UInt32, _ fill: (UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt32>) -> Bool
    ) -> String {
        var size: UInt32 = 0
        var isFilled = false
        let digest = [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, filled in
            isFilled = fill(buffer.baseAddress, &size)
            filled = Int(size)
        }
        // An empty or wrong digest would make unequal things equal.
        precondition(isFilled && size == bytes, "the digest failed")
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

import COpenSSL
public import PetrelCore
import Synchronization

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
        hexadecimal(32) { EVP_Digest(bytes, bytes.count, $0, $1, Algorithms.sha256, nil) == 1 }
    }

    /// SHA-512, as 128 lower-case hexadecimal digits.
    public func sha512(_ bytes: [UInt8]) -> String {
        hexadecimal(64) { EVP_Digest(bytes, bytes.count, $0, $1, Algorithms.sha512, nil) == 1 }
    }

    /// HMAC-SHA-256, as 64 lower-case hexadecimal digits.
    public func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> String {
        hexadecimal(32) { digest, size in
            guard let context = EVP_MAC_CTX_dup(Algorithms.hmacSHA256) else { return false }
            defer { EVP_MAC_CTX_free(context) }
            var filled = 0
            guard EVP_MAC_init(context, key, key.count, nil) == 1,
                EVP_MAC_update(context, bytes, bytes.count) == 1,
                EVP_MAC_final(context, digest, &filled, Int(EVP_MAX_MD_SIZE)) == 1
            else { return false }
            size.pointee = UInt32(filled)
            return true
        }
    }

    /// See ``Digest/hmacSHA256(key:)``.
    public func hmacSHA256(key: Secret<[UInt8]>) -> @Sendable ([UInt8]) -> String {
        let mac = KeyedMAC(key: key.reveal())
        return { bytes in hexadecimal(32) { mac.digest(of: bytes, into: $0, $1) } }
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
        return digest.hexadecimal
    }
}

/// A MAC whose key is set; its state is begun anew for each text.
private final class KeyedMAC: Sendable {
    // Used by one at a time.
    private nonisolated(unsafe) let context = EVP_MAC_CTX_dup(Algorithms.hmacSHA256)
    private let turn = Mutex(())
    private let isReady: Bool

    init(key: [UInt8]) { isReady = EVP_MAC_init(context, key, key.count, nil) == 1 }

    deinit { EVP_MAC_CTX_free(context) }

    func digest(
        of bytes: [UInt8], into digest: UnsafeMutablePointer<UInt8>?, _ size: UnsafeMutablePointer<UInt32>
    ) -> Bool {
        turn.withLock { _ in
            var filled = 0
            guard isReady, EVP_MAC_init(context, nil, 0, nil) == 1,
                EVP_MAC_update(context, bytes, bytes.count) == 1,
                EVP_MAC_final(context, digest, &filled, Int(EVP_MAX_MD_SIZE)) == 1
            else { return false }
            size.pointee = UInt32(filled)
            return true
        }
    }
}

/// OpenSSL's implementations, which it would look for by their names each time.
private enum Algorithms {
    // They are never changed and never freed.
    nonisolated(unsafe) static let sha256 = EVP_MD_fetch(nil, "SHA256", nil)
    nonisolated(unsafe) static let sha512 = EVP_MD_fetch(nil, "SHA512", nil)
    nonisolated(unsafe) static let hmacSHA256 = petrel_hmac_sha256()
}

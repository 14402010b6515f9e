import COpenSSL

/// The digest that a SCRAM log-in (RFC 5802, RFC 7677) is built on.
public enum SCRAMHash: Sendable {
    case sha1, sha256

    private var kind: OpaquePointer? {
        switch self {
        case .sha1: EVP_sha1()
        case .sha256: EVP_sha256()
        }
    }

    private var size: Int {
        switch self {
        case .sha1: 20
        case .sha256: 32
        }
    }

    /// The digest of bytes.
    public func digest(_ bytes: [UInt8]) -> [UInt8] {
        filled { EVP_Digest(bytes, bytes.count, $0, nil, kind, nil) == 1 }
    }

    /// The digest of bytes under a key.
    public func code(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        filled { HMAC(kind, key, Int32(key.count), bytes, bytes.count, $0, nil) != nil }
    }

    /// The password as SCRAM stretches it; takes time for each iteration.
    public func salted(_ password: String, salt: [UInt8], iterations: Int) -> [UInt8] {
        let password = Array(password.utf8).map { CChar(bitPattern: $0) }
        return filled {
            PKCS5_PBKDF2_HMAC(
                password, Int32(password.count), salt, Int32(salt.count), Int32(clamping: iterations), kind,
                Int32(size), $0) == 1
        }
    }

    private func filled(_ fill: (UnsafeMutablePointer<UInt8>?) -> Bool) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            // An empty digest would make unequal secrets equal.
            precondition(fill(buffer.baseAddress), "the digest failed")
            filled = size
        }
    }
}

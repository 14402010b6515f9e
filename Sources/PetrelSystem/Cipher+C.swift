import COpenSSL

/// AES in CBC mode with the padding of PKCS #7; nil when a key or a ciphertext is wrong.
///
/// Any thread may call it: the context lives for one call.
func cipherCBC(_ bytes: [UInt8], key: [UInt8], vector: [UInt8], encrypts: Bool) -> [UInt8]? {
    let kind: OpaquePointer? =
        switch key.count {
        case 16: EVP_aes_128_cbc()
        case 24: EVP_aes_192_cbc()
        case 32: EVP_aes_256_cbc()
        default: nil
        }
    guard let kind, vector.count == 16, let context = EVP_CIPHER_CTX_new() else { return nil }
    defer { EVP_CIPHER_CTX_free(context) }
    guard EVP_CipherInit_ex(context, kind, nil, key, vector, encrypts ? 1 : 0) == 1 else { return nil }
    var isDone = false
    let result = [UInt8](unsafeUninitializedCapacity: bytes.count + 32) { buffer, filled in
        var first: Int32 = 0
        var last: Int32 = 0
        filled = 0
        guard EVP_CipherUpdate(context, buffer.baseAddress, &first, bytes, Int32(bytes.count)) == 1,
            EVP_CipherFinal_ex(context, buffer.baseAddress.map { $0 + Int(first) }, &last) == 1
        else { return }
        filled = Int(first + last)
        isDone = true
    }
    return isDone ? result : nil
}

/// HMAC with SHA-1, which old ciphertexts ask for; empty when it failed.
func hmacSHA1(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, filled in
        var size: UInt32 = 0
        let isDone = HMAC(EVP_sha1(), key, Int32(key.count), bytes, bytes.count, buffer.baseAddress, &size) != nil
        filled = isDone ? Int(size) : 0
    }
}

/// The port through which time comes.
///
/// Durations are measured on a clock that never jumps.
public protocol PetrelClock: Sendable {
    /// The wall clock's time.
    var now: Instant { get }
    /// Waits; ends early by throwing `CancellationError` when the task is cancelled.
    func sleep(for duration: Duration) async throws
}

/// The port through which randomness comes.
public protocol RandomSource: Sendable {
    /// So many bytes fit for secrets.
    func bytes(_ count: Int) -> [UInt8]
}

extension RandomSource {
    /// So many bytes fit for secrets, as lower-case hexadecimal digits.
    public func hexadecimal(_ count: Int) -> String { bytes(count).hexadecimal }
}

extension Collection<UInt8> {
    /// The bytes as lower-case hexadecimal digits, two each.
    public var hexadecimal: String {
        func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
        return String(unsafeUninitializedCapacity: count * 2) { buffer in
            var end = 0
            for byte in self {
                buffer[end] = digit(byte >> 4)
                buffer[end + 1] = digit(byte & 15)
                end += 2
            }
            return end
        }
    }
}

/// The port through which digests come, so that no module above the edges needs a crypto library.
public protocol Digest: Sendable {
    /// SHA-256, as 64 lower-case hexadecimal digits.
    func sha256(_ bytes: [UInt8]) -> String
    /// SHA-512, as 128 lower-case hexadecimal digits.
    func sha512(_ bytes: [UInt8]) -> String
    /// HMAC-SHA-256, as 64 lower-case hexadecimal digits.
    func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> String
    /// HMAC-SHA-256 of text after text with one key, which is made ready once.
    func hmacSHA256(key: Secret<[UInt8]>) -> @Sendable ([UInt8]) -> String
}

extension Digest {
    /// Makes the key ready each time.
    public func hmacSHA256(key: Secret<[UInt8]>) -> @Sendable ([UInt8]) -> String {
        { hmacSHA256($0, key: key.reveal()) }
    }
}

/// Whether two texts are equal, in a time that depends on their lengths only.
public func isEqualInConstantTime(_ left: String, _ right: String) -> Bool {
    guard left.utf8.count == right.utf8.count else { return false }
    var difference: UInt8 = 0
    for (left, right) in zip(left.utf8, right.utf8) { difference |= left ^ right }
    return difference == 0
}

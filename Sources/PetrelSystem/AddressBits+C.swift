import Glibc

/// A numeric IP address; an IPv4 one inside IPv6 equals the plain one.
///
/// A value; any thread may hold it.
struct AddressBits: Sendable, Hashable {
    /// 4 or 16 bytes.
    var bytes: [UInt8]

    /// The address that a text writes, with or without brackets; nil for a name.
    init?(_ text: String) {
        var text = text
        if text.hasPrefix("["), text.hasSuffix("]") { text = String(text.dropFirst().dropLast()) }
        let isWide = text.contains(":")
        bytes = [UInt8](repeating: 0, count: isWide ? 16 : 4)
        guard inet_pton(isWide ? AF_INET6 : AF_INET, text, &bytes) == 1 else { return nil }
        if isWide, bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF { bytes.removeFirst(12) }
    }

    /// Whether it is the machine itself.
    var isLoopback: Bool { bytes.count == 4 ? bytes[0] == 127 : bytes[15] == 1 && bytes[..<15].allSatisfy { $0 == 0 } }
}

/// An IP address with the number of bits that count, such as `10.0.0.0/8`.
struct AddressNetwork: Sendable, Hashable {
    private var address: AddressBits
    private var bits: Int

    /// The network that a text writes; a single address is one with all its bits.
    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = AddressBits(String(first)) else { return nil }
        self.address = address
        bits = address.bytes.count * 8
        guard parts.count > 1 else { return }
        guard let count = Int(parts[1]), (0...bits).contains(count) else { return nil }
        bits = count
    }

    /// Whether an address lies in it.
    func contains(_ other: AddressBits) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        let whole = bits / 8
        guard other.bytes[..<whole] == address.bytes[..<whole] else { return false }
        guard bits % 8 > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> (bits % 8))
        return other.bytes[whole] & mask == address.bytes[whole] & mask
    }
}

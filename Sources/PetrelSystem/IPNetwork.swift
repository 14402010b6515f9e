/// A range of IP addresses, such as `10.0.0.0/8`.
public struct IPNetwork: Sendable, Hashable {
    private let network: AddressNetwork

    /// The network that a text writes; a single address is one with all its bits; nil for anything else.
    public init?(_ text: String) {
        guard let network = AddressNetwork(text) else { return nil }
        self.network = network
    }

    /// Whether a numeric address lies in it; an IPv4 address inside an IPv6 one counts as IPv4.
    public func contains(_ address: String) -> Bool {
        // The zone of a link-local address is no part of it.
        AddressBits(String(address.prefix { $0 != "%" })).map(network.contains) ?? false
    }
}

public import PetrelCore

/// Finds the channel that a name means: `ADAPTER:CHANNEL`, or a channel of the one chat platform that there is.
public struct ChannelNames: Sendable {
    private let adapters: [AdapterName]
    private let standard: AdapterName?

    /// Names in the channels of adapters.
    /// - Parameter adapters: names and platforms; the local room is meant only where nothing else is connected.
    public init(_ adapters: [(name: AdapterName, platform: String)]) {
        self.adapters = adapters.map(\.name)
        let remote = adapters.filter { $0.platform != "local" }
        standard = remote.isEmpty ? adapters.first?.name : remote.count == 1 ? remote.first?.name : nil
    }

    /// Adapter and channel; nil where no adapter is named and several could be meant.
    public func place(_ name: String) -> (adapter: AdapterName, channel: String)? {
        guard !name.isEmpty else { return nil }
        let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
        if parts.count == 2, adapters.contains(parts[0]) { return (parts[0], parts[1]) }
        return standard.map { ($0, name) }
    }
}

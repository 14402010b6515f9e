public import PetrelCore

/// One run of a sensor's process, told from its other runs.
public struct SensorRun: Sendable, Hashable {
    static let keyPrefix = "sensor."

    /// The sensor.
    public let sensor: ContentRef
    /// The name of the run, also of its folder.
    public let key: String

    init(_ sensor: ContentRef, id: String) {
        self.sensor = sensor
        key = Self.keyPrefix + "\(sensor)." + id
    }

    /// The run whose folder is named so; nil when no sensor's is.
    init?(key: String) {
        guard key.hasPrefix(Self.keyPrefix) else { return nil }
        let parts = key.dropFirst(Self.keyPrefix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count > 2, let sensor = ContentRef(parts.dropLast().joined(separator: ".")) else { return nil }
        self.sensor = sensor
        self.key = key
    }
}

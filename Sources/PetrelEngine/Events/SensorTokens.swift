public import PetrelCore

/// Mints the tokens with which sensors speak to the API, and reads them back.
///
/// A token proves itself: it is the sensor's id with a keyed digest, so nothing is stored. It is good as long as the sensor
/// is wanted and this service runs.
public struct SensorTokens: Sendable {
    private static let prefix = "pxs-"
    private static let idDigits = 24
    private let digest: @Sendable ([UInt8]) -> String
    private let catalog: LiveEventCatalog

    /// Tokens of a catalog's sensors.
    /// - Parameter key: new with each start: a sensor of an earlier service has nothing to tell this one.
    public init(key: Secret<[UInt8]>, digest: any Digest, catalog: LiveEventCatalog) {
        self.digest = digest.hmacSHA256(key: key)
        self.catalog = catalog
    }

    /// The token of a sensor.
    public func token(for sensor: SensorType) -> Secret<String> { Secret(text(sensor.id)) }

    /// The sensor whose token this is, or nil if it is none of ours, or is not wanted any more.
    public func sensor(of token: String) -> ContentRef? {
        guard token.hasPrefix(Self.prefix) else { return nil }
        let id = ContentID(stored: String(token.dropFirst(Self.prefix.count).prefix(Self.idDigits)))
        guard isEqualInConstantTime(token, text(id)), let sensor = catalog.current.sensor(id.text), sensor.isEnabled
        else { return nil }
        return sensor.ref
    }

    private func text(_ id: ContentID) -> String {
        Self.prefix + id.text + "-" + digest(Array(id.text.utf8))
    }
}

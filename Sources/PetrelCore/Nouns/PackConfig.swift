/// The configuration of one pack: what it can be told, and what this installation tells it.
public struct PackConfig: Sendable, Hashable {
    /// The pack's ref.
    public var pack: String
    /// Schemas by name, as `config.schema.yaml` of the pack says; nil for a pack without that file.
    public var schema: ValueObject?
    /// Values by name, as the installation's file says, templates not rendered; nil without such a file.
    public var values: ValueObject?

    /// A configuration from its parts.
    public init(pack: String, schema: ValueObject?, values: ValueObject?) {
        self.pack = pack
        self.schema = schema
        self.values = values
    }
}

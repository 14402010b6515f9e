public import PetrelEngine

/// What the routes of rules, triggers, sensors and webhooks stand on.
public struct EventParts: Sendable {
    /// What they list and change.
    public var content: EventContent
    /// Where events go.
    public var dispatch: EventDispatch
    /// Which webhooks are signed, and how.
    public var signatures: WebhookSignatures

    /// The parts.
    public init(content: EventContent, dispatch: EventDispatch, signatures: WebhookSignatures) {
        self.content = content
        self.dispatch = dispatch
        self.signatures = signatures
    }
}

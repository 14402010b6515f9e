/// One line of the audit trail: who wanted what, where, and what was decided.
public struct AuditRecord: Sendable, Hashable {
    /// What the line is about; a closed list.
    public enum Kind: String, Sendable, CaseIterable {
        /// A chat message was decided on.
        case message
        /// An execution was requested.
        case submission
        /// An execution ended.
        case completion
        /// Somebody asked to cancel.
        case cancel
        /// Somebody paused or resumed a workflow, or answered an inquiry.
        case workflow
        /// A token or key was handed out, taken back or refused.
        case credential
        /// A role was claimed or changed.
        case identity
        /// Content was loaded, changed or refused.
        case content
        /// An entry of the datastore was set, deleted or decrypted.
        case key
        /// The service started, stopped or recovered something.
        case service
    }

    /// When it was decided.
    public var at: Instant
    /// What the line is about.
    public var kind: Kind
    /// The user; empty for the service itself.
    public var user: String
    /// What it was about: an execution id, a message key, a file.
    public var subject: String
    /// The decision in one word, such as `allowed`, `refused`, `unmatched` or `succeeded`.
    public var decision: String
    /// Reason, channel, raw text and other detail.
    ///
    /// Secrets must not be in it.
    public var detail: ValueObject

    /// A line to be stored.
    public init(at: Instant, kind: Kind, user: String, subject: String, decision: String, detail: ValueObject = [:]) {
        self.at = at
        self.kind = kind
        self.user = user
        self.subject = subject
        self.decision = decision
        self.detail = detail
    }
}

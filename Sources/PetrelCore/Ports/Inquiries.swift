/// An inquiry whose question nobody has posted yet.
public struct UnaskedInquiry: Sendable {
    /// The execution that waits for the answer, with what it asks as its result.
    public var inquiry: Execution
    /// The execution that began it all: the workflow that somebody started, or the inquiry itself.
    public var root: Execution

    /// An unasked inquiry from its parts.
    public init(inquiry: Execution, root: Execution) {
        self.inquiry = inquiry
        self.root = root
    }
}

/// A question that stands in a conversation and has no answer yet.
public struct OpenQuestion: Sendable {
    /// The execution that waits for the answer, with what it asks as its result.
    public var inquiry: Execution
    /// Where it was asked.
    public var conversation: Conversation

    /// A question from its parts.
    public init(inquiry: Execution, conversation: Conversation) {
        self.inquiry = inquiry
        self.conversation = conversation
    }
}

/// Inquiries: executions that wait for a person's answer, each at most for its time to live.
public protocol InquiryStore: Sendable {
    /// Ends a pending inquiry with its answer. Flushed.
    /// - Returns: nil, and nothing is stored, if it is not pending any more.
    func answer(_ id: ExecutionID, result: Value, at: Instant, audit: [AuditRecord]) async throws(CoreError)
        -> Execution?
    /// Ends the pending inquiries whose time to live is over with the status `timeout`. Flushed if there are any.
    /// - Returns: those that ended, without their results.
    func expireInquiries(at: Instant) async throws(CoreError) -> [Execution]
    /// Pending inquiries whose question is not in the outbox yet, oldest first; at most `limit`.
    func unaskedInquiries(limit: Int) async throws(CoreError) -> [UnaskedInquiry]
    /// Stores the posts of an inquiry's question and where it stands. Flushed.
    /// - Returns: false, and nothing is stored, if it was asked before or is not pending any more.
    func settleQuestion(_ id: ExecutionID, posts: [OutboundPost], at: Instant) async throws(CoreError) -> Bool
    /// Questions without an answer that stand in a channel, newest first.
    func openQuestions(adapter: AdapterName, channel: String) async throws(CoreError) -> [OpenQuestion]
}

/// An execution as the store has it: its documents are JSON texts that nobody has read.
///
/// Who only shows an execution needs no more; reading and writing the documents again costs most of that.
public struct ExecutionTexts: Sendable {
    /// Its id.
    public var id: ExecutionID
    /// The action's name.
    public var action: ContentRef
    /// The metadata that was in force when it was requested.
    public var definition: ActionDefinition
    /// The name of the runner type.
    public var runner: String
    /// The name of the status.
    public var status: String
    /// An object.
    public var parameters: String
    /// An object.
    public var context: String
    /// Who asked for it.
    public var user: String
    /// The workflow that it belongs to.
    public var parent: String?
    /// When it was requested.
    public var startedAt: Instant
    /// When it ended, if it has.
    public var endedAt: Instant?
    /// What came of it; nil where there is nothing yet.
    public var result: String?
    /// How many bytes the result has.
    public var resultBytes: Int
    /// The stored form of its changes of status.
    public var log: String
    /// How long it was to wait.
    public var delay: Duration

    /// The texts of a row.
    public init(
        id: ExecutionID, action: ContentRef, definition: ActionDefinition, runner: String, status: String,
        parameters: String, context: String, user: String, parent: String?, startedAt: Instant, endedAt: Instant?,
        result: String?, resultBytes: Int, log: String, delay: Duration
    ) {
        self.id = id
        self.action = action
        self.definition = definition
        self.runner = runner
        self.status = status
        self.parameters = parameters
        self.context = context
        self.user = user
        self.parent = parent
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.result = result
        self.resultBytes = resultBytes
        self.log = log
        self.delay = delay
    }
}

/// What a person is to say so that a command can go on.
public struct Question: Sendable, Hashable {
    /// Where it was asked; the answer is expected in that thread.
    public var conversation: Conversation
    /// The platform's stable id of who was asked; nobody else answers.
    public var person: String
    /// The command that waits, without its address.
    public var command: String
    /// The alias that it is read as, `pack.name`; nil: as it would be read now.
    public var alias: String?
    /// The parameter whose value the answer is.
    public var parameter: String
    /// What earlier answers gave.
    public var given: ValueObject

    /// A question from its parts.
    public init(
        conversation: Conversation, person: String, command: String, alias: String?, parameter: String,
        given: ValueObject = [:]
    ) {
        self.conversation = conversation
        self.person = person
        self.command = command
        self.alias = alias
        self.parameter = parameter
        self.given = given
    }
}

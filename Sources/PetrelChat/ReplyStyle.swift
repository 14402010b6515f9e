import PetrelCore

/// How an alias wants its ack or its result to be shown.
struct ReplyStyle: Sendable {
    private let document: Value?

    init(_ document: Value?) { self.document = document }

    /// Whether it is posted at all: `enabled`, true unless said otherwise.
    var isEnabled: Bool { document?["enabled"]?.bool ?? true }
    /// Whether only the asker sees it: `whisper`.
    var isWhispered: Bool { document?["whisper"]?.bool ?? false }
    /// Whether mentions in it call people: `mentions`.
    var allowsMentions: Bool { document?["mentions"]?.bool ?? false }
    /// Whether a result takes the place of the ack: `replaces_ack`.
    var replacesAck: Bool { document?["replaces_ack"]?.bool ?? false }
    /// Whether a result is told in a line and shown in full in the thread: `details: thread`.
    var hasDetailsInThread: Bool { document?["details"]?.string == "thread" }
}

extension ActionAlias {
    /// How a start is acknowledged.
    var ack: ReplyStyle { ReplyStyle(document["ack"]) }
    /// How the result is posted.
    var result: ReplyStyle { ReplyStyle(document["result"]) }
}

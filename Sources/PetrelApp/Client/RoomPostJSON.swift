import PetrelCore

/// Lines of a room as the API shows them.
enum RoomPostJSON {
    /// The line that an object describes, or nil when it describes none.
    static func post(_ value: Value) -> RoomPost? {
        guard let sequence = value["sequence"]?.integer, let room = value["room"]?.string,
            let key = value["key"]?.string, let author = value["author"]?.string, let text = value["text"]?.string
        else { return nil }
        return RoomPost(
            sequence: sequence, room: room, key: key, inReplyTo: value["in_reply_to"]?.string, author: author,
            text: text, kind: value["kind"]?.string.flatMap(PostKind.init(rawValue:)),
            execution: value["execution_id"]?.string.flatMap { ExecutionID($0) },
            status: value["status"]?.string.flatMap(ExecutionStatus.init(rawValue:)),
            isFinal: value["is_final"]?.bool ?? false,
            at: value["at"]?.string.flatMap { Instant($0) } ?? Instant(microseconds: 0))
    }
}

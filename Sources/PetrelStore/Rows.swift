import GRDB
import PetrelCore
import Synchronization

extension Value {
    /// JSON text for a column.
    var columnText: String { JSONWriter.text(self) }

    /// A value from a column that Petrel wrote.
    static func fromColumn(_ text: String) throws -> Value { try JSONReader.value(text, limits: .ownDocument) }
}

extension Instant {
    init(column: Int64) { self.init(microseconds: column) }
    init?(column: Int64?) {
        guard let column else { return nil }
        self.init(microseconds: column)
    }
}

/// Definitions by the hash of their text: reading one takes longer than the row.
private let definitions = DefinitionMemo()

private final class DefinitionMemo: Sendable {
    private static let most = 256
    private let known = Mutex<[String: ActionDefinition]>([:])

    /// - Parameter database: read only where the document is not known.
    func definition(_ hash: String, in database: Database) throws -> ActionDefinition {
        if let definition = known.withLock({ $0[hash] }) { return definition }
        let text: String? = try database.first("SELECT document FROM definition WHERE hash = ?", [hash]) {
            $0["document"]
        }
        guard let text else {
            throw CoreError(
                .unavailable, "the database has no definition \(hash) of an execution",
                hint: "Run petrel doctor, and restore the last backup if it finds damage")
        }
        let definition = ActionDefinition(try Value.fromColumn(text).object ?? [:])
        known.withLock { known in
            if known.count >= Self.most { known = [:] }
            known[hash] = definition
        }
        return definition
    }
}

/// The columns of an execution, in the order that ``Execution/init(row:results:)`` reads them.
let executionColumns = """
    e.id, e.action, e.definition, e.runner, e.status, e.parameters, e.context, \
    e.origin, e.parent, e.started_at, e.ended_at, e.result_bytes, e.log, e.attempt, e.owner, e.boot, e.lease_until, \
    e.reply_to, e.delay
    """

extension Execution {
    /// Reads a row with ``executionColumns``; the result stays empty.
    init(row: StoredRow) throws {
        let id = ExecutionID(stored: row["id"])
        let action: String = row["action"]
        self.init(
            id: id, action: ContentRef(action) ?? ContentRef(pack: "", name: action),
            definition: try definitions.definition(row["definition"], in: row.database), runner: row["runner"],
            status: ExecutionStatus(rawValue: row["status"]) ?? .abandoned,
            parameters: try Value.fromColumn(row["parameters"]).object ?? [:],
            context: try Value.fromColumn(row["context"]).object ?? [:],
            origin: Origin(rawValue: row["origin"]) ?? .api,
            parent: (row["parent"] as String?).map(ExecutionID.init(stored:)),
            startedAt: Instant(column: row["started_at"] as Int64), endedAt: Instant(column: row["ended_at"] as Int64?),
            resultBytes: row["result_bytes"], log: StatusChange.log(document: try .fromColumn(row["log"])),
            attempt: row["attempt"], claim: Claim(row: row),
            replyTo: try (row["reply_to"] as String?).flatMap { ReplyAddress(document: try .fromColumn($0)) },
            delay: .microseconds(row["delay"] as Int64))
    }
}

extension ExecutionTexts {
    /// Reads the columns of ``SQLiteStorage/executionTexts(_:)``.
    init(_ id: ExecutionID, row: StoredRow) throws {
        let action: String = row["action"]
        self.init(
            id: id, action: ContentRef(action) ?? ContentRef(pack: "", name: action),
            definition: try definitions.definition(row["definition"], in: row.database), runner: row["runner"],
            status: row["status"], parameters: row["parameters"], context: row["context"], user: row["user"],
            parent: row["parent"], startedAt: Instant(column: row["started_at"] as Int64),
            endedAt: Instant(column: row["ended_at"] as Int64?), result: row["result"],
            resultBytes: row["result_bytes"], log: row["log"], delay: .microseconds(row["delay"] as Int64))
    }
}

extension Claim {
    init?(row: StoredRow) {
        guard let owner = row["owner"] as String? else { return nil }
        self.init(
            owner: owner, boot: row["boot"] ?? "", leaseUntil: Instant(column: row["lease_until"] as Int64? ?? 0))
    }
}

extension OutboundPost {
    init(row: StoredRow) throws {
        let replyTo = ReplyAddress(document: try .fromColumn(row["reply_to"]))
        guard let replyTo else { throw CoreError(.unavailable, "a post of the outbox has no readable address") }
        self.init(
            id: DeliveryID(stored: row["id"]), to: replyTo, kind: PostKind(rawValue: row["kind"]) ?? .notice,
            text: row["text"], execution: (row["execution"] as String?).map(ExecutionID.init(stored:)),
            status: (row["status"] as String?).flatMap(ExecutionStatus.init(rawValue:)), isFinal: row["is_final"])
        guard let document = row["document"] as String? else { return }
        present(as: try .fromColumn(document), replacing: row["replaced_id"])
    }
}

extension RoomPost {
    init(row: StoredRow) {
        self.init(
            sequence: row["sequence"], room: row["room"], key: row["key"], inReplyTo: row["in_reply_to"],
            author: row["author"], isOwner: row["is_owner"], text: row["text"],
            kind: (row["kind"] as String?).flatMap(PostKind.init(rawValue:)),
            execution: (row["execution"] as String?).map(ExecutionID.init(stored:)),
            status: (row["status"] as String?).flatMap(ExecutionStatus.init(rawValue:)), isFinal: row["is_final"],
            at: Instant(column: row["at"] as Int64))
    }
}

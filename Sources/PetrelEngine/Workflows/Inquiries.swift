public import PetrelCore
import PetrelExpressions

/// Questions that executions put to people, and their answers.
public struct Inquiries: Sendable {
    private let store: any Storage
    private let access: Access
    private let events: EventHub
    private let clock: any PetrelClock

    /// Inquiries of a store.
    public init(store: any Storage, access: Access, events: EventHub, clock: any PetrelClock) {
        self.store = store
        self.access = access
        self.events = events
        self.clock = clock
    }

    /// The inquiries that wait for an answer, oldest first, and how many there are in all.
    public func pending(limit: Int) async throws(CoreError) -> ExecutionPage {
        var query = ExecutionQuery()
        query.runner = InquirerRunner.typeName
        query.statuses = [.pending]
        query.limit = limit
        query.isAscending = true
        return try await store.executions(query)
    }

    /// The inquiry as the API shows it.
    public static func document(_ inquiry: Execution) -> ValueObject {
        var shown: ValueObject = ["id": .string(inquiry.id.text)]
        for key in ["route", "ttl", "users", "roles", "schema"] { shown[key] = inquiry.result?[key] ?? .null }
        return shown
    }

    /// Takes an answer, if the inquiry waits for one, the person may give it and it follows the schema.
    /// - Throws: ``EngineError`` with the sentence that StackStorm's API gives, in its order of checks.
    public func respond(_ id: ExecutionID, with response: ValueObject, by identity: Identity)
        async throws(EngineError) -> ValueObject
    {
        guard let inquiry = try await found(id) else {
            throw EngineError(.unknownInquiry, "Unable to identify resource with id \"\(id)\".")
        }
        try check(inquiry, identity)
        let whole = try checked(response, inquiry)
        var result = inquiry.result?.object ?? [:]
        result["response"] = .object(whole)
        let audit = AuditRecord(
            at: clock.now, kind: .workflow, user: identity.user, subject: id.text, decision: "answered",
            detail: ["action": .string(inquiry.action.description)])
        let answered: Execution?
        do throws(CoreError) {
            answered = try await store.answer(id, result: .object(result), at: clock.now, audit: [audit])
        } catch { throw EngineError(error) }
        guard let answered else { throw Self.answeredBefore(id) }
        events.publish(.executionChanged(answered))
        if let parent = answered.parent { events.publish(.workflowOwed(parent)) }
        if answered.replyTo != nil { events.publish(.replyOwed) }
        return whole
    }

    private func found(_ id: ExecutionID) async throws(EngineError) -> Execution? {
        do throws(CoreError) { return try await store.execution(id) } catch { throw EngineError(error) }
    }

    private static func answeredBefore(_ id: ExecutionID) -> EngineError {
        EngineError(.invalidAnswer, "Inquiry \"\(id)\" has already been responded to.")
    }

    private func check(_ inquiry: Execution, _ identity: Identity) throws(EngineError) {
        guard inquiry.runner == InquirerRunner.typeName else {
            throw EngineError(.invalidAnswer, "Action execution \"\(inquiry.id)\" is not an inquiry.")
        }
        if inquiry.status == .timeout {
            throw EngineError(.invalidAnswer, "Inquiry \"\(inquiry.id)\" timed out and cannot be responded to.")
        }
        guard inquiry.status == .pending else { throw Self.answeredBefore(inquiry.id) }
        guard mayAnswer(inquiry, identity) else {
            throw EngineError(
                .forbidden,
                "User \"\(identity.user)\" does not have permission to respond to inquiry \"\(inquiry.id)\".")
        }
    }

    /// Whether the inquiry takes answers from somebody: by name, and by role.
    public func mayAnswer(_ inquiry: Execution, _ identity: Identity) -> Bool {
        let users = (inquiry.result?["users"]?.array ?? []).compactMap(\.string)
        let roles = (inquiry.result?["roles"]?.array ?? []).compactMap(\.string)
        return (users.isEmpty || users.contains { $0.hasSameBytes(as: identity.user) })
            && (roles.isEmpty || roles.contains { access.has($0, identity) })
    }

    /// The answer with the schema's defaults, if it follows the schema.
    private func checked(_ response: ValueObject, _ inquiry: Execution) throws(EngineError) -> ValueObject {
        let source = inquiry.result?["schema"] ?? [:]
        let schema: JSONSchema
        do throws(ExpressionError) { schema = try JSONSchema(source) } catch {
            throw EngineError(
                .invalidAnswer, "The schema of inquiry \"\(inquiry.id)\" can't be used: \(error.message)",
                hint: error.hint)
        }
        let whole = schema.withDefaults(.object(response))
        if let violation = schema.mostRelevantViolation(whole) {
            throw EngineError(
                .invalidAnswer,
                "Response for inquiry \"\(inquiry.id)\" did not pass schema validation. \(violation.description)")
        }
        return whole.object ?? response
    }

    /// A result with the answer's secret values starred.
    static func masked(_ result: Value?) -> Value? {
        guard var members = result?.object, var response = members["response"]?.object else { return result }
        for (name, property) in members["schema"]?["properties"]?.object ?? [:]
        where property["secret"]?.bool == true && response[name]?.isNull == false {
            response[name] = .string(secretMask)
        }
        members["response"] = .object(response)
        return .object(members)
    }
}

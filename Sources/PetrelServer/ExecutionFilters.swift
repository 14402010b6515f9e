import PetrelCore

/// Reads the filters and the order of a listing of executions.
struct ExecutionFilters {
    private let request: APIRequest
    /// What `filter=key:value …` says; it wins over parameters of the same name.
    private let advanced: [String: String]

    init(_ request: APIRequest) {
        self.request = request
        let pairs = (request.text("filter") ?? "").split(separator: " ").compactMap { pair -> (String, String)? in
            let parts = pair.split(separator: ":", maxSplits: 1)
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
        }
        advanced = Dictionary(pairs, uniquingKeysWith: { _, last in last })
    }

    /// The query without its page.
    func query() throws(APIError) -> ExecutionQuery {
        var query = ExecutionQuery()
        query.action = text("action")
        query.user = text("user")
        query.runner = text("runner")
        query.ids = (text("id") ?? "").split(separator: ",").map { ExecutionID(stored: String($0)) }
        let statuses = (text("status") ?? "").split(separator: ",").map(String.init)
        query.statuses = statuses.compactMap(ExecutionStatus.init(rawValue:))
        // A status that there is not matches nothing, and neither does a rule or trigger that started nothing.
        let isEmpty = query.statuses.isEmpty && !statuses.isEmpty
        if isEmpty || foreign { query.ids = [ExecutionID(stored: "")] }
        if let parent = text("parent") {
            query.parent = .some(parent == "null" ? nil : ExecutionID(stored: parent))
        }
        try addTimes(to: &query)
        addOrder(to: &query)
        let included = request.list("include_attributes")
        query.withResults =
            !request.list("exclude_attributes").contains("result")
            && (included.isEmpty || included.contains { $0 == "result" || $0.hasPrefix("result.") })
        return query
    }

    /// Whether a filter asks for what only rules start.
    private var foreign: Bool {
        ["rule", "trigger", "trigger_type", "trigger_instance"].contains { text($0).map { $0 != "null" } ?? false }
    }

    private func addTimes(to query: inout ExecutionQuery) throws(APIError) {
        query.startedAfter = try instant(text("timestamp_gt"))
        query.startedBefore = try instant(text("timestamp_lt"))
        query.isAscending = query.startedAfter != nil && query.startedBefore == nil
        guard let text = text("timestamp") else { return }
        let parts = text.split(separator: "..", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let first = try instant(parts[0]), let last = try instant(parts.last) else { return }
        query.started = min(first, last)...max(first, last)
        query.isAscending = parts.count > 1 && first <= last
    }

    private func addOrder(to query: inout ExecutionQuery) {
        if request.text("sort_asc") != nil { query.isAscending = true }
        if request.text("sort_desc") != nil { query.isAscending = false }
        for name in request.list("sort") {
            let isDescending = name.hasPrefix("-")
            let plain = name.hasPrefix("-") || name.hasPrefix("+") ? String(name.dropFirst()) : name
            if let key = Self.keys[plain] { query.order.append((key, !isDescending)) }
        }
    }

    private static let keys: [String: ExecutionQuery.Key] = [
        "action": .action, "status": .status, "user": .user, "runner": .runner, "parent": .parent, "id": .id,
        "timestamp": .startedAt, "start_timestamp": .startedAt,
    ]

    private func text(_ name: String) -> String? { advanced[name] ?? request.text(name) }

    private func instant(_ text: String?) throws(APIError) -> Instant? {
        guard let text, !text.isEmpty else { return nil }
        guard let instant = Instant(text) else {
            throw APIError(.badRequest, "Datetime value does not match expected format.")
        }
        return instant
    }
}

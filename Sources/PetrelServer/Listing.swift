import PetrelCore

/// StackStorm's list conventions: limit and offset, the total in a header, chosen attributes.
struct Listing {
    let request: APIRequest
    /// Attributes that are never left out.
    let mandatory: [String]

    init(_ request: APIRequest, mandatory: [String] = ["id"]) {
        self.request = request
        self.mandatory = mandatory
    }

    /// The page size, after the checks that the reference makes.
    func limit(default standard: Int?) throws(APIError) -> Int? {
        guard let limit = try request.integer("limit") else { return standard }
        if limit == 0 {
            throw APIError(
                .badRequest, "Limit, \"0\" specified, must be a positive number or -1 for full result set.")
        }
        if limit < -1 { throw APIError(.badRequest, "Limit, \"\(limit)\" specified, must be a positive number.") }
        if limit == -1, !request.isAdministrator {
            throw APIError(
                .forbidden,
                "Administrator access required to be able to specify limit=-1 and retrieve all the records")
        }
        if limit > 100, !request.isAdministrator {
            throw APIError(.forbidden, "Limit \"\(limit)\" specified, maximum value is \"100\"")
        }
        return limit
    }

    func offset() throws(APIError) -> Int {
        let offset = try request.integer("offset") ?? 0
        guard offset < 1 << 31 else {
            throw APIError(.badRequest, "Offset \"\(offset)\" specified is more than 32-bit int")
        }
        return max(0, offset)
    }

    /// What an execution can show.
    static let executionAttributes: Set<String> = [
        "id", "trigger", "trigger_type", "trigger_instance", "rule", "action", "runner", "liveaction", "status",
        "start_timestamp", "end_timestamp", "elapsed_seconds", "web_url", "parameters", "context", "result",
        "result_size", "parent", "children", "log", "delay", "workflow_execution", "task_execution", "uid",
    ]
    /// What may be left out of an execution.
    static let executionExcludable: Set<String> = ["result", "trigger_instance", "status"]

    /// Fails on attributes that the resource does not have, as the reference does.
    func checkAttributes(allowed: Set<String>, excludable: Set<String>) throws(APIError) {
        for path in request.list("include_attributes") {
            let name = path.split(separator: ".").first.map(String.init) ?? path
            if !allowed.contains(name) {
                throw APIError(.badRequest, "Invalid or unsupported include attribute specified: \(path)")
            }
        }
        for name in request.list("exclude_attributes") where !excludable.contains(name) {
            throw APIError(.badRequest, "Invalid or unsupported exclude attribute specified: \(name)")
        }
    }

    /// A page of documents that are all in memory.
    func page(_ documents: [ValueObject], defaultLimit: Int?) throws(APIError) -> APIResponse {
        let limit = try limit(default: defaultLimit)
        let rest = documents.dropFirst(try offset())
        let shown = limit.map { $0 < 0 ? Array(rest) : Array(rest.prefix($0)) } ?? Array(rest)
        return try response(shown, total: documents.count, limit: limit)
    }

    /// The answer for a page that the store has cut.
    func response(_ documents: [ValueObject], total: Int, limit: Int?) throws(APIError) -> APIResponse {
        var headers = [("X-Total-Count", String(total))]
        if let limit { headers.append(("X-Limit", String(limit))) }
        var chosen: [Value] = []
        for document in documents { chosen.append(.object(try choose(from: document))) }
        return APIResponse(.array(chosen), headers: headers)
    }

    /// The attributes of a document that the caller wants.
    func choose(from document: ValueObject) throws(APIError) -> ValueObject {
        let (included, excluded) = (request.list("include_attributes"), request.list("exclude_attributes"))
        guard included.isEmpty || excluded.isEmpty else {
            throw APIError(
                .badRequest,
                "exclude_fields and include_fields arguments are mutually exclusive. "
                    + "You need to provide either one or another, but not both.")
        }
        if !excluded.isEmpty { return document.filter { !excluded.contains($0.key) || mandatory.contains($0.key) } }
        if included.isEmpty { return document }
        var chosen: ValueObject = [:]
        for name in mandatory { chosen[name] = document[name] }
        for path in included { copy(path.split(separator: ".").map(String.init)[...], from: document, to: &chosen) }
        return chosen
    }

    private func copy(_ path: ArraySlice<String>, from source: ValueObject, to target: inout ValueObject) {
        guard let key = path.first, let value = source[key] else { return }
        guard path.count > 1, case .object(let inner) = value else {
            target[key] = value
            return
        }
        // A plain name asked for before or after a dotted one wins: it already holds all.
        var part = target[key]?.object ?? [:]
        copy(path.dropFirst(), from: inner, to: &part)
        target[key] = .object(part)
    }
}

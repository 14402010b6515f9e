import PetrelCore
import PetrelEngine
import PetrelExpressions

/// One row of the table of routes: what is served, what a caller must be allowed, and what `/openapi.json` says of it.
struct Route: Sendable {
    enum Method: String, Sendable { case get = "GET", post = "POST", put = "PUT", delete = "DELETE" }

    /// What must be allowed before the handler's answer is sent.
    enum Gate: Sendable, Equatable {
        /// Everybody, without credentials.
        case open
        /// Whoever has credentials.
        case known
        /// The permission, whatever the resource.
        case type(Permission)
        /// The permission on the resource, which the handler names by ``APIRequest/authorize(_:owner:)``.
        case resource(Permission)
        /// The permission to send to the webhook of the path, or the sender's signature where the settings ask for one.
        case webhook
    }

    /// Which of StackStorm's services a route belongs to, where two have one of the same path.
    enum Service: Sendable { case any, api, stream }

    var method: Method
    /// Segments joined by `/`; `:name` stands for one segment, `**` for the rest.
    var path: String
    var gate: Gate
    var service: Service
    /// What it does, in a sentence without a period.
    var summary: String
    /// What may stand in the query; whatever else does is ignored, as in StackStorm.
    var query: [QueryParameter]
    /// What the body must be; nil for a route without one.
    var body: RequestBody?
    var handle: @Sendable (APIRequest) async throws(APIError) -> APIResponse

    init(
        _ method: Method, _ path: String, _ gate: Gate, _ summary: String, service: Service = .any,
        query: [QueryParameter] = [], body: RequestBody? = nil,
        _ handle: @escaping @Sendable (APIRequest) async throws(APIError) -> APIResponse
    ) {
        self.method = method
        self.path = path
        self.gate = gate
        self.service = service
        self.summary = summary
        self.query = query
        self.body = body
        self.handle = handle
    }

    /// The permission behind the gate.
    var permission: Permission? {
        switch gate {
        case .open, .known: nil
        case .type(let permission), .resource(let permission): permission
        case .webhook: .webhookSend
        }
    }
}

/// A parameter that a route reads from the query.
struct QueryParameter: Sendable {
    enum Kind: String, Sendable { case string, integer, boolean, list }

    var name: String
    var kind: Kind
    var summary: String

    static func string(_ name: String, _ summary: String) -> Self { .init(name: name, kind: .string, summary: summary) }
    static func integer(_ name: String, _ summary: String) -> Self {
        .init(name: name, kind: .integer, summary: summary)
    }
    static func boolean(_ name: String, _ summary: String) -> Self {
        .init(name: name, kind: .boolean, summary: summary)
    }
    static func list(_ name: String, _ summary: String) -> Self { .init(name: name, kind: .list, summary: summary) }

    /// The parameters of a listing.
    static let paging: [QueryParameter] = [
        .integer("limit", "Most entries; -1 for all, for administrators"),
        .integer("offset", "Entries to leave out first"),
    ]
    /// Which attributes are shown.
    static let attributes: [QueryParameter] = [
        .list("include_attributes", "Only these, dotted ones too"), .list("exclude_attributes", "All but these"),
    ]
    static let ids: [QueryParameter] = [.list("id", "Only these ids"), .list("name", "Only these names")]
    static let pack: [QueryParameter] = [.string("pack", "Only those of this pack")]
    static let secrets: [QueryParameter] = [.boolean("show_secrets", "Secrets in clear, for administrators")]
}

/// What the body of a request must be.
enum RequestBody: Sendable {
    /// JSON that follows a schema; defaults of absent properties are filled in.
    case json(JSONBodySchema)
    /// Any JSON, or none.
    case anyJSON
    /// Text as it is.
    case text
}

/// The schema of a JSON object in a request.
struct JSONBodySchema: Sendable {
    let document: ValueObject
    private let schema: JSONSchema?

    /// An object with these properties and no others; those in `required` must be there.
    init(_ properties: ValueObject, required: [String] = [], allowsOthers: Bool = false) {
        var document: ValueObject = ["type": "object", "properties": .object(properties)]
        if !required.isEmpty { document["required"] = .array(required.map(Value.string)) }
        if !allowsOthers { document["additionalProperties"] = false }
        self.document = document
        schema = try? JSONSchema(.object(document))
        assert(schema != nil, "a schema of the table of routes is none: \(document)")
    }

    /// The body with its defaults, if it follows the schema.
    func checked(_ body: Value) throws(APIError) -> ValueObject {
        guard let object = (body.isNull ? [:] : body).object else {
            throw APIError(.badRequest, "Expected a JSON object as the body, got \(body.typeName)")
        }
        guard let schema else { return object }
        let whole = schema.withDefaults(.object(object))
        if let violation = schema.mostRelevantViolation(whole) {
            throw APIError(.badRequest, violation.description)
        }
        return whole.object ?? object
    }
}

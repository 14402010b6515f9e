import PetrelCore

/// The query of listings of events.
enum EventFilters {
    /// The parameters that bound the time.
    static func times(_ name: String) -> [QueryParameter] {
        [.string("\(name)_gt", "Only later ones"), .string("\(name)_lt", "Only earlier ones")]
    }

    /// What all such listings share.
    static func query(_ request: APIRequest, times name: String, limit: Int) throws(APIError) -> EventQuery {
        let listing = Listing(request)
        var query = EventQuery()
        query.ids = request.list("id")
        query.limit = try listing.limit(default: limit) ?? limit
        query.offset = try listing.offset()
        query.after = try instant(request.text("\(name)_gt"))
        query.before = try instant(request.text("\(name)_lt"))
        return query
    }

    private static func instant(_ text: String?) throws(APIError) -> Instant? {
        guard let text else { return nil }
        guard let instant = Instant(text) else {
            throw APIError(.badRequest, "Datetime value does not match expected format.")
        }
        return instant
    }
}

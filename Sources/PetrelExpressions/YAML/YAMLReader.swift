public import PetrelCore

/// Reads YAML as PyYAML's safe loader does, through libyaml's events, within limits.
///
/// YAML 1.1: `yes` and `on` are true, `010` is eight, `1:30` is ninety, `1e5` is text. Only standard tags are read.
/// Dates become their ISO text, keys that are no text their JSON form.
public enum YAMLReader {
    /// Reads the one document of a text; null for an empty one.
    /// - Throws: ``ExpressionError`` with code `badYAML`, with the line and column, and what was expected there.
    public static func document(
        _ bytes: [UInt8], file: String, limits: Limits
    ) throws(ExpressionError) -> YAMLDocument {
        guard bytes.count <= limits.maxBytes else {
            throw ExpressionError(
                .badYAML, "the file has \(bytes.count) bytes; \(limits.maxBytes) are allowed",
                location: Location(file: file))
        }
        var builder = YAMLBuilder(events: try YAMLEvents(bytes, file: file), file: file, limits: limits)
        return try builder.document()
    }
}

/// Builds values from the events of one text.
struct YAMLBuilder {
    /// A value as it was built, with what an alias to it will cost.
    struct Built {
        var value: Value
        /// Index into the places.
        var place: Int
        /// Values in it, aliases expanded.
        var count = 1
        /// Levels below it.
        var height = 0
        var isMergeKey = false
        /// Whether it is a mapping, which `<<` can merge; a set is none.
        var isMapping = false
    }

    private enum Anchor {
        case open
        case finished(Built)
    }

    let events: YAMLEvents
    let file: String
    let limits: Limits
    private var anchors: [String: Anchor] = [:]
    var places = YAMLPlaces()
    var warnings: [ExpressionError] = []
    private var count = 0

    init(events: YAMLEvents, file: String, limits: Limits) {
        self.events = events
        self.file = file
        self.limits = limits
    }

    mutating func document() throws(ExpressionError) -> YAMLDocument {
        _ = try events.next()
        guard case .documentStart = try events.next().kind else {
            return YAMLDocument(value: .null, warnings: [], file: file, places: places)
        }
        let root = try node(try events.next(), depth: 0)
        places.root = root.place
        _ = try events.next()
        let last = try events.next()
        guard case .streamEnd = last.kind else {
            throw problem(
                "a second document begins here", at: last.mark, hint: "Keep one document in a file: remove the `---`")
        }
        return YAMLDocument(value: root.value, warnings: warnings, file: file, places: places)
    }

    func problem(_ message: String, at mark: YAMLMark, hint: String? = nil) -> ExpressionError {
        ExpressionError(.badYAML, message, hint: hint, location: YAMLProblem.location(mark, file: file))
    }

    mutating func node(_ event: YAMLEvent, depth: Int, isKey: Bool = false) throws(ExpressionError) -> Built {
        guard depth <= limits.maxDepth else {
            throw problem("nested deeper than \(limits.maxDepth) levels", at: event.mark)
        }
        switch event.kind {
        case .alias(let name): return try aliased(name, at: event.mark, depth: depth)
        case .scalar(let text, let tag, let isPlain, let anchor):
            try open(anchor, at: event.mark)
            var built = try scalar(text, tag: tag, isPlain: isPlain, at: event.mark)
            try spend(built.count - 1, at: event.mark)
            guard isKey || !built.isMergeKey else {
                throw problem("`<<` is a key, not a value", at: event.mark, hint: "Put it in quotes")
            }
            built.place = places.add(event.mark)
            return close(anchor, built)
        case .sequenceStart(let tag, let anchor):
            try open(anchor, at: event.mark)
            return close(anchor, try sequence(tag: tag, at: event.mark, depth: depth))
        case .mappingStart(let tag, let anchor):
            try open(anchor, at: event.mark)
            return close(anchor, try mapping(tag: tag, at: event.mark, depth: depth))
        default: throw problem("expected a value here", at: event.mark)
        }
    }

    private mutating func open(_ anchor: String?, at mark: YAMLMark) throws(ExpressionError) {
        try spend(1, at: mark)
        guard let anchor else { return }
        guard anchors[anchor] == nil else {
            throw problem("the anchor &\(anchor) is defined a second time", at: mark, hint: "Give it another name")
        }
        anchors[anchor] = .open
    }

    private mutating func close(_ anchor: String?, _ built: Built) -> Built {
        if let anchor { anchors[anchor] = .finished(built) }
        return built
    }

    /// Counts values before they exist, so that an alias bomb costs nothing.
    private mutating func spend(_ amount: Int, at mark: YAMLMark) throws(ExpressionError) {
        count += amount
        guard count <= limits.maxNodes else {
            throw problem(
                "more than \(limits.maxNodes) values, those under aliases counted each time", at: mark,
                hint: "Use fewer aliases, or split the file")
        }
    }

    private mutating func aliased(
        _ name: String, at mark: YAMLMark, depth: Int
    ) throws(ExpressionError) -> Built {
        switch anchors[name] {
        case nil:
            throw problem(
                "the alias *\(name) has no anchor &\(name) before it", at: mark,
                hint: "Put a text that begins with `*` in quotes")
        case .open: throw problem("the alias *\(name) stands inside its own anchor", at: mark)
        case .finished(var built):
            try spend(built.count, at: mark)
            guard depth + built.height <= limits.maxDepth else {
                throw problem("nested deeper than \(limits.maxDepth) levels", at: mark)
            }
            built.place = places.add(mark, partsOf: built.place)
            return built
        }
    }
}

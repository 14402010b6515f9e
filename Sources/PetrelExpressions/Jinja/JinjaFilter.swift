import PetrelCore

/// A filter: its parameters and what it does.
struct JinjaFilter: Sendable {
    typealias SlotBody = @Sendable (JinjaRun, JinjaValue, [JinjaValue?]) throws(PythonFault) -> JinjaValue
    typealias OpenBody = @Sendable (JinjaRun, JinjaValue, JinjaArguments) throws(PythonFault) -> JinjaValue

    enum Kind: Sendable {
        /// Named parameters, each with a slot; nil where it was not given.
        case slots([String], required: Int, SlotBody)
        /// Any arguments.
        case open(OpenBody)
    }

    let name: String
    let kind: Kind

    init(_ name: String, _ parameters: [String] = [], required: Int = 0, _ body: @escaping SlotBody) {
        self.name = name
        kind = .slots(parameters, required: required, body)
    }

    init(open name: String, _ body: @escaping OpenBody) {
        self.name = name
        kind = .open(body)
    }

    func call(_ run: JinjaRun, _ value: JinjaValue, _ arguments: JinjaArguments) throws(PythonFault) -> JinjaValue {
        switch kind {
        case .slots(let names, let required, let body):
            return try body(run, value, try arguments.bound(to: names, required: required, of: name))
        case .open(let body): return try body(run, value, arguments)
        }
    }

    /// The filter of a name in an environment.
    static func named(_ name: String, _ environment: JinjaEnvironment) -> JinjaFilter? {
        if let filter = builtIn[name] { return filter }
        return environment == .orquesta
            ? JinjaStackStormFilters.orquesta[name] : JinjaStackStormFilters.stackstorm[name]
    }

    private static let builtIn: [String: JinjaFilter] = {
        let filters =
            JinjaTextFilters.filters + JinjaListFilters.filters + JinjaSelectionFilters.filters
            + JinjaNumberFilters.filters + JinjaMarkupFilters.filters + JinjaLayoutFilters.filters
        var table = Dictionary(uniqueKeysWithValues: filters.map { ($0.name, $0) })
        for (alias, name) in [("d", "default"), ("e", "escape"), ("count", "length")] { table[alias] = table[name] }
        return table
    }()
}

/// Reading what was given for a parameter.
extension [JinjaValue?] {
    /// The text of a slot.
    func text(_ at: Int, _ fallback: String, _ run: JinjaRun) throws(PythonFault) -> String {
        guard let value = self[at] else { return fallback }
        return try run.text(value)
    }

    func truth(_ at: Int, _ fallback: Bool, _ run: JinjaRun) throws(PythonFault) -> Bool {
        guard let value = self[at] else { return fallback }
        return try run.truth(value)
    }

    func int(_ at: Int, _ fallback: Int) throws(PythonFault) -> Int {
        guard let value = self[at] else { return fallback }
        if case .value(.bigInteger) = value {
            throw PythonFault(.overflow, "Python int too large to convert to C ssize_t")
        }
        guard let number = value.int else {
            throw .type("'\(value.typeName)' object cannot be interpreted as an integer")
        }
        return number
    }
}

/// Reads attributes by a path such as `a.b.0`, for the filters that take an `attribute`.
struct JinjaPath {
    private let parts: [JinjaValue]
    private let fallback: JinjaValue?

    init(_ attribute: JinjaValue?, default fallback: JinjaValue? = nil) {
        self.fallback = fallback.flatMap { $0.isNone ? nil : $0 }
        guard let attribute, !attribute.isNone else {
            parts = []
            return
        }
        guard let text = attribute.string else {
            parts = [attribute]
            return
        }
        parts = PythonText.split(text, separator: ".").map { part in
            PythonText.isDigit(part)
                ? ((try? PythonInteger.parse(part))?.value).map { .value($0) } ?? .text(part) : .text(part)
        }
    }

    func value(of item: JinjaValue, _ run: JinjaRun) throws(PythonFault) -> JinjaValue {
        var item = item
        for part in parts {
            item = try run.item(part, of: item)
            if let fallback, item.isUndefined { item = fallback }
        }
        return item
    }

    /// The value as sorting sees it: text in lower case unless case counts.
    func key(of item: JinjaValue, caseSensitive: Bool, _ run: JinjaRun) throws(PythonFault) -> JinjaValue {
        let value = try value(of: item, run)
        return caseSensitive ? value : run.ignoringCase(value)
    }
}

extension JinjaRun {
    func ignoringCase(_ value: JinjaValue) -> JinjaValue {
        switch value {
        case .value(.string(let text)): .text(PythonText.lower(text))
        case .markup(let text): .markup(PythonText.lower(text))
        default: value
        }
    }

    /// The text of a value for a filter on text, and whether it was markup.
    func soft(_ value: JinjaValue) throws(PythonFault) -> (text: String, isMarkup: Bool) {
        if case .markup(let text) = value { return (text, true) }
        return (try text(value), false)
    }

    /// - Parameter source: what it was cut from; when nothing was cut off, nothing was made.
    func textValue(_ text: String, isMarkup: Bool, from source: String? = nil) throws(PythonFault) -> JinjaValue {
        if text.utf8.count != source?.utf8.count { try budget.make(bytes: text.utf8.count) }
        return isMarkup ? .markup(text) : .text(text)
    }

    /// `len()`.
    func length(_ value: JinjaValue) throws(PythonFault) -> Int {
        switch value {
        case .value(.string(let text)), .markup(let text):
            try budget.work(text.utf8.count / 1_024)
            return PythonText.length(text)
        case .value(.array(let items)): return items.count
        case .list(let list): return list.count
        case .tuple(let tuple): return tuple.items.count
        case .undefined(let undefined):
            try undefined.check()
            return 0
        default:
            if let count = value.memberCount ?? value.object?.length { return count }
            throw .type("object of type '\(value.typeName)' has no len()")
        }
    }

    /// Whether `reversed()` takes it.
    func isReversible(_ value: JinjaValue) -> Bool {
        switch value {
        case .value(.string), .value(.array), .value(.object), .list, .dict, .tuple, .markup, .undefined: true
        case .object(let object): object is JinjaRange || object is JinjaDictView || object is JinjaBytes
        case .value: false
        }
    }
}

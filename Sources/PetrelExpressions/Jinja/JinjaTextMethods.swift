import PetrelCore

/// One call of a method of a text.
struct JinjaTextCall {
    private let text: String
    private let isMarkup: Bool
    private let arguments: JinjaArguments
    private let run: JinjaRun

    init(_ text: String, isMarkup: Bool, _ arguments: JinjaArguments, _ run: JinjaRun) {
        self.text = text
        self.isMarkup = isMarkup
        self.arguments = arguments
        self.run = run
    }

    private var given: [JinjaValue] { arguments.positional }

    func result(_ method: JinjaTextMethod) throws(PythonFault) -> JinjaValue {
        if method.takesNothing, !given.isEmpty || !arguments.named.isEmpty {
            throw .type("str.\(method.rawValue)() takes no arguments (\(given.count + arguments.named.count) given)")
        }
        if text.utf8.count >= 64 {
            var steps = TextCost.jinja(method.rawValue).steps(text)
            for case .value(.string(let needle)) in given { steps += TextCost.needleSteps(needle) }
            try run.budget.work(steps)
        }
        switch method {
        case .upper: return try made(PythonText.upper(text))
        case .lower: return try made(PythonText.lower(text))
        case .capitalize: return try made(PythonText.capitalize(text))
        case .casefold: return try made(PythonText.casefold(text))
        case .swapcase: return try made(PythonText.swapcase(text))
        case .title: return try made(PythonText.title(text))
        case .isalnum: return .bool(PythonText.isAlphanumeric(text))
        case .isalpha: return .bool(PythonText.isAlphabetic(text))
        case .isascii: return .bool(PythonText.isASCII(text))
        case .isdecimal: return .bool(PythonText.isDecimal(text))
        case .isdigit: return .bool(PythonText.isDigit(text))
        case .isidentifier: return .bool(PythonText.isIdentifier(text))
        case .islower: return .bool(PythonText.isLower(text))
        case .isnumeric: return .bool(PythonText.isNumeric(text))
        case .isprintable: return .bool(PythonText.isPrintable(text))
        case .isspace: return .bool(PythonText.isSpace(text))
        case .istitle: return .bool(PythonText.isTitle(text))
        case .isupper: return .bool(PythonText.isUpper(text))
        case .strip: return try strip(method, fromStart: true, fromEnd: true)
        case .lstrip: return try strip(method, fromStart: true, fromEnd: false)
        case .rstrip: return try strip(method, fromStart: false, fromEnd: true)
        case .center, .ljust, .rjust, .zfill: return try justified(method)
        case .split, .rsplit: return try split(method)
        case .splitlines: return try splitLines()
        case .partition, .rpartition: return try partition(method)
        case .startswith, .endswith: return .bool(try hasEnd(method))
        case .find, .rfind, .index, .rindex, .count: return try search(method)
        case .replace: return try replace()
        case .removeprefix, .removesuffix: return try removed(method)
        case .join: return try join()
        case .format, .formatMap: return try format(method)
        case .expandtabs: return try made(PythonText.expandTabs(text, try slots("tabsize").int(0, 8), run.budget))
        case .encode: return try encode()
        case .translate: return try translate()
        case .maketrans: return try translationTable()
        case .striptags, .unescape: return try markupMethod(method)
        }
    }

    private func slots(_ names: String..., required: Int = 0) throws(PythonFault) -> [JinjaValue?] {
        try arguments.bound(to: names, required: required, of: "str")
    }

    private func made(_ result: String) throws(PythonFault) -> JinjaValue {
        try run.textValue(result, isMarkup: isMarkup)
    }

    /// The text of an argument, which must be one.
    private func string(_ value: JinjaValue?, _ complaint: String) throws(PythonFault) -> String {
        guard let value else { throw .type(complaint) }
        guard let text = value.string else { throw .type("\(complaint), not \(value.typeName)") }
        return text
    }

    // MARK: Ends and widths

    private func strip(
        _ method: JinjaTextMethod, fromStart: Bool, fromEnd: Bool
    ) throws(PythonFault) -> JinjaValue {
        let chars = try slots("chars")[0]
        let result = try JinjaTextMethod.stripped(text, chars, fromStart: fromStart, fromEnd: fromEnd, run)
        return try run.textValue(result, isMarkup: isMarkup, from: text)
    }

    private func justified(_ method: JinjaTextMethod) throws(PythonFault) -> JinjaValue {
        let slots = try slots("width", "fillchar", required: 1)
        let width = try slots.int(0, 0)
        let fill =
            try slots[1].map { value throws(PythonFault) in
                try string(value, "The fill character must be a unicode character")
            } ?? " "
        guard PythonText.length(fill) == 1 else {
            throw .type("The fill character must be exactly one character long")
        }
        if method == .center { return try made(try JinjaTextMethod.centered(text, width, fill, run.budget)) }
        let missing = width.subtractingReportingOverflow(PythonText.length(text)).partialValue
        guard width > 0, missing > 0 else { return try made(text) }
        try run.budget.make(missing, times: fill.utf8.count)
        let filling = String(repeating: method == .zfill ? "0" : fill, count: missing)
        switch method {
        case .ljust: return try made(text + filling)
        case .rjust: return try made(filling + text)
        default:
            let hasSign = text.hasPrefix("-") || text.hasPrefix("+")
            return try made(hasSign ? String(text.prefix(1)) + filling + text.dropFirst() : filling + text)
        }
    }

    // MARK: Parts

    private func list(_ parts: [String]) throws(PythonFault) -> JinjaValue {
        if isMarkup { return .list(parts.map { .markup($0) }) }
        if run.sharesContainers { return .list(parts.map { .text($0) }) }
        return .value(.array(parts.map { .string($0) }))
    }

    private func split(_ method: JinjaTextMethod) throws(PythonFault) -> JinjaValue {
        let slots = try slots("sep", "maxsplit")
        let limit = try slots.int(1, -1)
        guard let separator = slots[0], !separator.isNone else {
            return try list(
                method == .split
                    ? try PythonText.split(text, limit: limit, run.budget)
                    : try PythonText.splitFromEnd(text, limit: limit, run.budget))
        }
        let mark = try string(separator, "must be str or None")
        guard !mark.isEmpty else { throw .value("empty separator") }
        return try list(
            method == .split
                ? try PythonText.split(text, separator: mark, limit: limit, run.budget)
                : try PythonText.splitFromEnd(text, separator: mark, limit: limit, run.budget))
    }

    private func splitLines() throws(PythonFault) -> JinjaValue {
        let slots = try slots("keepends")
        let lines = PythonText.lines(text, keepingEnds: try slots.truth(0, false, run))
        try run.budget.makeItems(lines.count)
        try run.budget.make(bytes: text.utf8.count)
        return try list(lines)
    }

    private func partition(_ method: JinjaTextMethod) throws(PythonFault) -> JinjaValue {
        let mark = try string(try slots("sep", required: 1)[0], "must be str")
        guard !mark.isEmpty else { throw .value("empty separator") }
        let parts =
            method == .partition
            ? try PythonText.split(text, separator: mark, limit: 1, run.budget)
            : try PythonText.splitFromEnd(text, separator: mark, limit: 1, run.budget)
        let three =
            parts.count == 2 ? [parts[0], mark, parts[1]] : method == .partition ? [text, "", ""] : ["", "", text]
        return .tuple(three.map { isMarkup ? .markup($0) : .text($0) })
    }

    /// The part of the text that two arguments leave, in code points; nil when there is no such part.
    private func range(_ slots: [JinjaValue?], _ at: Int) throws(PythonFault) -> Range<Int>? {
        let count = PythonText.length(text)
        func bound(_ value: JinjaValue?, _ missing: Int) throws(PythonFault) -> Int {
            guard let value, !value.isNone else { return missing }
            let number = try [Optional.some(value)].int(0, 0)
            return number < 0 ? max(0, number &+ count) : number
        }
        let start = try bound(slots[at], 0)
        let end = min(try bound(slots[at + 1], count), count)
        return start <= end ? start..<end : nil
    }

    private func hasEnd(_ method: JinjaTextMethod) throws(PythonFault) -> Bool {
        let slots = try slots("prefix", "start", "end", required: 1)
        var part = text
        let bounds = try range(slots, 1)
        if slots[1] != nil || slots[2] != nil { part = bounds.map { PythonText.slice(text, $0) } ?? "" }
        func matches(_ end: String) -> Bool {
            guard bounds != nil else { return false }
            return method == .startswith
                ? part.utf8.starts(with: end.utf8) : part.utf8.reversed().starts(with: end.utf8.reversed())
        }
        if case .tuple(let tuple)? = slots[0] {
            for item in tuple.items
            where matches(try string(item, "tuple for \(method.rawValue) must only contain str")) {
                return true
            }
            return false
        }
        return matches(
            try string(slots[0], "\(method.rawValue) first arg must be str or a tuple of str"))
    }

    private func search(_ method: JinjaTextMethod) throws(PythonFault) -> JinjaValue {
        let slots = try slots("sub", "start", "end", required: 1)
        let wanted = try string(slots[0], "must be str")
        guard let range = try range(slots, 1) else {
            if method == .index || method == .rindex { throw .value("substring not found") }
            return .integer(method == .count ? 0 : -1)
        }
        var part = text
        if slots[1] != nil || slots[2] != nil {
            part = PythonText.slice(text, range)
            try run.budget.make(bytes: part.utf8.count)
        }
        if method == .count {
            return .integer(
                wanted.isEmpty ? range.count + 1 : PythonText.occurrences(of: wanted, in: part))
        }
        let isLast = method == .rfind || method == .rindex
        guard let place = place(of: wanted, in: part, isLast: isLast) else {
            if method == .index || method == .rindex { throw .value("substring not found") }
            return .integer(-1)
        }
        return .integer(range.lowerBound + PythonText.length(part, upTo: place))
    }

    private func place(of wanted: String, in part: String, isLast: Bool) -> Int? {
        if wanted.isEmpty { return isLast ? part.utf8.count : 0 }
        if !isLast { return PythonText.firstOffset(of: wanted, in: part) }
        var search = BackwardSearch(of: wanted, in: part)
        return search.next()
    }

    private func replace() throws(PythonFault) -> JinjaValue {
        let slots = try slots("old", "new", "count", required: 2)
        let old = try string(slots[0], "replace() argument 1 must be str")
        var new = try string(slots[1], "replace() argument 2 must be str")
        if isMarkup, case .value? = slots[1] { new = JinjaHTML.escaped(new) }
        return try made(try PythonText.replace(text, old, new, limit: try slots.int(2, -1), run.budget))
    }

    private func removed(_ method: JinjaTextMethod) throws(PythonFault) -> JinjaValue {
        let end = try string(try slots("prefix", required: 1)[0], "\(method.rawValue)() argument must be str")
        let (count, width) = (text.utf8.count, end.utf8.count)
        guard width > 0, width <= count else { return try run.textValue(text, isMarkup: isMarkup, from: text) }
        let rest = method == .removeprefix ? width..<count : 0..<(count - width)
        let removed = method == .removeprefix ? 0..<width : (count - width)..<count
        let isThere = text.utf8.dropFirst(removed.lowerBound).starts(with: end.utf8)
        let result = isThere ? PythonText.part(of: text, rest) : text
        return try run.textValue(result, isMarkup: isMarkup, from: text)
    }

    private func join() throws(PythonFault) -> JinjaValue {
        guard let source = try slots("iterable", required: 1)[0] else { return .emptyText }
        guard JinjaTest.isIterable(source) else { throw .type("can only join an iterable") }
        var iterator = try JinjaIterator(source, run)
        var out = ""
        var at = 0
        while let item = try iterator.next() {
            if at > 0 {
                try run.budget.make(bytes: text.utf8.count)
                run.budget.append(text, to: &out)
            }
            if isMarkup {
                try run.append(part: try run.escapedHTML(item), to: &out)
            } else {
                guard item.string != nil else {
                    throw .type("sequence item \(at): expected str instance, \(item.typeName) found")
                }
                try run.append(part: item, to: &out)
            }
            at += 1
        }
        return isMarkup ? .markup(out) : .text(out)
    }

    // MARK: Formats and tables

    private func format(_ method: JinjaTextMethod) throws(PythonFault) -> JinjaValue {
        var arguments = arguments
        if method == .formatMap {
            guard given.count == 1, arguments.named.isEmpty else {
                throw .type("format_map() takes exactly one argument \(given.count + arguments.named.count) given")
            }
            arguments = JinjaArguments()
            try run.spread(given[0], into: &arguments)
        }
        let source = JinjaFields(arguments: arguments, isMarkup: isMarkup, run: run)
        let result = try PythonBraceFormat.format(text, source, run.budget)
        return isMarkup ? .markup(result) : .text(result)
    }

    private func encode() throws(PythonFault) -> JinjaValue {
        let slots = try slots("encoding", "errors")
        let encoding = PythonText.lower(try slots.text(0, "utf-8", run)).filter { $0 != "-" && $0 != "_" }
        try run.budget.make(bytes: text.utf8.count)
        switch encoding {
        case "utf8": return .object(JinjaBytes(Array(text.utf8)))
        case "ascii", "latin1", "iso88591":
            let limit: UInt32 = encoding == "ascii" ? 0x80 : 0x100
            let errors = try slots.text(1, "strict", run)
            var bytes: [UInt8] = []
            for (at, scalar) in text.unicodeScalars.enumerated() {
                if scalar.value < limit {
                    bytes.append(UInt8(scalar.value))
                } else if let other = Self.replacement(of: scalar, errors) {
                    bytes += other.utf8
                } else {
                    throw PythonFault(
                        .unicode,
                        "'\(encoding)' codec can't encode character in position \(at): ordinal not in range(\(limit))")
                }
            }
            return .object(JinjaBytes(bytes))
        default: throw PythonFault(.exception, "unknown encoding: \(try slots.text(0, "", run))")
        }
    }

    /// What stands in the place of a character that an encoding does not have; nil where that is an error.
    private static func replacement(of scalar: Unicode.Scalar, _ errors: String) -> String? {
        switch errors {
        case "ignore": ""
        case "replace": "?"
        case "xmlcharrefreplace": "&#\(scalar.value);"
        case "backslashreplace": PythonText.asciiOnly(String(scalar))
        default: nil
        }
    }

    private func translate() throws(PythonFault) -> JinjaValue {
        guard let members = try slots("table", required: 1)[0]?.members(run) else {
            throw .type("translate() takes a mapping")
        }
        var out = ""
        for scalar in text.unicodeScalars {
            try run.budget.work()
            guard let entry = members[.number(.integer(Int(scalar.value)))] else {
                out.unicodeScalars.append(scalar)
                continue
            }
            if let code = entry.value.int, let other = UInt32(exactly: code).flatMap(Unicode.Scalar.init) {
                out.unicodeScalars.append(other)
            } else if !entry.value.isNone {
                try run.append(entry.value, to: &out)
            }
        }
        return try made(out)
    }

    private func translationTable() throws(PythonFault) -> JinjaValue {
        let slots = try slots("x", "y", "z", required: 1)
        let dict = JinjaDict()
        func set(_ scalar: Unicode.Scalar, _ value: JinjaValue) {
            let code = Int(scalar.value)
            dict.set(.number(.integer(code)), .integer(code), value)
        }
        if let members = slots[0]?.members(run), slots[1] == nil {
            for entry in members.values {
                if let key = entry.key.string?.unicodeScalars, key.count == 1, let scalar = key.first {
                    set(scalar, entry.value)
                } else {
                    dict.set(try JinjaKey(entry.key), entry.key, entry.value)
                }
            }
            return .dict(dict)
        }
        let from = try string(slots[0], "maketrans() argument 1 must be str").unicodeScalars
        let to = try string(slots[1], "maketrans() argument 2 must be str").unicodeScalars
        guard from.count == to.count else {
            throw .value("the first two maketrans arguments must have equal length")
        }
        for (old, new) in zip(from, to) { set(old, .integer(Int(new.value))) }
        if let dropped = slots[2] {
            for scalar in try string(dropped, "maketrans() argument 3 must be str").unicodeScalars {
                set(scalar, .none)
            }
        }
        return .dict(dict)
    }

    private func markupMethod(_ method: JinjaTextMethod) throws(PythonFault) -> JinjaValue {
        guard isMarkup else {
            throw PythonFault(.undefined, "'str object' has no attribute '\(method.rawValue)'")
        }
        return .text(
            method == .striptags ? try JinjaTagStripper.text(text, run.budget) : JinjaTagStripper.unescaped(text))
    }
}

extension JinjaTextMethod {
    /// Whether it is called without arguments.
    var takesNothing: Bool {
        switch self {
        case .capitalize, .casefold, .isalnum, .isalpha, .isascii, .isdecimal, .isdigit, .isidentifier, .islower,
            .isnumeric, .isprintable, .isspace, .istitle, .isupper, .lower, .swapcase, .title, .upper, .striptags,
            .unescape:
            true
        default: false
        }
    }

    /// The text in the middle of a line of a width.
    static func centered(
        _ text: String, _ width: Int, _ fill: String, _ budget: EvaluationBudget
    ) throws(PythonFault) -> String {
        let length = PythonText.length(text)
        guard width > length else { return text }
        let missing = width - length
        try budget.make(missing, times: fill.utf8.count)
        // As CPython does it: the odd blank goes left only when width and filling are both odd.
        let left = missing / 2 + (missing & width & 1)
        return PythonText.repeated(fill, left) + text + PythonText.repeated(fill, missing - left)
    }

    /// The text without the characters of a set, or without white space, at its ends.
    static func stripped(
        _ text: String, _ chars: JinjaValue?, fromStart: Bool, fromEnd: Bool, _ run: JinjaRun
    ) throws(PythonFault) -> String {
        guard let chars, !chars.isNone else {
            if fromStart, fromEnd { return PythonText.strip(text) }
            return PythonText.strip(text, fromStart: fromStart, fromEnd: fromEnd, PythonText.isSpace)
        }
        guard let set = chars.string else { throw .type("strip arg must be None or str") }
        let dropped = ScalarSet(set)
        return PythonText.strip(text, fromStart: fromStart, fromEnd: fromEnd) { dropped.contains($0) }
    }
}

/// Where the fields of `str.format` in a template find what they name.
struct JinjaFields: PythonFieldSource {
    let arguments: JinjaArguments
    let isMarkup: Bool
    let run: JinjaRun
    var numbersParts: Bool { false }

    private func object(_ value: JinjaValue) -> JinjaFormatted { JinjaFormatted(value: value, run: run) }

    func positional(_ index: Int) throws(PythonFault) -> JinjaFormatted {
        guard index < arguments.positional.count else { throw PythonFault(.indexError, "tuple index out of range") }
        return object(arguments.positional[index])
    }

    func named(_ name: String) throws(PythonFault) -> JinjaFormatted {
        guard let found = arguments.named.first(where: { $0.name == name }) else {
            throw PythonFault(.keyError, PythonText.quoted(name))
        }
        return object(found.value)
    }

    func attribute(_ name: String, of object: JinjaFormatted) throws(PythonFault) -> JinjaFormatted {
        self.object(try run.attribute(JinjaAttribute(name), of: object.value))
    }

    func item(_ index: Int, of object: JinjaFormatted) throws(PythonFault) -> JinjaFormatted {
        self.object(try run.item(.integer(index), of: object.value))
    }

    func item(_ key: String, of object: JinjaFormatted) throws(PythonFault) -> JinjaFormatted {
        self.object(try run.item(.text(key), of: object.value))
    }

    func adapted(_ text: String, of object: JinjaFormatted) -> String {
        guard isMarkup else { return text }
        if case .markup = object.value { return text }
        return JinjaHTML.escaped(text)
    }
}

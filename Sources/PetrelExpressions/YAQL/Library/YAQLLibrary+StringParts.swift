import PetrelCore

/// Parts of texts; positions count code points.
extension YAQLLibrary {
    static let stringParts: [YAQLOverload] = [
        .method("split", splitParameters, { (arguments) throws(YAQLFault) in try split(arguments, fromEnd: false) }),
        .method(
            "rightSplit", splitParameters, { (arguments) throws(YAQLFault) in try split(arguments, fromEnd: true) }),
        .method("substring", [.text("string"), .whole("start"), .whole("length", .integer(-1))], substring),
        .method(
            "indexOf", [.text("string"), .text("sub"), .whole("start", .integer(0))],
            { (arguments) throws(YAQLFault) in
                .integer(
                    try find(
                        arguments.text(1), in: arguments.text(0), from: arguments.integer(2), to: nil, arguments.runtime
                    ))
            }),
        .method("indexOf", searchParameters, { (arguments) throws(YAQLFault) in try search(arguments, last: false) }),
        .method(
            "lastIndexOf", [.text("string"), .text("sub"), .whole("start", .integer(0))],
            { (arguments) throws(YAQLFault) in
                .integer(
                    try find(
                        arguments.text(1), in: arguments.text(0), from: arguments.integer(2), to: nil, last: true,
                        arguments.runtime))
            }),
        .method(
            "lastIndexOf", searchParameters, { (arguments) throws(YAQLFault) in try search(arguments, last: true) }),
        .method(
            "toCharArray", [.text("string")],
            { (arguments) throws(YAQLFault) in
                try arguments.runtime.step(arguments.text(0).utf8.count)
                return try arguments.tuple(arguments.text(0).unicodeScalars.map { .string(String($0)) })
            }),
        .method(
            "startsWith", [.text("string")], .rest(.text),
            { (arguments) throws(YAQLFault) in
                .bool(arguments.rest.contains { isText($0) { arguments.text(0).utf8.starts(with: $0.utf8) } })
            }),
        .method(
            "endsWith", [.text("string")], .rest(.text),
            { (arguments) throws(YAQLFault) in
                .bool(
                    arguments.rest.contains {
                        isText($0) { arguments.text(0).utf8.reversed().starts(with: $0.utf8.reversed()) }
                    })
            }),
    ]

    private static let splitParameters: [YAQLParameter] = [
        .text("string"), .textOrNull("separator"), .whole("maxSplits", .integer(-1)),
    ]
    private static let searchParameters: [YAQLParameter] = [
        .text("string"), .text("sub"), .whole("start"), .whole("length"),
    ]

    private static func isText(_ value: YAQLValue, _ test: (String) -> Bool) -> Bool {
        if case .string(let text) = value { test(text) } else { false }
    }

    private static func split(_ arguments: YAQLArguments, fromEnd: Bool) throws(YAQLFault) -> YAQLValue {
        let text = arguments.text(0)
        let limit = arguments.integer(2)
        let parts: [String]
        if let separator = arguments.optionalText(1) {
            guard !separator.isEmpty else { throw .value("empty separator") }
            parts = try python { () throws(PythonFault) in
                fromEnd
                    ? try PythonText.splitFromEnd(text, separator: separator, limit: limit, arguments.budget)
                    : try PythonText.split(text, separator: separator, limit: limit, arguments.budget)
            }
        } else {
            parts = try python { () throws(PythonFault) in
                fromEnd
                    ? try PythonText.splitFromEnd(text, limit: limit, arguments.budget)
                    : try PythonText.split(text, limit: limit, arguments.budget)
            }
        }
        return try arguments.list(parts.map(YAQLValue.string))
    }

    private static func substring(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let text = arguments.text(0)
        let count = PythonText.length(text)
        let length = arguments.integer(2) < 0 ? count : arguments.integer(2)
        let start = arguments.integer(1) < 0 ? arguments.integer(1) + count : arguments.integer(1)
        let range = slice(of: count, from: start, to: sum(start, length))
        return try arguments.text(PythonText.slice(text, range))
    }

    private static func sum(_ one: Int, _ two: Int) -> Int {
        let (sum, overflow) = one.addingReportingOverflow(two)
        return overflow ? (one < 0 ? Int.min : Int.max) : sum
    }

    /// What Python's `[start:stop]` takes of so many items.
    static func slice(of count: Int, from start: Int, to stop: Int) -> Range<Int> {
        let start = max(0, min(count, start < 0 ? sum(start, count) : start))
        let stop = max(0, min(count, stop < 0 ? sum(stop, count) : stop))
        return start..<max(start, stop)
    }

    private static func search(_ arguments: YAQLArguments, last: Bool) throws(YAQLFault) -> YAQLValue {
        let text = arguments.text(0)
        let count = PythonText.length(text)
        let start = arguments.integer(2) < 0 ? arguments.integer(2) + count : arguments.integer(2)
        let length = arguments.integer(3) < 0 ? sum(count, -start) : arguments.integer(3)
        return .integer(
            try find(arguments.text(1), in: text, from: start, to: sum(start, length), last: last, arguments.runtime))
    }

    /// As `str.find` and `str.rfind`: the position, or -1.
    static func find(
        _ needle: String, in text: String, from start: Int, to stop: Int?, last: Bool = false, _ runtime: YAQLRuntime
    ) throws(YAQLFault) -> Int {
        try runtime.step(text.utf8.count / 64 + TextCost.needleSteps(needle) + 1)
        let count = PythonText.length(text)
        let from = start < 0 ? max(0, sum(start, count)) : start
        let range = slice(of: count, from: start, to: stop ?? count)
        let limit = max(0, min(count, stop.map { $0 < 0 ? sum($0, count) : $0 } ?? count))
        guard from <= limit else { return -1 }
        if needle.isEmpty { return last ? range.upperBound : range.lowerBound }
        let part = range == 0..<count ? text : PythonText.slice(text, range)
        var offset: Int?
        if last {
            var search = BackwardSearch(of: needle, in: part)
            offset = search.next()
        } else {
            offset = PythonText.firstOffset(of: needle, in: part)
        }
        guard let offset else { return -1 }
        return range.lowerBound + PythonText.length(part, upTo: offset)
    }
}

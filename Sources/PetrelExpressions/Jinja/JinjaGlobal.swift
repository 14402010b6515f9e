import PetrelCore

/// The functions that every template has.
enum JinjaGlobal {
    static let names: Set<String> = ["range", "dict", "lipsum", "cycler", "joiner", "namespace"]
    /// Longest `range` that the sandbox allows.
    private static let maxRange = 100_000

    static func named(_ name: String) -> JinjaValue? {
        switch name {
        case "range": function(name, range)
        case "dict": .object(JinjaDictType())
        case "lipsum": function(name, lipsum)
        case "cycler": function(name, cycler)
        case "joiner":
            function(name) { _, arguments throws(PythonFault) in
                .object(JinjaJoiner(try arguments.bound(to: ["sep"], of: "joiner")[0] ?? .text(", ")))
            }
        case "namespace": function(name, namespace)
        default: nil
        }
    }

    private static func function(_ name: String, _ body: @escaping JinjaFunction.Body) -> JinjaValue {
        .object(JinjaFunction(name, body))
    }

    private static func range(_ run: JinjaRun, _ arguments: JinjaArguments) throws(PythonFault) -> JinjaValue {
        guard arguments.named.isEmpty else { throw .type("range() takes no keyword arguments") }
        var numbers: [Int] = []
        for value in arguments.positional {
            if case .value(.bigInteger) = value {
                throw PythonFault(.overflow, "Python int too large to convert to C ssize_t")
            }
            guard let number = value.int else {
                throw .type("'\(value.typeName)' object cannot be interpreted as an integer")
            }
            numbers.append(number)
        }
        guard !numbers.isEmpty else { throw .type("range expected at least 1 argument, got 0") }
        guard numbers.count <= 3 else { throw .type("range expected at most 3 arguments, got \(numbers.count)") }
        if numbers.count == 1 { numbers.insert(0, at: 0) }
        if numbers.count == 2 { numbers.append(1) }
        guard numbers[2] != 0 else { throw .value("range() arg 3 must not be zero") }
        guard JinjaRange.count(numbers[0], numbers[1], numbers[2]) <= maxRange else {
            throw PythonFault(
                .overflow, "Range too big. The sandbox blocks ranges larger than MAX_RANGE (\(maxRange)).")
        }
        return .object(JinjaRange(start: numbers[0], stop: numbers[1], step: numbers[2]))
    }

    fileprivate static func dict(_ run: JinjaRun, _ arguments: JinjaArguments) throws(PythonFault) -> JinjaValue {
        try run.budget.work(StepCost.mapping)
        let dict = JinjaDict()
        guard arguments.positional.count <= 1 else {
            throw .type("dict expected at most 1 argument, got \(arguments.positional.count)")
        }
        if let source = arguments.positional.first { try run.update(dict, from: source) }
        for (name, value) in arguments.named { dict.set(.string(name), .text(name), value) }
        return .dict(dict)
    }

    private static func cycler(_ run: JinjaRun, _ arguments: JinjaArguments) throws(PythonFault) -> JinjaValue {
        guard !arguments.positional.isEmpty else {
            throw PythonFault(.runtimeError, "at least one item has to be provided")
        }
        return .object(JinjaCycler(arguments.positional))
    }

    private static func namespace(_ run: JinjaRun, _ arguments: JinjaArguments) throws(PythonFault) -> JinjaValue {
        guard case .dict(let dict) = try dict(run, arguments) else { return .none }
        var members: OrderedDictionary<String, JinjaValue> = [:]
        for (key, entry) in dict.entries { if case .string(let name) = key { members[name] = entry.value } }
        return .object(JinjaNamespace(members))
    }

    // MARK: Lorem ipsum

    private static let words = [
        "lorem", "ipsum", "dolor", "sit", "amet", "consectetur", "adipiscing", "elit", "sed", "do", "eiusmod", "tempor",
        "incididunt", "ut", "labore", "et", "dolore", "magna", "aliqua", "enim", "minim", "veniam", "quis", "nostrud",
    ]

    private static func lipsum(_ run: JinjaRun, _ arguments: JinjaArguments) throws(PythonFault) -> JinjaValue {
        let slots = try arguments.bound(to: ["n", "html", "min", "max"], of: "lipsum")
        let count = slots[0]?.int ?? 5
        let isHTML = try slots[1].map { value throws(PythonFault) in try run.truth(value) } ?? true
        let least = slots[2]?.int ?? 20
        let most = slots[3]?.int ?? 100
        guard least < most, least > Int.min / 2, most < Int.max / 2 else {
            throw .value("empty range for randrange() (\(least), \(most), \(most &- least))")
        }
        var paragraphs: [String] = []
        for _ in 0..<max(0, count) {
            let length = Int.random(in: least..<most)
            try run.budget.work(max(1, length).multipliedReportingOverflow(by: StepCost.loremWord).partialValue)
            try run.budget.make(max(0, length), times: 12)
            paragraphs.append(paragraph(length))
        }
        if isHTML { return .markup(paragraphs.map { "<p>\($0)</p>" }.joined(separator: "\n")) }
        return .text(paragraphs.joined(separator: "\n\n"))
    }

    private static func paragraph(_ length: Int) -> String {
        var text = ""
        var startsSentence = true
        for at in 0..<max(0, length) {
            let word = words[Int.random(in: 0..<words.count)]
            text += (at == 0 ? "" : " ") + (startsSentence ? PythonText.capitalize(word) : word)
            startsSentence = at % 9 == 8
            if startsSentence, at + 1 < length { text += "." }
        }
        return text + "."
    }
}

/// `dict` itself.
private final class JinjaDictType: JinjaObject {
    override var typeName: String { "type" }
    override var isCallable: Bool { true }
    override func shown(_ run: JinjaRun) -> String { "<class 'dict'>" }

    override func call(_ arguments: JinjaArguments, _ run: JinjaRun) throws(PythonFault) -> JinjaValue {
        try JinjaGlobal.dict(run, arguments)
    }

    override func attribute(_ name: String, _ run: JinjaRun) -> JinjaValue? {
        name == "fromkeys" ? .object(JinjaBoundMethod(name, of: .value(.object([:])))) : nil
    }
}

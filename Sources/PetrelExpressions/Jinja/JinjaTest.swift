import PetrelCore

/// A test, as in `x is odd`.
struct JinjaTest: Sendable {
    typealias Body = @Sendable (JinjaRun, JinjaValue, [JinjaValue?]) throws(PythonFault) -> Bool

    let name: String
    private let parameters: [String]
    private let body: Body

    init(_ name: String, _ parameters: [String] = [], _ body: @escaping Body) {
        self.name = name
        self.parameters = parameters
        self.body = body
    }

    func holds(_ run: JinjaRun, _ value: JinjaValue, _ arguments: JinjaArguments) throws(PythonFault) -> Bool {
        try body(run, value, try arguments.bound(to: parameters, required: parameters.count, of: "test_" + name))
    }

    static func named(_ name: String) -> JinjaTest? { table[name] }

    private static let aliases: [(String, String)] = [
        ("==", "eq"), ("equalto", "eq"), ("!=", "ne"), (">", "gt"), ("greaterthan", "gt"), (">=", "ge"), ("<", "lt"),
        ("lessthan", "lt"), ("<=", "le"),
    ]

    private static let table: [String: JinjaTest] = {
        var table = Dictionary(
            uniqueKeysWithValues: (kinds + numbers + texts + comparisons).map { ($0.name, $0) })
        for (alias, name) in aliases { table[alias] = table[name] }
        return table
    }()

    private static let kinds: [JinjaTest] = [
        JinjaTest("defined") { _, value, _ throws(PythonFault) in !value.isUndefined },
        JinjaTest("undefined") { _, value, _ throws(PythonFault) in value.isUndefined },
        JinjaTest("none") { _, value, _ throws(PythonFault) in value.isNone },
        JinjaTest("boolean") { _, value, _ throws(PythonFault) in isBoolean(value) },
        JinjaTest("true") { _, value, _ throws(PythonFault) in
            if case .value(.bool(true)) = value { true } else { false }
        },
        JinjaTest("false") { _, value, _ throws(PythonFault) in
            if case .value(.bool(false)) = value { true } else { false }
        },
        JinjaTest("integer") { _, value, _ throws(PythonFault) in
            switch value {
            case .value(.integer), .value(.bigInteger): true
            default: false
            }
        },
        JinjaTest("float") { _, value, _ throws(PythonFault) in
            if case .value(.double) = value { true } else { false }
        },
        JinjaTest("number") { _, value, _ throws(PythonFault) in value.plainNumber != nil },
        JinjaTest("string") { _, value, _ throws(PythonFault) in value.string != nil || value.object is JinjaShellText
        },
        JinjaTest("mapping") { _, value, _ throws(PythonFault) in value.memberCount != nil },
        JinjaTest("sequence") { run, value, _ throws(PythonFault) in try isSequence(value) },
        JinjaTest("iterable") { run, value, _ throws(PythonFault) in
            if case .undefined(let undefined) = value { try undefined.check() }
            return isIterable(value)
        },
        JinjaTest("callable") { _, value, _ throws(PythonFault) in
            value.isUndefined || value.object?.isCallable == true
        },
        JinjaTest("escaped") { _, value, _ throws(PythonFault) in if case .markup = value { true } else { false } },
        JinjaTest("filter") { run, value, _ throws(PythonFault) in
            guard let name = try tableName(value, run) else { return false }
            return JinjaFilter.named(name, run.environment) != nil
                || run.environment == .orquesta && run.hostFunction(name) != nil
        },
        JinjaTest("test") { run, value, _ throws(PythonFault) in
            try tableName(value, run).map { named($0) != nil } ?? false
        },
        JinjaTest("sameas", ["other"]) { run, value, slots throws(PythonFault) in
            guard let other = slots[0] else { return false }
            return isSame(value, other)
        },
        JinjaTest("in", ["seq"]) { run, value, slots throws(PythonFault) in
            guard let container = slots[0] else { return false }
            return try run.contains(container, value)
        },
    ]

    private static let numbers: [JinjaTest] = [
        JinjaTest("odd") { run, value, _ throws(PythonFault) in
            try run.equal(try run.arithmetic(.modulo, value, .integer(2)), .integer(1))
        },
        JinjaTest("even") { run, value, _ throws(PythonFault) in
            try run.equal(try run.arithmetic(.modulo, value, .integer(2)), .integer(0))
        },
        JinjaTest("divisibleby", ["num"]) { run, value, slots throws(PythonFault) in
            guard let divisor = slots[0] else { return false }
            return try run.equal(try run.arithmetic(.modulo, value, divisor), .integer(0))
        },
    ]

    private static let texts: [JinjaTest] = [
        JinjaTest("lower") { run, value, _ throws(PythonFault) in PythonText.isLower(try letters(value, run)) },
        JinjaTest("upper") { run, value, _ throws(PythonFault) in PythonText.isUpper(try letters(value, run)) },
    ]

    /// A text each letter of which is looked at.
    private static func letters(_ value: JinjaValue, _ run: JinjaRun) throws(PythonFault) -> String {
        try run.budget.read(value, TextCost.jinja("islower"))
        return try run.text(value)
    }

    private static let comparisons: [JinjaTest] = [
        comparison("eq", .equal), comparison("ne", .notEqual), comparison("lt", .less), comparison("le", .lessOrEqual),
        comparison("gt", .greater), comparison("ge", .greaterOrEqual),
    ]

    private static func comparison(_ name: String, _ operation: JinjaNode.Comparison) -> JinjaTest {
        JinjaTest(name, ["other"]) { run, value, slots throws(PythonFault) in
            guard let other = slots[0] else { return false }
            return try run.holds(operation, value, other)
        }
    }

    private static func isBoolean(_ value: JinjaValue) -> Bool {
        if case .value(.bool) = value { true } else { false }
    }

    private static func isSequence(_ value: JinjaValue) throws(PythonFault) -> Bool {
        switch value {
        case .value(.string), .value(.array), .value(.object), .list, .dict, .tuple, .markup: return true
        case .undefined(let undefined):
            return !undefined.isStrict
        case .object(let object): return object is JinjaRange || object is JinjaBytes
        case .value: return false
        }
    }

    static func isIterable(_ value: JinjaValue) -> Bool {
        switch value {
        case .value(.string), .value(.array), .value(.object), .list, .dict, .tuple, .markup, .undefined: true
        case .object(let object): object.isIterable
        case .value: false
        }
    }

    /// The name of a filter or test; nil for what is none, an error for what could be no key of their table.
    private static func tableName(_ value: JinjaValue, _ run: JinjaRun) throws(PythonFault) -> String? {
        if let name = value.string { return name }
        if case .undefined = value { return nil }
        _ = try JinjaKey(value)
        return nil
    }

    private static func isSame(_ left: JinjaValue, _ right: JinjaValue) -> Bool {
        switch (left, right) {
        case (.list(let one), .list(let two)): return one === two
        case (.dict(let one), .dict(let two)): return one === two
        case (.tuple(let one), .tuple(let two)): return one === two || one.items.isEmpty && two.items.isEmpty
        case (.object(let one), .object(let two)): return one === two
        case (.undefined(let one), .undefined(let two)): return one === two
        case (.value(.integer(let one)), .value(.integer(let two))): return one == two
        case (.value(let one), .value(let two)): return one == two
        default: return false
        }
    }
}

import PetrelCore

/// What a template computes with: plain values, and what templates see beyond them.
///
/// Lists and mappings of the context stay plain values, which never change. Only in a template that changes some of
/// its data (``JinjaRun/sharesContainers``) do they become shared boxes.
enum JinjaValue {
    case value(Value)
    /// A list made in the template, or one that may change.
    case list(JinjaList)
    /// A mapping made in the template, or one that may change.
    case dict(JinjaDict)
    case tuple(JinjaTuple)
    /// Text that is HTML already.
    case markup(String)
    case undefined(JinjaUndefined)
    case object(JinjaObject)

    static var none: JinjaValue { .value(.null) }
    static var emptyText: JinjaValue { .value(.string("")) }

    @inline(__always)
    static func text(_ text: String) -> JinjaValue { .value(.string(text)) }
    @inline(__always)
    static func integer(_ number: Int) -> JinjaValue { .value(.integer(number)) }
    @inline(__always)
    static func bool(_ truth: Bool) -> JinjaValue { .value(.bool(truth)) }
    @inline(__always)
    static func number(_ number: PythonNumber) -> JinjaValue { .value(number.value) }
    static func tuple(_ items: [JinjaValue]) -> JinjaValue { .tuple(JinjaTuple(items)) }
    static func list(_ items: [JinjaValue]) -> JinjaValue { .list(JinjaList(items)) }

    var isUndefined: Bool {
        if case .undefined = self { true } else { false }
    }

    var isNone: Bool {
        if case .value(.null) = self { true } else { false }
    }

    /// The text of a string or of markup.
    var string: String? {
        switch self {
        case .value(.string(let text)), .markup(let text): text
        default: nil
        }
    }

    /// The whole number that fits 64 bits; booleans count.
    var int: Int? {
        switch self {
        case .value(.integer(let number)): number
        case .value(.bool(let truth)): truth ? 1 : 0
        default: nil
        }
    }

    /// Python's name of the type.
    var typeName: String {
        switch self {
        case .value(let value): PythonValues.typeName(value)
        case .list: "list"
        case .dict: "dict"
        case .tuple: "tuple"
        case .markup: "Markup"
        case .undefined(let undefined): undefined.typeName
        case .object(let object): object.typeName
        }
    }

    /// The type as Jinja's messages name it: `dict object`, `jinja2.utils.Namespace object`, `None`.
    var describedType: String {
        switch self {
        case .value(.null): "None"
        case .markup: "markupsafe.Markup object"
        case .object(let object): (object.module.map { "\($0)." } ?? "") + object.typeName + " object"
        default: typeName + " object"
        }
    }
}

/// What may hold other values of the template, and so itself.
class JinjaBox {
    /// Lets go of what it holds; nothing uses it any more.
    func dismantle() {}
}

/// A list that may change; shared by all who hold it.
final class JinjaList: JinjaBox {
    private var source: [Value]?
    private var storage: [JinjaValue]

    init(_ items: [JinjaValue]) { storage = items }

    /// A list of the context, whose items become boxes when they are first touched.
    init(shared source: [Value]) {
        self.source = source
        storage = []
    }

    var items: [JinjaValue] {
        get {
            fill()
            return storage
        }
        set {
            source = nil
            storage = newValue
        }
    }

    /// Changes the items where they are, without a copy.
    func change<Result>(_ work: (inout [JinjaValue]) -> Result) -> Result {
        fill()
        return work(&storage)
    }

    private func fill() {
        guard let source else { return }
        storage = source.map(JinjaValue.shared)
        self.source = nil
    }

    var count: Int { source?.count ?? storage.count }

    override func dismantle() { items = [] }
}

/// A tuple; never changes.
final class JinjaTuple: JinjaBox {
    private(set) var items: [JinjaValue]
    /// The names of the items of a named tuple.
    let names: [String]

    init(_ items: [JinjaValue], names: [String] = []) {
        self.items = items
        self.names = names
    }

    override func dismantle() { items = [] }
}

/// A mapping that may change, with any hashable keys.
final class JinjaDict: JinjaBox {
    struct Entry {
        var key: JinjaValue
        var value: JinjaValue
    }

    private var source: ValueObject?
    private var storage: OrderedDictionary<JinjaKey, Entry>

    init(_ entries: OrderedDictionary<JinjaKey, Entry> = [:]) { storage = entries }

    init(shared source: ValueObject) {
        self.source = source
        storage = [:]
    }

    var entries: OrderedDictionary<JinjaKey, Entry> {
        get {
            fill()
            return storage
        }
        set {
            source = nil
            storage = newValue
        }
    }

    var count: Int { source?.count ?? storage.count }

    subscript(key: JinjaKey) -> JinjaValue? {
        fill()
        return storage[key]?.value
    }

    /// Sets a member; a key that is there keeps its first form and place.
    func set(_ key: JinjaKey, _ shown: JinjaValue, _ value: JinjaValue) {
        fill()
        if let at = storage.index(forKey: key) {
            storage.values[at].value = value
        } else {
            storage[key] = Entry(key: shown, value: value)
        }
    }

    func remove(_ key: JinjaKey) -> JinjaValue? {
        fill()
        return storage.removeValue(forKey: key)?.value
    }

    override func dismantle() { entries = [:] }

    private func fill() {
        guard let source else { return }
        self.source = nil
        storage.reserveCapacity(source.count)
        for (key, value) in source {
            storage[.string(key)] = Entry(key: .text(key), value: .shared(value))
        }
    }
}

extension JinjaValue {
    /// A value of the context, its list or mapping in a box.
    static func shared(_ value: Value) -> JinjaValue {
        switch value {
        case .array(let items): .list(JinjaList(shared: items))
        case .object(let members): .dict(JinjaDict(shared: members))
        default: .value(value)
        }
    }
}

/// A value as the key of a mapping; equal values make equal keys, `1`, `1.0` and `True` among them.
enum JinjaKey: Hashable {
    case string(String)
    case number(PythonNumber.AnyNumberKey)
    case none
    case tuple([JinjaKey])
    case identity(ObjectIdentifier)

    /// - Throws: Python's `TypeError` for what can't be a key.
    init(_ value: JinjaValue, depth: Int = 0) throws(PythonFault) {
        switch value {
        case .value(.string(let text)), .markup(let text): self = .string(text)
        case .value(.integer(let number)): self = .number(.integer(number))
        case .value(.null): self = .none
        case .value(.array), .list: throw .type("unhashable type: 'list'")
        case .value(.object), .dict: throw .type("unhashable type: 'dict'")
        case .value(let other):
            guard let number = PythonNumber(other) else { throw .type("unhashable type") }
            self = .number(number.hashable)
        case .tuple(let tuple):
            try PythonValues.check(depth)
            var keys: [JinjaKey] = []
            for item in tuple.items { keys.append(try JinjaKey(item, depth: depth + 1)) }
            self = .tuple(keys)
        case .undefined(let undefined):
            if undefined.isStrict { throw undefined.fault }
            self = .identity(ObjectIdentifier(JinjaUndefined.self))
        case .object(let object): self = .identity(ObjectIdentifier(object))
        }
    }
}

/// A name, attribute or item that does not exist; what may be done with it depends on the environment.
final class JinjaUndefined {
    private enum Reason {
        case name(String)
        case attribute(String, ofType: String)
        case element(String, ofType: String)
        case hint(String)
        case unsafe(String, ofType: String)
    }

    private let reason: Reason
    let isStrict: Bool

    private init(_ reason: Reason, isStrict: Bool) {
        self.reason = reason
        self.isStrict = isStrict
    }

    static func name(_ name: String, isStrict: Bool) -> JinjaValue {
        .undefined(JinjaUndefined(.name(name), isStrict: isStrict))
    }

    static func attribute(_ name: String, of object: JinjaValue, isStrict: Bool) -> JinjaValue {
        .undefined(JinjaUndefined(.attribute(name, ofType: object.describedType), isStrict: isStrict))
    }

    static func element(_ shown: String, of object: JinjaValue, isStrict: Bool) -> JinjaValue {
        .undefined(JinjaUndefined(.element(shown, ofType: object.describedType), isStrict: isStrict))
    }

    static func hint(_ text: String, isStrict: Bool) -> JinjaValue {
        .undefined(JinjaUndefined(.hint(text), isStrict: isStrict))
    }

    /// An attribute that the sandbox keeps away.
    static func unsafe(_ name: String, of object: JinjaValue, isStrict: Bool) -> JinjaValue {
        .undefined(JinjaUndefined(.unsafe(name, ofType: object.typeName), isStrict: isStrict))
    }

    var typeName: String { isStrict ? "StrictUndefined" : "Undefined" }

    /// The error of using it.
    var fault: PythonFault {
        switch reason {
        case .name(let name): PythonFault(.undefined, "\(PythonText.quoted(name)) is undefined")
        case .attribute(let name, let type):
            PythonFault(.undefined, "'\(type)' has no attribute \(PythonText.quoted(name))")
        case .element(let shown, let type): PythonFault(.undefined, "\(type) has no element \(shown)")
        case .hint(let text): PythonFault(.undefined, text)
        case .unsafe(let name, let type):
            PythonFault(.security, "access to attribute \(PythonText.quoted(name)) of '\(type)' object is unsafe.")
        }
    }

    /// Throws where a strict one is printed, iterated, compared or tested for truth.
    func check() throws(PythonFault) {
        if isStrict { throw fault }
    }
}

/// What templates see and can't be said as a value: functions, iterators, namespaces, loops.
class JinjaObject: JinjaBox {
    var typeName: String { "object" }
    /// Where the type lives, for messages; nil for Python's own.
    var module: String? { nil }
    /// What printing it shows.
    func shown(_ run: JinjaRun) throws(PythonFault) -> String {
        "<\(module.map { "\($0)." } ?? "")\(typeName) object at 0x7f0000000000>"
    }

    func attribute(_ name: String, _ run: JinjaRun) throws(PythonFault) -> JinjaValue? { nil }
    func item(_ key: JinjaValue, _ run: JinjaRun) throws(PythonFault) -> JinjaValue? { nil }
    var isCallable: Bool { false }

    func call(_ arguments: JinjaArguments, _ run: JinjaRun) throws(PythonFault) -> JinjaValue {
        throw .type("'\(typeName)' object is not callable")
    }

    /// The number of items; nil for what has no length.
    var length: Int? { nil }
    /// Its items one after the other; nil for what can't be iterated.
    func iterator(_ run: JinjaRun) throws(PythonFault) -> JinjaIterator? { nil }
    /// Whether it can be iterated, without starting it.
    var isIterable: Bool { false }
    var isTruthy: Bool { length.map { $0 > 0 } ?? true }
    func equals(_ other: JinjaObject, _ run: JinjaRun) throws(PythonFault) -> Bool { self === other }
}

/// The arguments of a call.
struct JinjaArguments {
    var positional: [JinjaValue] = []
    var named: [(name: String, value: JinjaValue)] = []

    init(_ positional: [JinjaValue] = [], named: [(name: String, value: JinjaValue)] = []) {
        self.positional = positional
        self.named = named
    }

    /// Puts the arguments into the slots of parameters; nil where one was not given.
    func bound(
        to names: [String], required: Int = 0, of function: String
    ) throws(PythonFault) -> [JinjaValue?] {
        guard positional.count <= names.count else {
            let takes = required < names.count ? "from \(required) to \(names.count)" : "\(names.count)"
            throw .type(
                "\(function)() takes \(takes) positional argument\(names.count == 1 ? "" : "s") but \(positional.count) "
                    + (positional.count == 1 ? "was given" : "were given"))
        }
        var slots: [JinjaValue?] = positional
        slots.append(contentsOf: repeatElement(nil, count: names.count - positional.count))
        for (name, value) in named {
            guard let at = names.firstIndex(of: name) else {
                throw .type("\(function)() got an unexpected keyword argument '\(name)'")
            }
            if slots[at] != nil { throw .type("\(function)() got multiple values for argument '\(name)'") }
            slots[at] = value
        }
        for at in 0..<required where slots[at] == nil {
            throw .type("\(function)() missing 1 required positional argument: '\(names[at])'")
        }
        return slots
    }
}

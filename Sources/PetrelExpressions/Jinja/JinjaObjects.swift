import PetrelCore

/// A built-in function.
final class JinjaFunction: JinjaObject {
    typealias Body = (JinjaRun, JinjaArguments) throws(PythonFault) -> JinjaValue

    private let name: String
    private var body: Body

    init(_ name: String, _ body: @escaping Body) {
        self.name = name
        self.body = body
    }

    override var typeName: String { "function" }
    override var isCallable: Bool { true }
    override func shown(_ run: JinjaRun) -> String { "<function \(name)>" }
    override func dismantle() { body = { _, _ throws(PythonFault) in .none } }

    override func call(_ arguments: JinjaArguments, _ run: JinjaRun) throws(PythonFault) -> JinjaValue {
        try body(run, arguments)
    }
}

/// A method taken from its object without calling it.
final class JinjaBoundMethod: JinjaObject {
    private let name: String
    private var receiver: JinjaValue

    init(_ name: String, of receiver: JinjaValue) {
        self.name = name
        self.receiver = receiver
    }

    override func dismantle() { receiver = .none }
    override var typeName: String { "builtin_function_or_method" }
    override var isCallable: Bool { true }

    override func shown(_ run: JinjaRun) -> String {
        "<built-in method \(name) of \(receiver.typeName) object at 0x7f0000000000>"
    }

    override func call(_ arguments: JinjaArguments, _ run: JinjaRun) throws(PythonFault) -> JinjaValue {
        try run.callMethod(name, of: receiver, arguments)
    }
}

/// A function that the caller gave.
final class JinjaHostFunction: JinjaObject {
    private let function: HostFunction

    init(_ function: HostFunction) { self.function = function }

    override var typeName: String { "function" }
    override var isCallable: Bool { true }
    override func shown(_ run: JinjaRun) -> String { "<function \(function.name)>" }

    override func call(_ arguments: JinjaArguments, _ run: JinjaRun) throws(PythonFault) -> JinjaValue {
        let values = try bound(arguments, run)
        do throws(ExpressionError) { return run.wrap(try function.body(values)) } catch { throw PythonFault(error) }
    }

    private func bound(_ arguments: JinjaArguments, _ run: JinjaRun) throws(PythonFault) -> [Value] {
        if arguments.positional.isEmpty, arguments.named.isEmpty, function.parameters.isEmpty { return [] }
        let slots = try arguments.bound(
            to: function.parameters.map(\.name), required: function.parameters.prefix { $0.fallback == nil }.count,
            of: function.name)
        var values: [Value] = []
        for (slot, parameter) in zip(slots, function.parameters) {
            if let slot {
                values.append(try run.plain(slot))
            } else if let fallback = parameter.fallback {
                values.append(fallback)
            } else {
                throw .type("\(function.name)() missing 1 required keyword-only argument: '\(parameter.name)'")
            }
        }
        return values
    }
}

/// A root whose members are looked up by their whole path: `st2kv.system.a.b`.
final class JinjaLookup: JinjaObject {
    private let root: any LookupRoot
    private let name: String
    private let path: [String]

    init(_ root: any LookupRoot, _ name: String, _ path: [String] = []) {
        self.root = root
        self.name = name
        self.path = path
    }

    /// The path as it is written.
    var fullName: String { ([name] + path).joined(separator: ".") }

    override var typeName: String { "KeyValueLookup" }
    override var module: String? { "st2common.services.keyvalues" }

    override func attribute(_ name: String, _ run: JinjaRun) throws(PythonFault) -> JinjaValue? {
        if name.hasPrefix("_") {
            return JinjaUndefined.unsafe(name, of: .object(self), isStrict: run.isStrict)
        }
        return .object(try deeper(name, run))
    }

    override func item(_ key: JinjaValue, _ run: JinjaRun) throws(PythonFault) -> JinjaValue? {
        .object(try deeper(try run.text(key), run))
    }

    private func deeper(_ name: String, _ run: JinjaRun) throws(PythonFault) -> JinjaLookup {
        guard path.count < 64 else { throw .tooComplex("A datastore name has more than 64 parts") }
        return JinjaLookup(root, self.name, path + [name])
    }

    override func shown(_ run: JinjaRun) throws(PythonFault) -> String {
        do throws(ExpressionError) {
            guard let value = try root.value(at: path) else { return "" }
            do throws(PythonFault) { return try PythonValues.text(value, run.budget) } catch { throw error.problem }
        } catch { throw PythonFault(error) }
    }
}

/// `namespace(…)`.
final class JinjaNamespace: JinjaObject {
    var members: OrderedDictionary<String, JinjaValue>

    init(_ members: OrderedDictionary<String, JinjaValue>) { self.members = members }

    override func dismantle() { members = [:] }
    override var typeName: String { "Namespace" }
    override var module: String? { "jinja2.utils" }

    override func attribute(_ name: String, _ run: JinjaRun) -> JinjaValue? { members[name] }

    override func shown(_ run: JinjaRun) throws(PythonFault) -> String {
        let dict = JinjaDict()
        for (name, value) in members { dict.set(.string(name), .text(name), value) }
        return "<Namespace \(try run.shown(.dict(dict)))>"
    }
}

/// `cycler(…)`.
final class JinjaCycler: JinjaObject {
    private var items: [JinjaValue]
    private var position = 0

    init(_ items: [JinjaValue]) { self.items = items }

    override func dismantle() { items = [.none] }
    override var typeName: String { "Cycler" }
    override var module: String? { "jinja2.utils" }

    override func attribute(_ name: String, _ run: JinjaRun) -> JinjaValue? {
        switch name {
        case "current": items[position]
        case "pos": .integer(position)
        case "items": .tuple(items)
        case "next":
            .object(
                JinjaFunction("next") { [self] _, _ throws(PythonFault) in
                    let item = items[position]
                    position = (position + 1) % items.count
                    return item
                })
        case "reset":
            .object(
                JinjaFunction("reset") { [self] _, _ throws(PythonFault) in
                    position = 0
                    return .none
                })
        default: nil
        }
    }
}

/// `joiner(…)`: nothing at the first call, then its text.
final class JinjaJoiner: JinjaObject {
    private var separator: JinjaValue
    private var wasUsed = false

    init(_ separator: JinjaValue) { self.separator = separator }

    override func dismantle() { separator = .none }
    override var typeName: String { "Joiner" }
    override var module: String? { "jinja2.utils" }
    override var isCallable: Bool { true }

    override func attribute(_ name: String, _ run: JinjaRun) -> JinjaValue? {
        switch name {
        case "sep": separator
        case "used": .bool(wasUsed)
        default: nil
        }
    }

    override func call(_ arguments: JinjaArguments, _ run: JinjaRun) -> JinjaValue {
        defer { wasUsed = true }
        return wasUsed ? separator : .emptyText
    }
}

/// `self`: the template's blocks as functions.
final class JinjaSelf: JinjaObject {
    private let program: JinjaProgram

    init(_ program: JinjaProgram) { self.program = program }

    override var typeName: String { "TemplateReference" }
    override var module: String? { "jinja2.runtime" }
    override func shown(_ run: JinjaRun) -> String { "<TemplateReference None>" }

    override func item(_ key: JinjaValue, _ run: JinjaRun) -> JinjaValue? {
        guard let name = key.string, program.blocks[name] != nil else { return nil }
        return .object(
            JinjaFunction(name) { run, _ throws(PythonFault) in
                run.capturedValue(try run.captured { run throws(PythonFault) in try run.block(name) })
            })
    }
}

/// What `encode` gives.
final class JinjaBytes: JinjaObject {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    override var typeName: String { "bytes" }
    override var length: Int? { bytes.count }
    override var isIterable: Bool { true }

    override func iterator(_ run: JinjaRun) -> JinjaIterator? {
        JinjaIterator(bytes.map { .integer(Int($0)) }, run)
    }

    override func item(_ key: JinjaValue, _ run: JinjaRun) -> JinjaValue? {
        guard let number = key.int else { return nil }
        let at = number < 0 ? number &+ bytes.count : number
        return bytes.indices.contains(at) ? .integer(Int(bytes[at])) : nil
    }

    override func attribute(_ name: String, _ run: JinjaRun) -> JinjaValue? {
        switch name {
        case "decode":
            .object(
                JinjaFunction("decode") { [self] _, _ throws(PythonFault) in
                    guard let text = String(validating: bytes, as: UTF8.self) else {
                        throw PythonFault(.unicode, "'utf-8' codec can't decode the bytes")
                    }
                    return .text(text)
                })
        case "hex":
            .object(
                JinjaFunction("hex") { [self] _, _ throws(PythonFault) in
                    .text(bytes.map { PythonText.hex(UInt32($0), 2) }.joined())
                })
        default: nil
        }
    }

    override func equals(_ other: JinjaObject, _ run: JinjaRun) -> Bool { (other as? JinjaBytes)?.bytes == bytes }

    override func shown(_ run: JinjaRun) throws(PythonFault) -> String {
        try run.budget.make(bytes.count, times: 4)
        let quote: UInt8 = bytes.contains(0x27) && !bytes.contains(0x22) ? 0x22 : 0x27
        var out = "b" + String(Character(Unicode.Scalar(quote)))
        for byte in bytes {
            switch byte {
            case 0x0A: out += "\\n"
            case 0x0D: out += "\\r"
            case 0x09: out += "\\t"
            case 0x5C, quote: out += "\\" + String(Character(Unicode.Scalar(byte)))
            case 0x20..<0x7F: out.unicodeScalars.append(Unicode.Scalar(byte))
            default: out += "\\x" + PythonText.hex(UInt32(byte), 2)
            }
        }
        return out + String(Character(Unicode.Scalar(quote)))
    }
}

/// Text that its author declared safe for a shell command (`unsafe_shell`).
final class JinjaShellText: JinjaObject {
    let text: String

    init(_ text: String) { self.text = text }

    override var typeName: String { "str" }
    override func shown(_ run: JinjaRun) -> String { text }
    override var length: Int? { PythonText.length(text) }
}

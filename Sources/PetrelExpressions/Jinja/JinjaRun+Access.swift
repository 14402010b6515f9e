import PetrelCore

/// The name of an attribute and what is known of it beforehand.
struct JinjaAttribute: Sendable {
    let name: String
    let isTextMethod: Bool
    let isMarkupMethod: Bool
    let isListMethod: Bool
    let isDictMethod: Bool
    let isTupleMethod: Bool
    /// Whether every Python object has it, and the sandbox keeps it away.
    let isInternal: Bool
    /// Whether it is one of those that every object has, such as `__class__`; others belong to some types.
    let isOfAll: Bool

    init(_ name: String) {
        self.name = name
        isMarkupMethod = name == "striptags" || name == "unescape"
        isTextMethod = JinjaTextMethod(rawValue: name) != nil && !isMarkupMethod
        isListMethod = JinjaListMethod(rawValue: name) != nil
        isDictMethod = JinjaDictMethod(rawValue: name) != nil
        isTupleMethod = name == "count" || name == "index"
        isInternal = name.hasPrefix("__") && Self.internals.contains(name)
        isOfAll = Self.internalsOfAll.contains(name)
    }

    private static let internalsOfAll: Set<String> = [
        "__class__", "__delattr__", "__dir__", "__doc__", "__eq__", "__format__", "__ge__", "__getattribute__",
        "__getstate__", "__gt__", "__hash__", "__init__", "__init_subclass__", "__le__", "__lt__", "__ne__", "__new__",
        "__reduce__", "__reduce_ex__", "__repr__", "__setattr__", "__sizeof__", "__str__", "__subclasshook__",
    ]

    fileprivate static let internalsOfNumbers: Set<String> = [
        "__int__", "__float__", "__bool__", "__abs__", "__index__", "__neg__", "__pos__", "__sub__", "__truediv__",
        "__floordiv__", "__pow__", "__radd__", "__rsub__", "__round__", "__trunc__", "__ceil__", "__floor__",
        "__divmod__", "__and__", "__xor__", "__or__", "__ror__", "__invert__", "__lshift__", "__rshift__", "__add__",
        "__mul__", "__rmul__", "__mod__", "__rmod__", "__getnewargs__",
    ]

    private static let internals: Set<String> = [
        "__class__", "__delattr__", "__dir__", "__doc__", "__eq__", "__format__", "__ge__", "__getattribute__",
        "__getstate__", "__gt__", "__hash__", "__init__", "__init_subclass__", "__le__", "__lt__", "__ne__", "__new__",
        "__reduce__", "__reduce_ex__", "__repr__", "__setattr__", "__sizeof__", "__str__", "__subclasshook__",
        "__len__", "__contains__", "__iter__", "__getitem__", "__add__", "__mul__", "__rmul__", "__mod__", "__rmod__",
        "__setitem__", "__delitem__", "__iadd__", "__imul__", "__reversed__", "__class_getitem__", "__or__", "__ror__",
        "__ior__", "__getnewargs__", "__call__", "__self__", "__name__", "__func__", "__globals__", "__code__",
        "__closure__", "__defaults__", "__dict__", "__module__", "__qualname__", "__wrapped__", "__int__", "__float__",
        "__bool__", "__abs__", "__index__", "__neg__", "__pos__", "__sub__", "__truediv__", "__floordiv__", "__pow__",
        "__radd__", "__rsub__", "__round__", "__trunc__", "__ceil__", "__floor__", "__divmod__", "__and__", "__xor__",
        "__invert__", "__lshift__", "__rshift__", "__html__",
    ]

    /// Whether it is a method of the value's type.
    @inline(__always)
    func isMethod(of value: JinjaValue) -> Bool {
        switch value {
        case .value(.string): isTextMethod
        case .markup: isTextMethod || isMarkupMethod
        case .value(.object), .dict: isDictMethod
        case .value(.array), .list: isListMethod
        case .tuple(let tuple): isTupleMethod && !tuple.names.contains(name)
        case .value: JinjaNumberMethod(name, value) != nil
        default: false
        }
    }
}

/// Attributes, items, slices, calls.
extension JinjaRun {
    /// `object.name`: an attribute of the object, else an item.
    @inline(__always)
    func attribute(_ attribute: JinjaAttribute, of object: JinjaValue) throws(PythonFault) -> JinjaValue {
        if case .value(.object(let members)) = object, !attribute.isDictMethod, !attribute.isInternal {
            if let value = members[attribute.name] { return wrap(value) }
            return undefined(attribute: attribute.name, of: object)
        }
        return try rareAttribute(attribute, of: object)
    }

    private func rareAttribute(
        _ attribute: JinjaAttribute, of object: JinjaValue
    ) throws(PythonFault) -> JinjaValue {
        if case .undefined(let undefined) = object {
            guard attribute.isInternal else { throw undefined.fault }
            return JinjaUndefined.unsafe(attribute.name, of: object, isStrict: isStrict)
        }
        if let own = try ownAttribute(attribute, of: object) { return own }
        switch object {
        case .value(.object(let members)):
            if let value = members[attribute.name] { return wrap(value) }
        case .dict(let dict):
            if let value = dict[.string(attribute.name)] { return value }
        case .object(let some):
            if let value = try some.item(.text(attribute.name), self) { return value }
        default: break
        }
        return undefined(attribute: attribute.name, of: object)
    }

    /// Whether a value's type may have an internal attribute that not all have.
    private static func mayHave(_ attribute: JinjaAttribute, _ object: JinjaValue) -> Bool {
        switch object {
        case .value(.null): attribute.name == "__bool__"
        case .value(.bool), .value(.integer), .value(.bigInteger), .value(.double):
            JinjaAttribute.internalsOfNumbers.contains(attribute.name)
        default: true
        }
    }

    /// What Python's `getattr` finds, as far as the sandbox lets it through; nil when there is nothing.
    private func ownAttribute(
        _ attribute: JinjaAttribute, of object: JinjaValue
    ) throws(PythonFault) -> JinjaValue? {
        if attribute.isMethod(of: object) { return .object(JinjaBoundMethod(attribute.name, of: object)) }
        if case .object(let some) = object, let value = try some.attribute(attribute.name, self) { return value }
        if case .tuple(let tuple) = object, let at = tuple.names.firstIndex(of: attribute.name) {
            return tuple.items[at]
        }
        if case .value(let value) = object, let part = numberAttribute(attribute.name, value) { return part }
        guard attribute.isInternal, attribute.isOfAll || Self.mayHave(attribute, object) else { return nil }
        return JinjaUndefined.unsafe(attribute.name, of: object, isStrict: isStrict)
    }

    private func numberAttribute(_ name: String, _ value: Value) -> JinjaValue? {
        guard let number = PythonNumber(value) else { return nil }
        switch name {
        case "real": return .number(number)
        case "imag": return number.isWhole ? .integer(0) : .value(.double(0))
        case "numerator": return number.isWhole ? .number(number) : nil
        case "denominator": return number.isWhole ? .integer(1) : nil
        default: return nil
        }
    }

    /// `object['name']`: an item, else an attribute.
    @inline(__always)
    func item(named attribute: JinjaAttribute, of object: JinjaValue) throws(PythonFault) -> JinjaValue {
        switch object {
        case .value(.object(let members)):
            if let value = members[attribute.name] { return wrap(value) }
        case .dict(let dict):
            if let value = dict[.string(attribute.name)] { return value }
        case .undefined(let undefined): throw undefined.fault
        case .object(let some):
            if let value = try some.item(.text(attribute.name), self) { return value }
        default: break
        }
        return try ownAttribute(attribute, of: object) ?? undefined(attribute: attribute.name, of: object)
    }

    /// `object[key]`.
    func item(_ key: JinjaValue, of object: JinjaValue) throws(PythonFault) -> JinjaValue {
        if case .value(.string(let name)) = key { return try item(named: JinjaAttribute(name), of: object) }
        if case .markup(let name) = key { return try item(named: JinjaAttribute(name), of: object) }
        if let found = try element(key, of: object) { return found }
        return JinjaUndefined.element(try shown(key), of: object, isStrict: isStrict)
    }

    private func element(_ key: JinjaValue, of object: JinjaValue) throws(PythonFault) -> JinjaValue? {
        switch object {
        case .value(.array(let items)):
            guard let at = index(key, items.count) else { return nil }
            return wrap(items[at])
        case .list(let list):
            let items = list.items
            return index(key, items.count).map { items[$0] }
        case .tuple(let tuple): return index(key, tuple.items.count).map { tuple.items[$0] }
        case .value(.string(let text)), .markup(let text):
            guard let at = index(key, PythonText.length(text)) else { return nil }
            try budget.work(text.utf8.count / 64)
            let part = PythonText.slice(text, at..<(at + 1))
            if case .markup = object { return .markup(part) }
            return .text(part)
        case .value(.object): return nil
        case .dict(let dict):
            if let text = key.string, text.utf8.count >= 256 { try budget.work(text.utf8.count / 16) }
            guard let known = try? JinjaKey(key) else { return nil }
            return dict[known]
        case .undefined(let undefined): throw undefined.fault
        case .object(let some): return try some.item(key, self)
        case .value: return nil
        }
    }

    /// The place that an index means, counted from the end when negative; nil outside.
    private func index(_ key: JinjaValue, _ count: Int) -> Int? {
        guard let number = key.int else { return nil }
        let at = number < 0 ? number &+ count : number
        return at >= 0 && at < count ? at : nil
    }

    // MARK: Slices

    func slice(
        _ object: JinjaValue, _ start: JinjaValue, _ stop: JinjaValue, _ step: JinjaValue
    ) throws(PythonFault) -> JinjaValue {
        switch object {
        case .value(.array(let items)):
            let places = try places(items.count, start, stop, step)
            try budget.make(places.count, times: EvaluationBudget.itemBytes)
            return .list(places.map { wrap(items[$0]) })
        case .list(let list):
            let items = list.items
            return .list(try places(items.count, start, stop, step).map { items[$0] })
        case .tuple(let tuple):
            return .tuple(try places(tuple.items.count, start, stop, step).map { tuple.items[$0] })
        case .value(.string(let text)): return .text(try sliced(text, start, stop, step))
        case .markup(let text): return .markup(try sliced(text, start, stop, step))
        case .object(let range as JinjaRange):
            let (first, count, stride) = try bounds(range.count, start, stop, step)
            let begin = range.start &+ first &* range.step
            let width = range.step &* stride
            return .object(JinjaRange(start: begin, stop: begin &+ count &* width, step: width))
        case .undefined(let undefined): throw undefined.fault
        case .value(.object), .dict: throw .type("unhashable type: 'slice'")
        default: throw .type("'\(object.typeName)' object is not subscriptable")
        }
    }

    private func sliced(
        _ text: String, _ start: JinjaValue, _ stop: JinjaValue, _ step: JinjaValue
    ) throws(PythonFault) -> String {
        try budget.work(text.utf8.count / 64)
        let (first, count, stride) = try bounds(PythonText.length(text), start, stop, step)
        if stride == 1 { return PythonText.slice(text, first..<(first + count)) }
        try budget.make(text.utf8.count, times: 4)
        let scalars = Array(text.unicodeScalars)
        var out = String.UnicodeScalarView()
        for at in 0..<count { out.append(scalars[first + at * stride]) }
        return String(out)
    }

    private func places(
        _ count: Int, _ start: JinjaValue, _ stop: JinjaValue, _ step: JinjaValue
    ) throws(PythonFault) -> [Int] {
        let (first, count, stride) = try bounds(count, start, stop, step)
        try budget.make(count, times: EvaluationBudget.itemBytes)
        return (0..<count).map { first + $0 * stride }
    }

    /// Where a slice begins, how many items it has and how far they are apart.
    private func bounds(
        _ length: Int, _ start: JinjaValue, _ stop: JinjaValue, _ step: JinjaValue
    ) throws(PythonFault) -> (first: Int, count: Int, stride: Int) {
        let stride = try sliceBound(step) ?? 1
        guard stride != 0 else { throw .value("slice step cannot be zero") }
        func place(_ bound: Int?, _ missing: Int) -> Int {
            guard let bound else { return missing }
            let at = bound < 0 ? bound &+ length : bound
            return stride > 0 ? min(max(at, 0), length) : min(max(at, -1), length - 1)
        }
        let first = place(try sliceBound(start), stride > 0 ? 0 : length - 1)
        let end = place(try sliceBound(stop), stride > 0 ? length : -1)
        let count = JinjaRange.count(first, end, stride)
        return (count == 0 ? 0 : first, count, count > 1 ? stride : 1)
    }

    private func sliceBound(_ value: JinjaValue) throws(PythonFault) -> Int? {
        if value.isNone { return nil }
        if case .value(.bigInteger(let digits)) = value {
            return digits.hasPrefix("-") ? -(1 << 60) : 1 << 60
        }
        guard let number = value.int else {
            throw .type("slice indices must be integers or None or have an __index__ method")
        }
        return min(max(number, -(1 << 60)), 1 << 60)
    }

    // MARK: Calls

    func call(_ function: JinjaValue, _ arguments: JinjaArguments) throws(PythonFault) -> JinjaValue {
        switch function {
        case .object(let object): return try object.call(arguments, self)
        case .undefined(let undefined): throw undefined.fault
        default: throw .type("'\(function.typeName)' object is not callable")
        }
    }

    /// Adds the members of a mapping as keyword arguments.
    func spread(_ mapping: JinjaValue, into arguments: inout JinjaArguments) throws(PythonFault) {
        guard let members = mapping.members(self) else {
            throw .type("argument after ** must be a mapping, not \(mapping.typeName)")
        }
        for (key, entry) in members {
            guard case .string(let name) = key else { throw .type("keywords must be strings") }
            guard !arguments.named.contains(where: { $0.name == name }) else {
                throw .type("got multiple values for keyword argument '\(name)'")
            }
            arguments.named.append((name, entry.value))
        }
    }

    /// A function that the caller gave, if there is one of that name.
    func hostFunction(_ name: String) -> JinjaValue? {
        context.functions.last { $0.name == name }.map { .object(JinjaHostFunction($0)) }
    }

    // MARK: Assignments and blocks

    func assign(_ value: JinjaValue, to target: JinjaTarget) throws(PythonFault) {
        try keep(value)
        try bind(value, to: target)
    }

    /// As ``assign(_:to:)``, for values that something else holds or that don't outlive their scope.
    func bind(_ value: JinjaValue, to target: JinjaTarget) throws(PythonFault) {
        switch target {
        case .name(let name): scope[name] = value
        case .attribute(let name, let attribute):
            guard case .object(let namespace as JinjaNamespace) = try lookup(name) else {
                throw PythonFault(.templateRuntime, "cannot assign attribute on non-namespace object")
            }
            try budget.make(bytes: 16)
            namespace.members[attribute] = value
        case .tuple(let targets): try unpack(value, into: targets)
        }
    }

    private func unpack(_ value: JinjaValue, into targets: [JinjaTarget]) throws(PythonFault) {
        if case .value(let plain) = value, PythonNumber(plain) != nil || plain.isNull {
            throw .type("cannot unpack non-iterable \(value.typeName) object")
        }
        var iterator = try JinjaIterator(value, self)
        for (at, target) in targets.enumerated() {
            guard let item = try iterator.next() else {
                throw .value("not enough values to unpack (expected \(targets.count), got \(at))")
            }
            try assign(item, to: target)
        }
        if try iterator.next() != nil { throw .value("too many values to unpack (expected \(targets.count))") }
    }

    /// Writes a named block, which sees only what the template's top level has set.
    func block(_ name: String) throws(PythonFault) {
        guard let body = program.blocks[name] else { return }
        var top = scope
        while let parent = top.parent { top = parent }
        try nested(20) { () throws(PythonFault) in
            try within(JinjaScope(parent: top)) { () throws(PythonFault) in try body(self) }
        }
    }
}

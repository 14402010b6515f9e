import PetrelCore

/// Values of templates as plain ones, for functions outside and for results.
extension JinjaRun {
    /// - Throws: the error of an undefined value; Python's `TypeError` for keys that JSON can't say.
    func plain(_ value: JinjaValue, depth: Int = 0) throws(PythonFault) -> Value {
        switch value {
        case .value(let value): return value
        case .markup(let text): return .string(text)
        case .list(let list): return .array(try plain(list.items, depth))
        case .tuple(let tuple): return .array(try plain(tuple.items, depth))
        case .dict(let dict): return .object(try plain(dict, depth))
        case .undefined(let undefined): throw undefined.fault
        case .object(let object): return try plain(object, depth)
        }
    }

    private func plain(_ items: [JinjaValue], _ depth: Int) throws(PythonFault) -> [Value] {
        try PythonValues.check(depth)
        try budget.make(items.count, times: EvaluationBudget.itemBytes)
        var values: [Value] = []
        values.reserveCapacity(items.count)
        for item in items { values.append(try plain(item, depth: depth + 1)) }
        return values
    }

    private func plain(_ dict: JinjaDict, _ depth: Int) throws(PythonFault) -> ValueObject {
        try PythonValues.check(depth)
        try budget.make(dict.count, times: 32)
        var members = ValueObject()
        members.reserveCapacity(dict.count)
        for entry in dict.entries.values { members[try keyText(entry.key)] = try plain(entry.value, depth: depth + 1) }
        return members
    }

    /// A key as JSON writes it.
    private func keyText(_ key: JinjaValue) throws(PythonFault) -> String {
        switch key {
        case .value(.string(let text)), .markup(let text): return text
        case .value(.null): return "null"
        case .value(.bool(let truth)): return truth ? "true" : "false"
        case .value(let number): return try PythonValues.shown(number, budget)
        default: throw .type("keys must be str, int, float, bool or None, not \(key.typeName)")
        }
    }

    private func plain(_ object: JinjaObject, _ depth: Int) throws(PythonFault) -> Value {
        try PythonValues.check(depth)
        if let namespace = object as? JinjaNamespace {
            var members = ValueObject()
            for (name, value) in namespace.members { members[name] = try plain(value, depth: depth + 1) }
            return .object(members)
        }
        guard object.isIterable, !(object is JinjaBytes) else { return .string(try object.shown(self)) }
        return .array(try plain(try items(of: .object(object)), depth + 1))
    }
}

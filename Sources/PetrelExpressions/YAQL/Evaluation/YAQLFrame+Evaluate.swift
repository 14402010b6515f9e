import PetrelCore

extension YAQLFrame {
    /// The value of an expression.
    func evaluate(_ node: YAQLNode) throws(YAQLFault) -> YAQLValue {
        switch node {
        case .constant(let constant): return YAQLValue(constant.value)
        case .variable(let variable): return self.variable(variable.name)
        case .member(let member): return try evaluate(member)
        case .method(let method): return try evaluate(method)
        case .call(let call): return try self.call(call)
        case .operation(let operation): return try evaluate(operation)
        case .and(let pair): return try evaluate(pair, goesOnIf: true)
        case .or(let pair): return try evaluate(pair, goesOnIf: false)
        case .list(let items): return try list(items)
        case .map(let items): return try map(items)
        case .send(let pair): return try send(pair)
        case .badMember(let pair): return try badMember(pair)
        }
    }

    /// The same from inside a function, which takes stack of its own.
    func evaluateDeeper(_ node: YAQLNode) throws(YAQLFault) -> YAQLValue {
        try runtime.enter()
        defer { runtime.leave() }
        return try evaluate(node)
    }

    private func evaluate(_ pair: YAQLPair, goesOnIf truth: Bool) throws(YAQLFault) -> YAQLValue {
        try runtime.enter()
        defer { runtime.leave() }
        let left = try evaluate(pair.left)
        return left.isTruthy == truth ? try evaluate(pair.right) : left
    }

    private func list(_ items: YAQLItems) throws(YAQLFault) -> YAQLValue {
        try runtime.enter()
        defer { runtime.leave() }
        try runtime.produce(items: items.nodes.count)
        var values: [YAQLValue] = []
        values.reserveCapacity(items.nodes.count)
        for node in items.nodes { values.append(try evaluate(node)) }
        return .tuple(try YAQLList(values))
    }

    private func map(_ items: YAQLItems) throws(YAQLFault) -> YAQLValue {
        try runtime.enter()
        defer { runtime.leave() }
        try runtime.produce(items: items.nodes.count)
        var values: [YAQLValue] = []
        values.reserveCapacity(items.nodes.count)
        for node in items.nodes { values.append(try evaluate(node)) }
        return .dictionary(try Self.dictionary(values, runtime.budget))
    }

    /// A mapping of keys and values by turns; of equal keys the first stays and the last value counts.
    private static func dictionary(
        _ values: [YAQLValue], _ budget: EvaluationBudget
    ) throws(YAQLFault) -> YAQLDictionary {
        var members = YAQLDictionary.Members(minimumCapacity: values.count / 2)
        for at in stride(from: 0, to: values.count - 1, by: 2) {
            members[try YAQLKey(values[at], budget)] = values[at + 1]
        }
        return try YAQLDictionary(members)
    }

    private func send(_ pair: YAQLPair) throws(YAQLFault) -> YAQLValue {
        try runtime.enter()
        defer { runtime.leave() }
        if case .constant(let constant) = pair.left, constant.kind != .grouped { throw .noMatch("#operator_->") }
        guard case .context(let frame) = try evaluate(pair.left) else { throw .noMatch("#operator_->") }
        return try frame.evaluate(pair.right)
    }

    /// What stands behind the dot is neither a name nor a call.
    private func badMember(_ pair: YAQLPair) throws(YAQLFault) -> YAQLValue {
        try runtime.enter()
        defer { runtime.leave() }
        if pair.isOptional, case .null = try evaluate(pair.left) { return .null }
        throw .noMatch("#operator_.")
    }

    // MARK: Members

    private func evaluate(_ member: YAQLMember) throws(YAQLFault) -> YAQLValue {
        try runtime.enter()
        defer { runtime.leave() }
        let receiver = try evaluate(member.receiver)
        if case .dictionary(let dictionary) = receiver {
            guard let value = dictionary.member(member.name) else { throw .key(PythonText.quoted(member.name)) }
            return value
        }
        if member.isOptional, receiver.isNull { return .null }
        return try self.member(member, of: receiver)
    }

    private func member(_ member: YAQLMember, of receiver: YAQLValue) throws(YAQLFault) -> YAQLValue {
        guard YAQLType.iterable.accepts(receiver) else { return try property(member.property, of: receiver) }
        let source = try runtime.iterator(over: receiver)
        let depth = max(self.depth, receiver.depth)
        return .iterator(
            try YAQLIterator(runtime, over: depth) { [self] () throws(YAQLFault) -> YAQLValue? in
                guard let item = try source.next() else { return nil }
                if case .dictionary(let dictionary) = item {
                    guard let value = dictionary.member(member.name) else {
                        throw .key(PythonText.quoted(member.name))
                    }
                    return value
                }
                return try self.member(member, of: item)
            })
    }

    private func property(_ call: YAQLCall, of receiver: YAQLValue) throws(YAQLFault) -> YAQLValue {
        guard call.isKnown else { throw .unknown(call.name, receiver: nil) }
        return try dispatch(call.name, call.plans, YAQLCallValues([receiver]))
    }

    private func evaluate(_ method: YAQLMethod) throws(YAQLFault) -> YAQLValue {
        try runtime.enter()
        defer { runtime.leave() }
        let receiver = try evaluate(method.receiver)
        if method.isOptional, receiver.isNull { return .null }
        return try call(method.call, on: receiver)
    }
}

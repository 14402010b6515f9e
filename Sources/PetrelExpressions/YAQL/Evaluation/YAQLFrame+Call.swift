import PetrelCore

/// Finding the overload that fits a call, and calling it.
extension YAQLFrame {
    /// Calls a function.
    func call(_ call: YAQLCall) throws(YAQLFault) -> YAQLValue {
        try runtime.enter()
        defer { runtime.leave() }
        if hasDefinitions, let definition = definition(of: call.lookupName) {
            return try self.call(call, definition.node, definition.frame)
        }
        if !runtime.functions.isEmpty, let function = runtime.function(call.lookupName, isMethod: false),
            let result = try self.call(call, function, receiver: nil)
        {
            return result
        }
        guard call.isKnown, !call.isWorkflow || runtime.workflow != nil else {
            throw .unknown(call.name, receiver: nil)
        }
        if call.hasBadName { throw .badArgumentName }
        guard let first = call.plans.first else { throw .noMatch(call.name) }
        if call.isAmbiguous { throw .ambiguous(call.name) }
        let positional = try positional(call, first, receiver: nil)
        let named = try named(call, first)
        return try dispatch(call.name, call.plans, positional, named, receiver: nil)
    }

    /// Calls a method.
    func call(_ call: YAQLCall, on receiver: YAQLValue) throws(YAQLFault) -> YAQLValue {
        if !runtime.functions.isEmpty, let function = runtime.function(call.lookupName, isMethod: true),
            let result = try self.call(call, function, receiver: receiver)
        {
            return result
        }
        guard call.isKnown else { throw .unknown(call.name, receiver: receiver.shown(runtime)) }
        if call.hasBadName { throw .badArgumentName }
        let plans = call.plans.count == 1 ? call.plans : call.plans.filter { $0.takes(receiver: receiver) }
        guard let first = plans.first, plans.count > 1 || first.takes(receiver: receiver) else {
            throw .noMatch(call.name, receiver: receiver.shown(runtime))
        }
        if plans.count > 1, plans.dropFirst().contains(where: { !$0.evaluatesTheSame(as: first) }) {
            throw .ambiguous(call.name, receiver: receiver.shown(runtime))
        }
        let positional = try positional(call, first, receiver: receiver)
        let named = try named(call, first)
        return try dispatch(call.name, plans, positional, named, receiver: receiver)
    }

    /// Calls a name with values, as functions call each other.
    func call(
        _ name: String, _ values: [YAQLValue], named: [(name: String, value: YAQLValue)], receiver: YAQLValue? = nil
    ) throws(YAQLFault) -> YAQLValue {
        try runtime.enter()
        defer { runtime.leave() }
        let lookupName = YAQLCall.lookupName(name)
        let values = (receiver.map { [$0] } ?? []) + values
        if receiver == nil, let definition = definition(of: lookupName) {
            return try YAQLFrame(below: definition.frame, values, words: named).evaluate(definition.node)
        }
        let overloads = YAQLLibrary.overloads(lookupName, isMethod: receiver != nil)
            .filter { !$0.isWorkflow || runtime.workflow != nil }
        let shown = receiver?.shown(runtime)
        guard let first = overloads.first else { throw .unknown(name, receiver: shown) }
        if first.hasNoNames, let name = named.first?.name {
            throw YAQLFault(.failed, "ArgumentException", "Invalid argument \(name)")
        }
        let shape = YAQLShape(count: values.count, names: named.map(\.name))
        let plans = overloads.compactMap { YAQLPlan($0, shape) }.filter { $0.acceptsConstants(of: shape) }
        guard let plan = plans.first else { throw .noMatch(name, receiver: shown) }
        if plans.dropFirst().contains(where: { !$0.evaluatesTheSame(as: plan) }) {
            throw .ambiguous(name, receiver: shown)
        }
        return try dispatch(name, plans, values, named.map(\.value), receiver: receiver)
    }

    /// Chooses among overloads by the types of evaluated arguments.
    func dispatch(
        _ name: String, _ plans: [YAQLPlan], _ positional: [YAQLValue], _ named: [YAQLValue], receiver: YAQLValue?
    ) throws(YAQLFault) -> YAQLValue {
        var winner: Int?
        for at in plans.indices where plans[at].accepts(positional, named) {
            guard let best = winner else {
                winner = at
                continue
            }
            let count = positional.count
            if plans[best].isSpecialization(of: plans[at], count: count) { continue }
            guard plans[at].isSpecialization(of: plans[best], count: count) else {
                throw .ambiguous(name, receiver: receiver?.shown(runtime))
            }
            winner = at
        }
        guard let winner else { throw .noMatch(name, receiver: receiver?.shown(runtime)) }
        return try plans[winner].call(positional, named, self)
    }

    // MARK: Arguments

    private func positional(
        _ call: YAQLCall, _ plan: YAQLPlan, receiver: YAQLValue?
    ) throws(YAQLFault) -> [YAQLValue] {
        var values: [YAQLValue] = []
        values.reserveCapacity(call.positional.count + 1)
        if let receiver { values.append(receiver) }
        for argument in call.positional {
            values.append(try evaluate(argument, isLazy: !plan.lazy.isEmpty && plan.lazy.contains(values.count)))
        }
        return values
    }

    private func named(_ call: YAQLCall, _ plan: YAQLPlan) throws(YAQLFault) -> [YAQLValue] {
        if call.named.isEmpty { return [] }
        var values: [YAQLValue] = []
        for argument in call.named {
            values.append(try evaluate(.value(argument.node), isLazy: plan.lazyNames.contains(argument.name)))
        }
        return values
    }

    private func evaluate(_ argument: YAQLArgument, isLazy: Bool) throws(YAQLFault) -> YAQLValue {
        switch argument {
        case .missing: return .absent
        case .value(let node): return isLazy ? .lambda(YAQLLambda(node, self)) : try evaluate(node)
        case .rule(let key, let value):
            if isLazy { return .lambda(YAQLLambda(key, consequence: value, self)) }
            return .rule(try YAQLRule(try evaluate(key), try evaluate(value)))
        }
    }

    // MARK: Functions that are not the library's

    /// Calls what `def` defined, which takes any arguments.
    private func call(_ call: YAQLCall, _ node: YAQLNode, _ frame: YAQLFrame) throws(YAQLFault) -> YAQLValue {
        if call.hasBadName { throw .badArgumentName }
        // The library's overloads of the same name take part in the resolution.
        let isHidden = call.isWorkflow && runtime.workflow == nil
        if call.hasNoNames || !isHidden && call.plans.contains(where: { !$0.lazy.isEmpty || !$0.lazyNames.isEmpty }) {
            throw .ambiguous(call.name)
        }
        var values: [YAQLValue] = []
        for argument in call.positional { values.append(try evaluate(argument, isLazy: false)) }
        var words: [(name: String, value: YAQLValue)] = []
        for argument in call.named { words.append((argument.name, try evaluate(argument.node))) }
        return try YAQLFrame(below: frame, values, words: words).evaluate(node)
    }

    /// Calls a function that the caller gave; nil when the arguments don't fit and the library has one too.
    private func call(
        _ call: YAQLCall, _ function: HostFunction, receiver: YAQLValue?
    ) throws(YAQLFault) -> YAQLValue? {
        if call.hasBadName { throw .badArgumentName }
        let names = call.named.map(\.name)
        guard let sources = function.sources(
            count: call.positional.count + (receiver == nil ? 0 : 1), isMissing: { at in
                let at = receiver == nil ? at : at - 1
                guard at >= 0, case .missing = call.positional[at] else { return false }
                return true
            }, names: names)
        else {
            if call.isKnown { return nil }
            throw .noMatch(call.name, receiver: receiver?.shown(runtime))
        }
        var values: [YAQLValue] = receiver.map { [$0] } ?? []
        for argument in call.positional { values.append(try evaluate(argument, isLazy: false)) }
        var named: [YAQLValue] = []
        for argument in call.named { named.append(try evaluate(argument.node)) }
        var arguments: [Value] = []
        for source in sources {
            switch source {
            case .positional(let at): arguments.append(try values[at].plain(runtime))
            case .named(let at): arguments.append(try named[at].plain(runtime))
            case .fallback(let value): arguments.append(value)
            }
        }
        do throws(ExpressionError) { return YAQLValue(try function.body(arguments), isFrozen: false) } catch {
            throw YAQLFault(error, as: "ExpressionEvaluationException")
        }
    }
}

extension YAQLPlan {
    /// Whether a method's receiver has the right type.
    func takes(receiver: YAQLValue) -> Bool { overload.type(at: 0)?.accepts(receiver) ?? false }
}

extension YAQLRuntime {
    /// A function that the caller gave.
    func function(_ name: String, isMethod: Bool) -> HostFunction? {
        functions.first { $0.name == name && (!isMethod || $0.isMethod) }
    }
}

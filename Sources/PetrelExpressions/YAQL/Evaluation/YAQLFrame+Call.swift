import PetrelCore

/// Finding the overload that fits a call, and calling it.
extension YAQLFrame {
    // What calls itself here is kept small: nesting is bounded, and so is the stack.

    /// Calls a function.
    func call(_ call: YAQLCall) throws(YAQLFault) -> YAQLValue {
        try runtime.enter()
        defer { runtime.leave() }
        if hasDefinitions || runtime.hasFunctions, let result = try otherResult(call, nil) { return result }
        try check(call)
        var values = YAQLCallValues(call)
        try evaluateArguments(of: call, call.plans[0], into: &values)
        let arguments = try arguments(call, call.plans, values)
        return try arguments.overload.body(arguments)
    }

    /// Calls a method.
    func call(_ call: YAQLCall, on receiver: YAQLValue) throws(YAQLFault) -> YAQLValue {
        if runtime.hasFunctions, let result = try otherResult(call, receiver) { return result }
        let plans = try plans(call, receiver)
        var values = YAQLCallValues(call, receiver)
        try evaluateArguments(of: call, plans[0], into: &values)
        let arguments = try arguments(call, plans, values)
        return try arguments.overload.body(arguments)
    }

    /// Refuses a function that can't be called, whatever its arguments are.
    private func check(_ call: YAQLCall) throws(YAQLFault) {
        guard call.isKnown, !call.isWorkflow || runtime.workflow != nil else {
            throw .unknown(call.name, receiver: nil)
        }
        if call.hasBadName { throw .badArgumentName }
        if call.plans.isEmpty { throw .noMatch(call.name) }
        if call.isAmbiguous { throw .ambiguous(call.name) }
    }

    /// The overloads that take the receiver.
    private func plans(_ call: YAQLCall, _ receiver: YAQLValue) throws(YAQLFault) -> [YAQLPlan] {
        guard call.isKnown else { throw .unknown(call.name, receiver: receiver.shown(runtime)) }
        if call.hasBadName { throw .badArgumentName }
        if call.plans.count == 1, call.plans[0].takes(receiver: receiver) { return call.plans }
        let plans = call.plans.filter { $0.takes(receiver: receiver) }
        if plans.isEmpty { throw .noMatch(call.name, receiver: receiver.shown(runtime)) }
        if plans.dropFirst().contains(where: { !$0.evaluatesTheSame(as: plans[0]) }) {
            throw .ambiguous(call.name, receiver: receiver.shown(runtime))
        }
        return plans
    }

    private func evaluateArguments(
        of call: YAQLCall, _ plan: YAQLPlan, into values: inout YAQLCallValues
    ) throws(YAQLFault) {
        for at in call.positional.indices {
            if let node = call.positional[at].eagerNode(plan, values.positional.count) {
                values.positional.append(try evaluate(node))
            } else {
                values.positional.append(try special(call.positional[at], plan, values.positional.count))
            }
        }
        if !call.named.isEmpty { try evaluateNamed(call, plan, into: &values) }
    }

    /// An argument that is left out, is evaluated later, or is a rule.
    private func special(_ argument: YAQLArgument, _ plan: YAQLPlan, _ at: Int) throws(YAQLFault) -> YAQLValue {
        switch argument {
        case .missing: return .absent
        case .value(let node): return .lambda(YAQLLambda(node, self))
        case .rule(let key, let value):
            if plan.lazy.contains(at) { return .lambda(YAQLLambda(key, consequence: value, self)) }
            return .rule(try YAQLRule(try evaluate(key), try evaluate(value)))
        }
    }

    private func evaluateNamed(
        _ call: YAQLCall, _ plan: YAQLPlan, into values: inout YAQLCallValues
    ) throws(YAQLFault) {
        for (name, node) in call.named {
            let isLazy = plan.lazyNames.contains(name)
            values.named.append(isLazy ? .lambda(YAQLLambda(node, self)) : try evaluate(node))
        }
    }

    private func arguments(
        _ call: YAQLCall, _ plans: [YAQLPlan], _ values: YAQLCallValues
    ) throws(YAQLFault) -> YAQLArguments {
        let receiver = call.isMethod ? values.positional.first : nil
        return try arguments(call.name, plans, values, receiver: receiver)
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
            return try YAQLFrame(below: definition.frame, values, words: named).evaluateDeeper(definition.node)
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
        var all = YAQLCallValues(values)
        all.named = named.map(\.value)
        let arguments = try arguments(name, plans, all, receiver: receiver)
        return try arguments.overload.body(arguments)
    }

    /// Chooses among overloads by the types of evaluated arguments, and calls the one.
    func dispatch(
        _ name: String, _ plans: [YAQLPlan], _ values: YAQLCallValues
    ) throws(YAQLFault) -> YAQLValue {
        let arguments = try arguments(name, plans, values, receiver: nil)
        return try arguments.overload.body(arguments)
    }

    /// The arguments of the overload that fits best.
    private func arguments(
        _ name: String, _ plans: [YAQLPlan], _ values: YAQLCallValues, receiver: YAQLValue?
    ) throws(YAQLFault) -> YAQLArguments {
        var winner: Int?
        for at in plans.indices where plans[at].accepts(values) {
            guard let best = winner else {
                winner = at
                continue
            }
            let count = values.positional.count
            if plans[best].isSpecialization(of: plans[at], count: count) { continue }
            guard plans[at].isSpecialization(of: plans[best], count: count) else {
                throw .ambiguous(name, receiver: receiver?.shown(runtime))
            }
            winner = at
        }
        guard let winner else { throw .noMatch(name, receiver: receiver?.shown(runtime)) }
        try countTexts(of: values, name)
        return plans[winner].arguments(values, self)
    }

    /// Counts the reading of long texts before it is done.
    private func countTexts(of values: YAQLCallValues, _ name: String) throws(YAQLFault) {
        if let steps = TextCost.callSteps[name] { try runtime.step(steps) }
        for case .string(let text) in values.positional where text.utf8.count >= 64 {
            try runtime.step(TextCost.yaql(name).steps(text))
        }
    }

    // MARK: Functions that are not the library's

    /// The result of what `def` or the caller has given under the name; nil when they have nothing that fits.
    private func otherResult(_ call: YAQLCall, _ receiver: YAQLValue?) throws(YAQLFault) -> YAQLValue? {
        if receiver == nil, hasDefinitions, let definition = definition(of: call.lookupName) {
            return try self.call(call, definition.node, definition.frame)
        }
        guard let function = runtime.function(call.lookupName, isMethod: receiver != nil) else { return nil }
        return try self.call(call, function, receiver: receiver)
    }

    /// Calls what `def` defined, which takes any arguments.
    private func call(_ call: YAQLCall, _ node: YAQLNode, _ frame: YAQLFrame) throws(YAQLFault) -> YAQLValue {
        if call.hasBadName { throw .badArgumentName }
        // The library's overloads of the same name take part in the resolution.
        let isHidden = call.isWorkflow && runtime.workflow == nil
        if call.hasNoNames || !isHidden && call.plans.contains(where: { !$0.lazy.isEmpty || !$0.lazyNames.isEmpty }) {
            throw .ambiguous(call.name)
        }
        let values = try eagerValues(call, nil)
        let words = zip(call.named, values.named).map { (name: $0.name, value: $1) }
        return try YAQLFrame(below: frame, values.positional, words: words).evaluateDeeper(node)
    }

    /// All arguments, evaluated.
    private func eagerValues(_ call: YAQLCall, _ receiver: YAQLValue?) throws(YAQLFault) -> YAQLCallValues {
        var values = YAQLCallValues(call, receiver)
        for argument in call.positional {
            guard case .value(let node) = argument else {
                values.positional.append(.absent)
                continue
            }
            values.positional.append(try evaluate(node))
        }
        for argument in call.named { values.named.append(try evaluate(argument.node)) }
        return values
    }

    /// Calls a function that the caller gave; nil when the arguments don't fit and the library has one too.
    private func call(
        _ call: YAQLCall, _ function: HostFunction, receiver: YAQLValue?
    ) throws(YAQLFault) -> YAQLValue? {
        if call.hasBadName { throw .badArgumentName }
        let names = call.named.map(\.name)
        guard
            let sources = function.sources(
                count: call.positional.count + (receiver == nil ? 0 : 1),
                isMissing: { at in
                    let at = receiver == nil ? at : at - 1
                    guard at >= 0, case .missing = call.positional[at] else { return false }
                    return true
                }, names: names)
        else {
            if call.isKnown { return nil }
            throw .noMatch(call.name, receiver: receiver?.shown(runtime))
        }
        let values = try eagerValues(call, receiver)
        var arguments: [Value] = []
        for source in sources {
            switch source {
            case .positional(let at): arguments.append(try values.positional[at].plain(runtime))
            case .named(let at): arguments.append(try values.named[at].plain(runtime))
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

/// The evaluated arguments of a call, a method's receiver first.
struct YAQLCallValues {
    var positional: [YAQLValue]
    var named: [YAQLValue] = []

    init(_ values: [YAQLValue]) { positional = values }

    init(_ call: YAQLCall, _ receiver: YAQLValue? = nil) {
        positional = []
        positional.reserveCapacity(call.positional.count + 1)
        if let receiver { positional.append(receiver) }
    }
}

extension YAQLArgument {
    /// What is evaluated before the call; nil for a rule, for what is left out or evaluated later.
    func eagerNode(_ plan: YAQLPlan, _ at: Int) -> YAQLNode? {
        guard case .value(let node) = self, plan.lazy.isEmpty || !plan.lazy.contains(at) else { return nil }
        return node
    }
}

extension YAQLRuntime {
    var hasFunctions: Bool { !functions.isEmpty }

    /// A function that the caller gave.
    func function(_ name: String, isMethod: Bool) -> HostFunction? {
        functions.first { $0.name == name && (!isMethod || $0.isMethod) }
    }
}

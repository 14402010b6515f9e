import PetrelCore

/// Calls, filters and tests.
extension JinjaCompiler {
    typealias MakeArguments = @Sendable (JinjaRun) throws(PythonFault) -> JinjaArguments

    /// Evaluates arguments in the order in which they stand.
    func arguments(_ call: JinjaCall, _ isSoft: Bool) throws(PythonFault) -> MakeArguments {
        let positional = try evaluate(call.positional, isSoft)
        if call.named.isEmpty, call.spread == nil, call.spreadNamed == nil {
            if positional.isEmpty { return { _ throws(PythonFault) in JinjaArguments() } }
            return { run throws(PythonFault) in JinjaArguments(try run.evaluate(positional)) }
        }
        return try allArguments(positional, call, isSoft)
    }

    private func allArguments(
        _ positional: [JinjaEvaluate], _ call: JinjaCall, _ isSoft: Bool
    ) throws(PythonFault) -> MakeArguments {
        let names = call.named.map(\.name)
        let values = try evaluate(call.named.map(\.value), isSoft)
        let spread = try call.spread.map { node throws(PythonFault) in try evaluate(node, isSoft: isSoft) }
        let spreadNamed = try call.spreadNamed.map { node throws(PythonFault) in try evaluate(node, isSoft: isSoft) }
        return { run throws(PythonFault) in
            var arguments = JinjaArguments(try run.evaluate(positional))
            if let spread { arguments.positional += try run.items(of: try spread(run)) }
            for at in names.indices { arguments.named.append((names[at], try values[at](run))) }
            if let spreadNamed { try run.spread(try spreadNamed(run), into: &arguments) }
            return arguments
        }
    }

    func call(_ function: JinjaNode, _ call: JinjaCall, _ isSoft: Bool) throws(PythonFault) -> JinjaEvaluate {
        let arguments = try arguments(call, isSoft)
        if case .attribute(let base, let name) = function {
            // A method is called without making an object of it first.
            let base = try evaluate(base, isSoft: isSoft)
            let attribute = JinjaAttribute(name)
            return { run throws(PythonFault) in
                try run.budget.work()
                let receiver = try base(run)
                if attribute.isMethod(of: receiver) {
                    try run.budget.work(StepCost.methodCall)
                    return try run.callMethod(attribute.name, of: receiver, try arguments(run))
                }
                let function = try run.attribute(attribute, of: receiver)
                return try run.call(function, try arguments(run))
            }
        }
        let function = try evaluate(function, isSoft: isSoft)
        return { run throws(PythonFault) in
            try run.budget.work()
            let function = try function(run)
            return try run.call(function, try arguments(run))
        }
    }

    func filter(
        _ value: JinjaNode?, _ name: String, _ call: JinjaCall, _ isSoft: Bool
    ) throws(PythonFault) -> JinjaEvaluate {
        let value = try evaluate(value ?? .name(blockName), isSoft: isSoft)
        guard let filter = JinjaFilter.named(name, environment) else {
            return try unknownFilter(name, value, call, isSoft)
        }
        let cost = TextCost.jinja(name)
        if case .slots(let names, let required, let body) = filter.kind,
            let slots = try slots(call, names, required, isSoft)
        {
            return { run throws(PythonFault) in
                try run.budget.work()
                let value = try value(run)
                try run.budget.read(value, cost)
                var arguments: [JinjaValue?] = []
                arguments.reserveCapacity(slots.count)
                for slot in slots { arguments.append(try slot?(run)) }
                return try body(run, value, arguments)
            }
        }
        let arguments = try arguments(call, isSoft)
        return { run throws(PythonFault) in
            try run.budget.work()
            let value = try value(run)
            try run.budget.read(value, cost)
            return try filter.call(run, value, try arguments(run))
        }
    }

    /// The arguments in the places of the parameters, if they fit; otherwise the call says at run time what is wrong.
    private func slots(
        _ call: JinjaCall, _ names: [String], _ required: Int, _ isSoft: Bool
    ) throws(PythonFault) -> [JinjaEvaluate?]? {
        guard call.spread == nil, call.spreadNamed == nil, call.positional.count <= names.count else { return nil }
        var slots: [JinjaEvaluate?] = Array(repeating: nil, count: names.count)
        for (at, node) in call.positional.enumerated() { slots[at] = try evaluate(node, isSoft: isSoft) }
        for named in call.named {
            guard let at = names.firstIndex(of: named.name), slots[at] == nil else { return nil }
            slots[at] = try evaluate(named.value, isSoft: isSoft)
        }
        return slots.prefix(required).allSatisfy { $0 != nil } ? slots : nil
    }

    private func unknownFilter(
        _ name: String, _ value: @escaping JinjaEvaluate, _ call: JinjaCall, _ isSoft: Bool
    ) throws(PythonFault) -> JinjaEvaluate {
        // A workflow's functions are filters too; they are known when it runs.
        guard isSoft || environment == .orquesta else {
            throw PythonFault(.templateAssertion, "No filter named \(PythonText.quoted(name)).")
        }
        let arguments = try arguments(call, isSoft)
        let isHard = !isSoft
        return { run throws(PythonFault) in
            let value = try value(run)
            guard let function = run.hostFunction(name) else {
                throw isHard
                    ? PythonFault(.templateAssertion, "No filter named \(PythonText.quoted(name)).")
                    : PythonFault(.templateRuntime, "No filter named \(PythonText.quoted(name)) found.")
            }
            var all = try arguments(run)
            all.positional.insert(value, at: 0)
            return try run.call(function, all)
        }
    }

    func test(
        _ value: JinjaNode, _ name: String, _ call: JinjaCall, _ isSoft: Bool
    ) throws(PythonFault) -> JinjaEvaluate {
        let value = try evaluate(value, isSoft: isSoft)
        let arguments = try arguments(call, isSoft)
        guard let test = JinjaTest.named(name) else {
            guard isSoft else {
                throw PythonFault(.templateAssertion, "No test named \(PythonText.quoted(name)).")
            }
            return { _ throws(PythonFault) in
                throw PythonFault(.templateRuntime, "No test named \(PythonText.quoted(name)) found.")
            }
        }
        return { run throws(PythonFault) in
            try run.budget.work()
            let value = try value(run)
            return .bool(try test.holds(run, value, try arguments(run)))
        }
    }
}

import PetrelCore

/// Statements.
extension JinjaCompiler {
    /// The statements of a body as one.
    func body(_ statements: [JinjaStatement], isSoft: Bool = false) throws(PythonFault) -> JinjaExecute {
        var compiled: [JinjaExecute] = []
        for statement in statements { compiled.append(try execute(statement, isSoft)) }
        let all = compiled
        switch all.count {
        case 0: return { _ throws(PythonFault) in }
        case 1: return all[0]
        default: return { run throws(PythonFault) in for statement in all { try statement(run) } }
        }
    }

    private func execute(_ statement: JinjaStatement, _ isSoft: Bool) throws(PythonFault) -> JinjaExecute {
        switch statement {
        case .text(let text): return { run throws(PythonFault) in try run.write(literal: text) }
        case .print(let nodes): return try print(nodes, isSoft)
        case .branches(let branches, let otherwise): return try self.branches(branches, otherwise)
        case .loop(let loop): return try self.loop(loop, isSoft)
        case .assign(let assignment): return try assign(assignment, isSoft)
        case .assignBlock(let target, let filter, let body): return try assignBlock(target, filter, body)
        case .macro(let name, let macro):
            let make = try self.macro(names[name], macro)
            return { run throws(PythonFault) in run.scope[name] = .object(try make(run)) }
        case .callBlock(let function, let call, let macro): return try callBlock(function, call, macro, isSoft)
        case .filterBlock(let filter, let body):
            let captured = try filtered(filter, body)
            return { run throws(PythonFault) in
                let value = try captured(run)
                guard value.string != nil || value.object is JinjaShellText else {
                    throw .type("sequence item 0: expected str instance, \(value.typeName) found")
                }
                try run.write(value)
            }
        case .with(let assignments, let body): return try with(assignments, body, isSoft)
        case .autoescape(let value, let body): return try autoescape(value, body)
        case .block(let name, _): return { run throws(PythonFault) in try run.block(name) }
        case .load(let node):
            let name = try evaluate(node)
            return { run throws(PythonFault) in
                _ = try name(run)
                throw .type("no loader for this environment specified")
            }
        }
    }

    private func print(_ nodes: [JinjaNode], _ isSoft: Bool) throws(PythonFault) -> JinjaExecute {
        let values = try evaluate(nodes, isSoft)
        if values.count == 1 {
            let value = values[0]
            return { run throws(PythonFault) in
                try run.budget.work()
                try run.write(try value(run))
            }
        }
        return { run throws(PythonFault) in for value in values { try run.write(try value(run)) } }
    }

    private func branches(
        _ branches: [JinjaStatement.Branch], _ otherwise: [JinjaStatement]
    ) throws(PythonFault) -> JinjaExecute {
        var compiled: [(JinjaCondition, JinjaExecute)] = []
        for branch in branches {
            compiled.append((try condition(branch.test, true), try body(branch.body, isSoft: true)))
        }
        let all = compiled
        let other = try body(otherwise, isSoft: true)
        return { run throws(PythonFault) in
            try run.budget.work()
            for (test, body) in all where try test(run) { return try body(run) }
            try other(run)
        }
    }

    // MARK: Assignments

    private func assign(_ assignment: JinjaStatement.Assignment, _ isSoft: Bool) throws(PythonFault) -> JinjaExecute {
        let value = try evaluate(assignment.value, isSoft: isSoft)
        let target = assignment.target
        return { run throws(PythonFault) in
            try run.budget.work()
            try run.assign(try value(run), to: target)
        }
    }

    private func assignBlock(
        _ target: JinjaTarget, _ filter: JinjaNode?, _ body: [JinjaStatement]
    ) throws(PythonFault) -> JinjaExecute {
        let value = try filtered(filter, body)
        return { run throws(PythonFault) in try run.assign(try value(run), to: target) }
    }

    /// What a body writes, through filters.
    private func filtered(_ filter: JinjaNode?, _ statements: [JinjaStatement]) throws(PythonFault) -> JinjaEvaluate {
        let body = try body(statements)
        let filter = try filter.map { node throws(PythonFault) in try evaluate(node) }
        let blockName = blockName
        return { run throws(PythonFault) in
            try run.budget.work()
            let text = try run.within(JinjaScope(parent: run.scope)) { () throws(PythonFault) in
                try run.captured(body)
            }
            guard let filter else { return run.capturedValue(text) }
            let scope = JinjaScope(parent: run.scope)
            scope[blockName] = run.capturedValue(text)
            return try run.within(scope) { () throws(PythonFault) in try filter(run) }
        }
    }

    private func with(
        _ assignments: [JinjaStatement.Assignment], _ statements: [JinjaStatement], _ isSoft: Bool
    ) throws(PythonFault) -> JinjaExecute {
        let values = try evaluate(assignments.map(\.value), isSoft)
        let targets = assignments.map(\.target)
        let body = try body(statements)
        return { run throws(PythonFault) in
            let values = try run.evaluate(values)
            try run.within(JinjaScope(parent: run.scope)) { () throws(PythonFault) in
                for (target, value) in zip(targets, values) { try run.assign(value, to: target) }
                try body(run)
            }
        }
    }

    private func autoescape(_ value: JinjaNode, _ statements: [JinjaStatement]) throws(PythonFault) -> JinjaExecute {
        let value = try condition(value, false)
        let body = try body(statements)
        return { run throws(PythonFault) in
            let isOn = try value(run)
            try run.within(escaping: isOn) { () throws(PythonFault) in
                try run.within(JinjaScope(parent: run.scope)) { () throws(PythonFault) in try body(run) }
            }
        }
    }

    // MARK: Loops

    private func loop(_ loop: JinjaStatement.Loop, _ isSoft: Bool) throws(PythonFault) -> JinjaExecute {
        let source = try evaluate(loop.source, isSoft: isSoft)
        let plan = JinjaLoopPlan(
            target: loop.target,
            test: try loop.test.map { node throws(PythonFault) in try condition(node, false) },
            body: try body(loop.body), otherwise: loop.otherwise.isEmpty ? nil : try body(loop.otherwise),
            isRecursive: loop.isRecursive, height: loop.height,
            loopName: loop.isRecursive || JinjaScan.mentions(loopName, in: loop.body, names: names) ? loopName : nil)
        return { run throws(PythonFault) in
            try plan.run(over: try source(run), depth: 0, run)
        }
    }

    // MARK: Macros

    /// What makes the macro where its definition stands.
    private func macro(
        _ name: String?, _ macro: JinjaStatement.Macro
    ) throws(PythonFault) -> @Sendable (JinjaRun) throws(PythonFault) -> JinjaMacro {
        if let caller = macro.parameters.firstIndex(of: callerName),
            caller < macro.parameters.count - macro.defaults.count
        {
            throw PythonFault(
                .templateAssertion,
                "When defining macros or call blocks the special \"caller\" argument must be omitted or be given a "
                    + "default.")
        }
        let plan = JinjaMacroPlan(
            name: name, parameters: macro.parameters, parameterNames: macro.parameters.map { names[$0] },
            defaults: try evaluate(macro.defaults, false), body: try body(macro.body), height: macro.height,
            caller: uses(callerName, macro) ? callerName : nil, varargs: uses(varargsName, macro) ? varargsName : nil,
            kwargs: uses(kwargsName, macro) ? kwargsName : nil)
        return { run throws(PythonFault) in
            // It holds the scope that holds it.
            let macro = JinjaMacro(plan, run.scope)
            try run.keep(run.scope)
            return macro
        }
    }

    private func uses(_ name: Int, _ macro: JinjaStatement.Macro) -> Bool {
        !macro.parameters.contains(name) && JinjaScan.mentions(name, in: macro.body, names: names)
    }

    private func callBlock(
        _ function: JinjaNode, _ call: JinjaCall, _ macro: JinjaStatement.Macro, _ isSoft: Bool
    ) throws(PythonFault) -> JinjaExecute {
        let make = try self.macro(nil, macro)
        let function = try evaluate(function, isSoft: isSoft)
        let arguments = try arguments(call, isSoft)
        return { run throws(PythonFault) in
            try run.budget.work()
            let caller = try make(run)
            let function = try function(run)
            var all = try arguments(run)
            all.named.append(("caller", .object(caller)))
            try run.write(try run.call(function, all))
        }
    }
}

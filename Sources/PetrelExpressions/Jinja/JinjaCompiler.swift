import PetrelCore

typealias JinjaEvaluate = @Sendable (JinjaRun) throws(PythonFault) -> JinjaValue
typealias JinjaExecute = @Sendable (JinjaRun) throws(PythonFault) -> Void

/// A compiled template: immutable, shared by threads.
final class JinjaProgram: Sendable {
    let environment: JinjaEnvironment
    /// The names that the template uses, by their numbers.
    let names: [String]
    let body: JinjaExecute
    /// The value of a program that is one expression.
    let expression: JinjaEvaluate?
    let blocks: [String: JinjaExecute]
    /// Whether it calls methods that change lists or mappings, or asks for their identity.
    let mutates: Bool
    /// Whether its whole text is one print statement.
    let isOnePrint: Bool
    let statements: [JinjaStatement]
    /// How deep its parts are nested.
    let height: Int

    /// Compiles a whole template.
    init(_ source: String, _ environment: JinjaEnvironment) throws(PythonFault) {
        var parser = try JinjaParser(source)
        let statements = try parser.template()
        height = parser.height
        let compiler = JinjaCompiler(names: parser.names, environment: environment, statements: statements)
        self.environment = environment
        names = compiler.names
        self.statements = statements
        mutates = compiler.scan.mutates
        var isOnePrint = false
        if statements.count == 1, case .print(let nodes) = statements[0] { isOnePrint = nodes.count == 1 }
        self.isOnePrint = isOnePrint
        expression = nil
        body = try compiler.body(statements)
        var blocks: [String: JinjaExecute] = [:]
        for (name, statements) in compiler.scan.blocks { blocks[name] = try compiler.body(statements) }
        self.blocks = blocks
    }

    /// Compiles the inside of `{{ }}`.
    init(expression source: String, _ environment: JinjaEnvironment) throws(PythonFault) {
        var parser = try JinjaParser(source, isExpression: true)
        let node = try parser.wholeExpression()
        height = parser.height
        let statements = [JinjaStatement.print([node])]
        let compiler = JinjaCompiler(names: parser.names, environment: environment, statements: statements)
        self.environment = environment
        names = compiler.names
        self.statements = statements
        mutates = compiler.scan.mutates
        isOnePrint = true
        expression = try compiler.evaluate(node)
        body = { _ throws(PythonFault) in }
        blocks = [:]
    }

    /// Runs the program; once more with shared data when it turns out to change some.
    func runKeepingFaults<Result>(
        _ context: JinjaContext, _ work: (JinjaRun) throws(PythonFault) -> Result
    ) throws(PythonFault) -> Result {
        let run = JinjaRun(self, context, sharesContainers: mutates)
        defer { run.dismantle() }
        do throws(PythonFault) { return try work(run) } catch {
            guard run.needsSharing else { throw error }
            let again = JinjaRun(self, context, sharesContainers: true)
            defer { again.dismantle() }
            return try work(again)
        }
    }

    /// As ``runKeepingFaults(_:_:)``, with the module's errors.
    func run<Result>(
        _ context: JinjaContext, _ work: (JinjaRun) throws(PythonFault) -> Result
    ) throws(ExpressionError) -> Result {
        do throws(PythonFault) { return try runKeepingFaults(context, work) } catch { throw error.problem }
    }
}

/// Makes closures of nodes: names and arguments are resolved once, and running only calls.
struct JinjaCompiler {
    let names: [String]
    let environment: JinjaEnvironment
    let scan: JinjaScan
    let loopName: Int
    let callerName: Int
    let varargsName: Int
    let kwargsName: Int
    /// The value of a filter block, under a name that no template can write.
    let blockName: Int

    init(names: [String], environment: JinjaEnvironment, statements: [JinjaStatement]) {
        var names = names
        func number(_ name: String) -> Int {
            if let known = names.firstIndex(of: name) { return known }
            names.append(name)
            return names.count - 1
        }
        loopName = number("loop")
        callerName = number("caller")
        varargsName = number("varargs")
        kwargsName = number("kwargs")
        blockName = number(" block")
        self.names = names
        self.environment = environment
        var scan = JinjaScan(names: names)
        scan.visit(statements)
        if scan.hasLoop { scan.assigned.insert(loopName) }
        if scan.hasMacro { scan.assigned.formUnion([callerName, varargsName, kwargsName]) }
        scan.assigned.insert(blockName)
        self.scan = scan
    }

    // MARK: Expressions

    /// Several functions, so that each takes little of the stack: they call each other as deep as the template is.
    ///
    /// - Parameter isSoft: whether an unknown filter or test is an error only when it is reached.
    func evaluate(_ node: JinjaNode, isSoft: Bool = false) throws(PythonFault) -> JinjaEvaluate {
        switch node {
        case .constant, .name, .list, .tuple, .dict: try literal(node, isSoft)
        case .attribute, .item, .slice, .badSubscript, .call: try access(node, isSoft)
        case .filter, .test: try application(node, isSoft)
        case .not, .negative, .positive: try unary(node, isSoft)
        case .arithmetic, .join, .and, .or, .compare, .conditional: try operation(node, isSoft)
        }
    }

    private func literal(_ node: JinjaNode, _ isSoft: Bool) throws(PythonFault) -> JinjaEvaluate {
        switch node {
        case .constant(let value): { _ throws(PythonFault) in .value(value) }
        case .name(let name): self.name(name)
        case .list(let items): try list(items, isSoft)
        case .tuple(let items): try tuple(items, isSoft)
        case .dict(let pairs): try dict(pairs, isSoft)
        default: { _ throws(PythonFault) in .none }
        }
    }

    private func access(_ node: JinjaNode, _ isSoft: Bool) throws(PythonFault) -> JinjaEvaluate {
        switch node {
        case .attribute(let base, let name): try attribute(base, name, isSoft)
        case .item(let base, let key): try item(base, key, isSoft)
        case .slice(let base, let start, let stop, let step): try slice(base, [start, stop, step], isSoft)
        case .badSubscript(let base): try badSubscript(base, isSoft)
        case .call(let function, let call): try self.call(function, call, isSoft)
        default: try literal(node, isSoft)
        }
    }

    private func application(_ node: JinjaNode, _ isSoft: Bool) throws(PythonFault) -> JinjaEvaluate {
        switch node {
        case .filter(let value, let name, let call): try filter(value, name, call, isSoft)
        case .test(let value, let name, let call): try test(value, name, call, isSoft)
        default: try literal(node, isSoft)
        }
    }

    private func unary(_ node: JinjaNode, _ isSoft: Bool) throws(PythonFault) -> JinjaEvaluate {
        switch node {
        case .not(let operand):
            let operand = try condition(operand, isSoft)
            return { run throws(PythonFault) in .bool(try !operand(run)) }
        case .negative(let operand):
            let operand = try evaluate(operand, isSoft: isSoft)
            return { run throws(PythonFault) in try run.negative(try operand(run)) }
        case .positive(let operand):
            let operand = try evaluate(operand, isSoft: isSoft)
            return { run throws(PythonFault) in try run.positive(try operand(run)) }
        default: return try literal(node, isSoft)
        }
    }

    private func operation(_ node: JinjaNode, _ isSoft: Bool) throws(PythonFault) -> JinjaEvaluate {
        switch node {
        case .arithmetic(let first, let steps): try arithmetic(first, steps, isSoft)
        case .join(let items): try join(items, isSoft)
        case .and(let items): try choice(items, stopsOn: false, isSoft)
        case .or(let items): try choice(items, stopsOn: true, isSoft)
        case .compare(let first, let comparands): try compare(first, comparands, isSoft)
        case .conditional(let test, let then, let otherwise): try conditional(test, then, otherwise)
        default: try literal(node, isSoft)
        }
    }

    typealias JinjaCondition = @Sendable (JinjaRun) throws(PythonFault) -> Bool

    /// The truth of an expression.
    func condition(_ node: JinjaNode, _ isSoft: Bool) throws(PythonFault) -> JinjaCondition {
        if case .compare(let first, let comparands) = node, comparands.count == 1 {
            let left = try evaluate(first, isSoft: isSoft)
            let right = try evaluate(comparands[0].operand, isSoft: isSoft)
            let operation = comparands[0].operation
            return { run throws(PythonFault) in
                try run.budget.work()
                return try run.holds(operation, try left(run), try right(run))
            }
        }
        let operand = try evaluate(node, isSoft: isSoft)
        return { run throws(PythonFault) in try run.truth(try operand(run)) }
    }

    func evaluate(_ nodes: [JinjaNode], _ isSoft: Bool) throws(PythonFault) -> [JinjaEvaluate] {
        var compiled: [JinjaEvaluate] = []
        for node in nodes { compiled.append(try evaluate(node, isSoft: isSoft)) }
        return compiled
    }

    private func name(_ name: Int) -> JinjaEvaluate {
        if scan.assigned.contains(name) { return { run throws(PythonFault) in try run.lookup(name) } }
        return { run throws(PythonFault) in try run.root(name) }
    }

    private func list(_ nodes: [JinjaNode], _ isSoft: Bool) throws(PythonFault) -> JinjaEvaluate {
        let items = try evaluate(nodes, isSoft)
        return { run throws(PythonFault) in .list(try run.evaluate(items)) }
    }

    private func tuple(_ nodes: [JinjaNode], _ isSoft: Bool) throws(PythonFault) -> JinjaEvaluate {
        let items = try evaluate(nodes, isSoft)
        return { run throws(PythonFault) in .tuple(try run.evaluate(items)) }
    }

    private func dict(_ pairs: [JinjaNode.Pair], _ isSoft: Bool) throws(PythonFault) -> JinjaEvaluate {
        let keys = try evaluate(pairs.map(\.key), isSoft)
        let values = try evaluate(pairs.map(\.value), isSoft)
        return { run throws(PythonFault) in
            try run.budget.make(keys.count, times: EvaluationBudget.itemBytes)
            try run.budget.work(StepCost.mapping)
            let dict = JinjaDict()
            for at in keys.indices {
                let key = try keys[at](run)
                let value = try values[at](run)
                // Hashing reads a text.
                if let text = key.string, text.utf8.count >= 256 { try run.budget.work(text.utf8.count / 16) }
                dict.set(try JinjaKey(key), key, value)
            }
            return .dict(dict)
        }
    }

    private func attribute(_ base: JinjaNode, _ name: String, _ isSoft: Bool) throws(PythonFault) -> JinjaEvaluate {
        let base = try evaluate(base, isSoft: isSoft)
        let attribute = JinjaAttribute(name)
        return { run throws(PythonFault) in
            try run.budget.work()
            return try run.attribute(attribute, of: try base(run))
        }
    }

    private func item(_ base: JinjaNode, _ key: JinjaNode, _ isSoft: Bool) throws(PythonFault) -> JinjaEvaluate {
        let base = try evaluate(base, isSoft: isSoft)
        if case .constant(.string(let name)) = key {
            let attribute = JinjaAttribute(name)
            return { run throws(PythonFault) in
                try run.budget.work()
                return try run.item(named: attribute, of: try base(run))
            }
        }
        let key = try evaluate(key, isSoft: isSoft)
        return { run throws(PythonFault) in
            try run.budget.work()
            let base = try base(run)
            return try run.item(try key(run), of: base)
        }
    }

    private func slice(
        _ base: JinjaNode, _ bounds: [JinjaNode?], _ isSoft: Bool
    ) throws(PythonFault) -> JinjaEvaluate {
        let base = try evaluate(base, isSoft: isSoft)
        var compiled: [JinjaEvaluate] = []
        for bound in bounds { compiled.append(try evaluate(bound ?? .constant(.null), isSoft: isSoft)) }
        let (start, stop, step) = (compiled[0], compiled[1], compiled[2])
        return { run throws(PythonFault) in
            let base = try base(run)
            return try run.slice(base, try start(run), try stop(run), try step(run))
        }
    }

    private func badSubscript(_ base: JinjaNode, _ isSoft: Bool) throws(PythonFault) -> JinjaEvaluate {
        let base = try evaluate(base, isSoft: isSoft)
        return { run throws(PythonFault) in
            throw .type("\(try base(run).typeName) indices must be integers or slices, not tuple")
        }
    }

    private func arithmetic(
        _ first: JinjaNode, _ steps: [JinjaNode.Step], _ isSoft: Bool
    ) throws(PythonFault) -> JinjaEvaluate {
        let first = try evaluate(first, isSoft: isSoft)
        if steps.count == 1 {
            let operation = steps[0].operation
            let right = try evaluate(steps[0].operand, isSoft: isSoft)
            return { run throws(PythonFault) in
                try run.budget.work()
                let left = try first(run)
                return try run.arithmetic(operation, left, try right(run))
            }
        }
        var rest: [(JinjaNode.Arithmetic, JinjaEvaluate)] = []
        for step in steps { rest.append((step.operation, try evaluate(step.operand, isSoft: isSoft))) }
        let operands = rest
        return { run throws(PythonFault) in
            var value = try first(run)
            for (operation, operand) in operands {
                try run.budget.work()
                value = try run.arithmetic(operation, value, try operand(run))
            }
            return value
        }
    }

    private func join(_ nodes: [JinjaNode], _ isSoft: Bool) throws(PythonFault) -> JinjaEvaluate {
        let items = try evaluate(nodes, isSoft)
        return { run throws(PythonFault) in try run.joined(try run.evaluate(items)) }
    }

    /// `and` and `or` give the operand that decided.
    private func choice(
        _ nodes: [JinjaNode], stopsOn stop: Bool, _ isSoft: Bool
    ) throws(PythonFault) -> JinjaEvaluate {
        let items = try evaluate(nodes, isSoft)
        return { run throws(PythonFault) in
            try run.budget.work()
            for item in items.dropLast() {
                let value = try item(run)
                if try run.truth(value) == stop { return value }
            }
            return try items[items.count - 1](run)
        }
    }

    private func compare(
        _ first: JinjaNode, _ comparands: [JinjaNode.Comparand], _ isSoft: Bool
    ) throws(PythonFault) -> JinjaEvaluate {
        if comparands.count == 1 {
            let holds = try condition(.compare(first, comparands), isSoft)
            return { run throws(PythonFault) in .bool(try holds(run)) }
        }
        let first = try evaluate(first, isSoft: isSoft)
        var compiled: [(JinjaNode.Comparison, JinjaEvaluate)] = []
        for comparand in comparands {
            compiled.append((comparand.operation, try evaluate(comparand.operand, isSoft: isSoft)))
        }
        let rest = compiled
        return { run throws(PythonFault) in
            var left = try first(run)
            for (operation, operand) in rest {
                try run.budget.work()
                let right = try operand(run)
                guard try run.holds(operation, left, right) else { return .bool(false) }
                left = right
            }
            return .bool(true)
        }
    }

    private func conditional(
        _ test: JinjaNode, _ then: JinjaNode, _ otherwise: JinjaNode?
    ) throws(PythonFault) -> JinjaEvaluate {
        let test = try condition(test, true)
        let then = try evaluate(then, isSoft: true)
        guard let otherwise else {
            return { run throws(PythonFault) in
                if try test(run) { return try then(run) }
                return JinjaUndefined.hint(
                    "the inline if-expression on line 1 evaluated to false and no else section was defined.",
                    isStrict: false)
            }
        }
        let other = try evaluate(otherwise, isSoft: true)
        return { run throws(PythonFault) in try test(run) ? try then(run) : try other(run) }
    }
}

import PetrelCore

/// A compiled loop.
struct JinjaLoopPlan: Sendable {
    let target: JinjaTarget
    let test: JinjaCompiler.JinjaCondition?
    let body: JinjaExecute
    let otherwise: JinjaExecute?
    let isRecursive: Bool
    let height: Int
    /// The number of the name `loop`, if the body uses it.
    let loopName: Int?

    func run(over items: JinjaValue, depth: Int, _ run: JinjaRun) throws(PythonFault) {
        try run.budget.work()
        let didRun: Bool
        if loopName == nil {
            didRun = try runPlain(items, run)
        } else {
            didRun = try runWithLoop(items, depth, run)
        }
        if !didRun, let otherwise {
            try run.within(JinjaScope(parent: run.scope)) { () throws(PythonFault) in try otherwise(run) }
        }
    }

    private func runPlain(_ items: JinjaValue, _ run: JinjaRun) throws(PythonFault) -> Bool {
        var iterator = try JinjaIterator(items, run)
        let outer = run.scope
        var inner = JinjaScope(parent: outer)
        defer { run.scope = outer }
        var didRun = false
        while let item = try iterator.next() {
            try run.budget.work(StepCost.turn)
            run.scope = inner
            try bind(item, inner, run)
            if let test, try !test(run) {
                run.scope = outer
                renew(&inner, outer)
                continue
            }
            didRun = true
            try body(run)
            run.scope = outer
            renew(&inner, outer)
        }
        return didRun
    }

    /// Each turn has names of its own; the scope is used again unless a macro has kept it.
    @inline(__always)
    private func renew(_ inner: inout JinjaScope, _ outer: JinjaScope) {
        if isKnownUniquelyReferenced(&inner) { inner.clear() } else { inner = JinjaScope(parent: outer) }
    }

    @inline(__always)
    private func bind(_ item: JinjaValue, _ scope: JinjaScope, _ run: JinjaRun) throws(PythonFault) {
        if case .name(let name) = target { scope[name] = item } else { try run.bind(item, to: target) }
    }

    private func runWithLoop(_ source: JinjaValue, _ depth: Int, _ run: JinjaRun) throws(PythonFault) -> Bool {
        let outer = run.scope
        defer { run.scope = outer }
        let items = try passing(source, run)
        let loop = JinjaLoop(items, depth: depth, plan: self, scope: outer)
        var inner = JinjaScope(parent: outer)
        for at in items.indices {
            try run.budget.work(StepCost.item + StepCost.turn)
            loop.index = at
            run.scope = inner
            if let loopName { inner[loopName] = .object(loop) }
            try bind(items[at], inner, run)
            try body(run)
            run.scope = outer
            renew(&inner, outer)
        }
        return !items.isEmpty
    }

    private func passing(_ source: JinjaValue, _ run: JinjaRun) throws(PythonFault) -> [JinjaValue] {
        let items = try run.items(of: source)
        guard let test else { return items }
        var passing: [JinjaValue] = []
        let inner = JinjaScope(parent: run.scope)
        for item in items {
            let isWanted = try run.within(inner) { () throws(PythonFault) in
                try bind(item, inner, run)
                return try test(run)
            }
            if isWanted { passing.append(item) }
        }
        return passing
    }
}

/// The `loop` of a loop's body.
final class JinjaLoop: JinjaObject {
    var index = 0
    private var items: [JinjaValue]
    private let depth: Int
    private let plan: JinjaLoopPlan
    private let scope: JinjaScope
    private var lastSeen: [JinjaValue]?

    init(_ items: [JinjaValue], depth: Int, plan: JinjaLoopPlan, scope: JinjaScope) {
        self.items = items
        self.depth = depth
        self.plan = plan
        self.scope = scope
    }

    override func dismantle() {
        items = []
        lastSeen = nil
    }

    override var typeName: String { "LoopContext" }
    override var module: String? { "jinja2.runtime" }
    override var isCallable: Bool { true }
    override var length: Int? { items.count }
    override func shown(_ run: JinjaRun) -> String { "<LoopContext \(index + 1)/\(items.count)>" }

    override func attribute(_ name: String, _ run: JinjaRun) -> JinjaValue? {
        switch name {
        case "index": .integer(index + 1)
        case "index0": .integer(index)
        case "revindex": .integer(items.count - index)
        case "revindex0": .integer(items.count - index - 1)
        case "first": .bool(index == 0)
        case "last": .bool(index == items.count - 1)
        case "length": .integer(items.count)
        case "depth": .integer(depth + 1)
        case "depth0": .integer(depth)
        case "previtem":
            index > 0 ? items[index - 1] : JinjaUndefined.hint("there is no previous item", isStrict: run.isStrict)
        case "nextitem":
            index + 1 < items.count
                ? items[index + 1] : JinjaUndefined.hint("there is no next item", isStrict: run.isStrict)
        case "cycle", "changed":
            .object(
                JinjaFunction(name) { [self] run, arguments throws(PythonFault) in
                    try name == "cycle" ? cycle(arguments.positional) : changed(arguments.positional, run)
                })
        default: nil
        }
    }

    private func cycle(_ values: [JinjaValue]) throws(PythonFault) -> JinjaValue {
        guard !values.isEmpty else { throw .type("no items for cycling given") }
        return values[index % values.count]
    }

    private func changed(_ values: [JinjaValue], _ run: JinjaRun) throws(PythonFault) -> JinjaValue {
        let before = lastSeen
        lastSeen = values
        guard let before else { return .bool(true) }
        return .bool(try !run.equal(.tuple(before), .tuple(values)))
    }

    override func call(_ arguments: JinjaArguments, _ run: JinjaRun) throws(PythonFault) -> JinjaValue {
        guard plan.isRecursive else {
            throw .type("The loop must have the 'recursive' marker to be called recursively.")
        }
        let items = try arguments.bound(to: ["iterable"], required: 1, of: "loop")[0] ?? .none
        let text = try run.nested(plan.height) { () throws(PythonFault) in
            try run.within(scope) { () throws(PythonFault) in
                try run.captured { run throws(PythonFault) in try plan.run(over: items, depth: depth + 1, run) }
            }
        }
        return run.capturedValue(text)
    }
}

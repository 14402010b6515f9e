import PetrelCore

/// The state of one rendering; used by one thread.
final class JinjaRun {
    let budget: EvaluationBudget
    let context: JinjaContext
    let environment: JinjaEnvironment
    /// Whether undefined names fail wherever they are used.
    let isStrict: Bool
    /// Whether lists and mappings are boxes that the template may change.
    let sharesContainers: Bool
    /// Set when a template that seemed to change nothing asks for a method that would.
    private(set) var needsSharing = false

    /// The innermost scope.
    @exclusivity(unchecked) var scope: JinjaScope
    /// The root names that were looked up already, by their number.
    @exclusivity(unchecked) private var roots: [JinjaValue?]
    let program: JinjaProgram

    /// What was written so far; captures swap it.
    @exclusivity(unchecked) var output = ""
    /// Whether printed values are escaped for HTML (`autoescape`).
    @exclusivity(unchecked) var escapesHTML = false
    /// Where in a shell command the output stands; nil when it is none.
    @exclusivity(unchecked) var shell: ShellSink?
    /// How deep calls and loops are nested.
    @exclusivity(unchecked) private var depth: Int
    private let maxDepth: Int

    /// What was assigned, or put into something else: it may be linked in chains of any length, and in circles.
    @exclusivity(unchecked) private var kept: [JinjaBox] = []

    init(_ program: JinjaProgram, _ context: JinjaContext, sharesContainers: Bool) {
        self.program = program
        self.context = context
        environment = program.environment
        isStrict = !context.isLenient
        self.sharesContainers = sharesContainers
        budget = EvaluationBudget(context.limits)
        maxDepth = context.limits.maxDepth
        depth = program.height
        roots = Array(repeating: nil, count: program.names.count)
        scope = JinjaScope(parent: nil)
    }

    // MARK: Names

    /// The value of a name where the template stands now.
    @inline(__always)
    func lookup(_ name: Int) throws(PythonFault) -> JinjaValue {
        var current: JinjaScope? = scope
        while let scope = current {
            if let value = scope[name] { return value }
            current = scope.parent
        }
        return try root(name)
    }

    /// The value of a name that the context or the environment gives.
    @inline(__always)
    func root(_ name: Int) throws(PythonFault) -> JinjaValue {
        if let known = roots[name] { return known }
        let found = try findRoot(program.names[name])
        roots[name] = found
        return found
    }

    private func findRoot(_ name: String) throws(PythonFault) -> JinjaValue {
        try budget.work()
        if let value = context.values[name] { return wrap(value) }
        if let lookup = context.lookups[name] { return .object(JinjaLookup(lookup, name)) }
        // The same functions as the caller's, but with what only templates know: tuples.
        if environment == .orquesta, let own = JinjaStackStormFilters.function(name) { return own }
        if let function = context.functions.last(where: { $0.name == name }) {
            return .object(JinjaHostFunction(function))
        }
        if name == "__context", context.offersWhole { return wrap(.object(context.values)) }
        if let global = JinjaGlobal.named(name) { return global }
        if name == "self" { return .object(JinjaSelf(program)) }
        return JinjaUndefined.name(name, isStrict: isStrict)
    }

    /// A plain value, boxed where the template may change it.
    @inline(__always)
    func wrap(_ value: Value) -> JinjaValue { sharesContainers ? .shared(value) : .value(value) }

    /// To be called before anything changes a list or mapping.
    func willMutate() throws(PythonFault) {
        guard !sharesContainers else { return }
        needsSharing = true
        throw PythonFault(.runtimeError, "the template changes its data")
    }

    func undefined(attribute: String, of object: JinjaValue) -> JinjaValue {
        JinjaUndefined.attribute(attribute, of: object, isStrict: isStrict)
    }

    // MARK: Keeping and letting go

    /// To be called for each value that outlives the expression that made it.
    @inline(__always)
    func keep(_ value: JinjaValue) throws(PythonFault) {
        switch value {
        case .value, .markup, .undefined: return
        case .list(let list): try keep(list)
        case .dict(let dict): try keep(dict)
        case .tuple(let tuple): try keep(tuple)
        case .object(let object): try keep(object)
        }
    }

    func keep(_ box: JinjaBox) throws(PythonFault) {
        try budget.make(bytes: 16)
        kept.append(box)
    }

    /// Takes apart what the template has made, box by box: a long chain of boxes, let go at its head, would be taken
    /// apart by recursion, and a circle never.
    func dismantle() {
        scope.clear()
        roots = []
        for box in kept { box.dismantle() }
        kept = []
    }

    // MARK: Depth and output

    /// Runs a macro or a loop's recursion, whose parts are nested so deep.
    func nested<Result>(
        _ height: Int, _ body: () throws(PythonFault) -> Result
    ) throws(PythonFault) -> Result {
        let outer = depth
        depth += max(1, height)
        defer { depth = outer }
        if depth > maxDepth {
            throw .tooComplex("The template's macros and loops are nested deeper than \(maxDepth) levels")
        }
        return try body()
    }

    /// Appends literal text of the template.
    @inline(__always)
    func write(literal text: String) throws(PythonFault) {
        try budget.make(bytes: text.utf8.count)
        budget.append(text, to: &output)
        try shell?.literal(text)
    }

    /// Appends a value that the template prints.
    @inline(__always)
    func write(_ value: JinjaValue) throws(PythonFault) {
        if shell != nil || escapesHTML { return try writeEscaped(value) }
        if case .value(.string(let text)) = value {
            // What is the whole output is not copied.
            if output.isEmpty {
                output = text
                return
            }
            try budget.make(bytes: text.utf8.count)
            budget.append(text, to: &output)
        } else {
            try append(value, to: &output)
        }
    }

    private func writeEscaped(_ value: JinjaValue) throws(PythonFault) {
        var text = try self.text(value)
        if escapesHTML { text = try self.text(escapedHTML(value)) }
        if let shell {
            if value.object is JinjaShellText {
                try shell.literal(text)
            } else {
                text = try shell.escaped(text)
            }
        }
        try budget.make(bytes: text.utf8.count)
        budget.append(text, to: &output)
    }

    /// What a body writes, instead of writing it.
    func captured(_ body: (JinjaRun) throws(PythonFault) -> Void) throws(PythonFault) -> String {
        let outer = output
        let outerShell = shell
        output = ""
        shell = nil
        defer {
            output = outer
            shell = outerShell
        }
        try body(self)
        return output
    }

    /// The value of captured text: markup where HTML is escaped.
    func capturedValue(_ text: String) -> JinjaValue { escapesHTML ? .markup(text) : .text(text) }

    /// Runs a body with a scope of its own inside another one.
    @inline(__always)
    func within<Result>(
        _ inner: JinjaScope, _ body: () throws(PythonFault) -> Result
    ) throws(PythonFault) -> Result {
        let outer = scope
        scope = inner
        defer { scope = outer }
        return try body()
    }

    func within<Result>(
        escaping isOn: Bool, _ body: () throws(PythonFault) -> Result
    ) throws(PythonFault) -> Result {
        let outer = escapesHTML
        escapesHTML = isOn
        defer { escapesHTML = outer }
        return try body()
    }
}

/// The names that one part of a template has set.
final class JinjaScope: JinjaBox {
    let parent: JinjaScope?
    @exclusivity(unchecked) private var names: [Int] = []
    @exclusivity(unchecked) private var values: [JinjaValue] = []

    init(parent: JinjaScope?) { self.parent = parent }

    @inline(__always)
    subscript(name: Int) -> JinjaValue? {
        get {
            var at = 0
            while at < names.count {
                if names[at] == name { return values[at] }
                at += 1
            }
            return nil
        }
        set {
            guard let newValue else { return }
            var at = 0
            while at < names.count {
                if names[at] == name {
                    values[at] = newValue
                    return
                }
                at += 1
            }
            names.append(name)
            values.append(newValue)
        }
    }

    override func dismantle() { clear() }

    /// Forgets everything; only for a scope that nobody else holds.
    @inline(__always)
    func clear() {
        names.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
    }
}

extension JinjaValue {
    /// The object that this is.
    var object: JinjaObject? {
        if case .object(let object) = self { object } else { nil }
    }
}

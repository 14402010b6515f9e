import PetrelCore

/// A compiled macro or call block.
struct JinjaMacroPlan: Sendable {
    /// Nil for a call block.
    let name: String?
    let parameters: [Int]
    let parameterNames: [String]
    /// Of the last parameters.
    let defaults: [JinjaEvaluate]
    let body: JinjaExecute
    let height: Int
    /// The numbers of the special names that the body uses.
    let caller: Int?
    let varargs: Int?
    let kwargs: Int?
}

/// A macro with the scope in which it was defined.
final class JinjaMacro: JinjaObject {
    private let plan: JinjaMacroPlan
    private let scope: JinjaScope

    init(_ plan: JinjaMacroPlan, _ scope: JinjaScope) {
        self.plan = plan
        self.scope = scope
    }

    override var typeName: String { "Macro" }
    override var module: String? { "jinja2.runtime" }
    override var isCallable: Bool { true }

    override func shown(_ run: JinjaRun) -> String {
        plan.name.map { "<Macro \(PythonText.quoted($0))>" } ?? "<Macro anonymous>"
    }

    override func attribute(_ name: String, _ run: JinjaRun) -> JinjaValue? {
        switch name {
        case "name": .value(Value(plan.name))
        case "arguments": .tuple(plan.parameterNames.map { .text($0) })
        case "caller": .bool(plan.caller != nil)
        case "catch_kwargs": .bool(plan.kwargs != nil)
        case "catch_varargs": .bool(plan.varargs != nil)
        case "explicit_caller": .bool(plan.parameterNames.contains("caller"))
        default: nil
        }
    }

    override func call(_ arguments: JinjaArguments, _ run: JinjaRun) throws(PythonFault) -> JinjaValue {
        try run.budget.work(StepCost.macroCall)
        let inner = JinjaScope(parent: scope)
        let missing = try bind(arguments, inner, run)
        let text = try run.nested(plan.height) { () throws(PythonFault) in
            try run.within(inner) { () throws(PythonFault) in
                try fill(missing, inner, run)
                return try run.captured(plan.body)
            }
        }
        return run.capturedValue(text)
    }

    /// Sets the parameters and the special names; returns which parameters were not given.
    private func bind(
        _ arguments: JinjaArguments, _ inner: JinjaScope, _ run: JinjaRun
    ) throws(PythonFault) -> [Int] {
        var named = arguments.named
        func take(_ name: String) -> JinjaValue? {
            guard let at = named.firstIndex(where: { $0.name == name }) else { return nil }
            return named.remove(at: at).value
        }
        var missing: [Int] = []
        for (at, name) in plan.parameters.enumerated() {
            if at < arguments.positional.count {
                inner[name] = arguments.positional[at]
            } else if let value = take(plan.parameterNames[at]) {
                inner[name] = value
            } else {
                missing.append(at)
            }
        }
        if let caller = plan.caller {
            let value = take("caller")
            inner[caller] = value ?? JinjaUndefined.hint("No caller defined", isStrict: run.isStrict)
        }
        if let kwargs = plan.kwargs {
            let dict = JinjaDict()
            for (name, value) in named { dict.set(.string(name), .text(name), value) }
            inner[kwargs] = .dict(dict)
        } else if let first = named.first {
            throw .type(
                "macro \(shownName) takes no keyword argument \(PythonText.quoted(first.name))")
        }
        let extra = arguments.positional.dropFirst(plan.parameters.count)
        if let varargs = plan.varargs {
            inner[varargs] = .tuple(Array(extra))
        } else if !extra.isEmpty {
            throw .type("macro \(shownName) takes not more than \(plan.parameters.count) argument(s)")
        }
        return missing
    }

    private var shownName: String { plan.name.map(PythonText.quoted) ?? "None" }

    /// Gives the parameters their defaults, each of which may use those before it.
    private func fill(_ missing: [Int], _ inner: JinjaScope, _ run: JinjaRun) throws(PythonFault) {
        let firstDefault = plan.parameters.count - plan.defaults.count
        for at in missing {
            if at >= firstDefault {
                inner[plan.parameters[at]] = try plan.defaults[at - firstDefault](run)
            } else {
                let name = PythonText.quoted(plan.parameterNames[at])
                inner[plan.parameters[at]] = JinjaUndefined.hint(
                    "parameter \(name) was not provided", isStrict: run.isStrict)
            }
        }
    }
}

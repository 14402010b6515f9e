import PetrelCore

/// `map`, `select`, `reject` and their kin: they work when their items are asked for.
enum JinjaSelectionFilters {
    static let filters: [JinjaFilter] = [
        JinjaFilter(open: "map", map),
        JinjaFilter(open: "select") { run, value, arguments throws(PythonFault) in
            select(run, value, arguments, keeps: true, byAttribute: false)
        },
        JinjaFilter(open: "reject") { run, value, arguments throws(PythonFault) in
            select(run, value, arguments, keeps: false, byAttribute: false)
        },
        JinjaFilter(open: "selectattr") { run, value, arguments throws(PythonFault) in
            select(run, value, arguments, keeps: true, byAttribute: true)
        },
        JinjaFilter(open: "rejectattr") { run, value, arguments throws(PythonFault) in
            select(run, value, arguments, keeps: false, byAttribute: true)
        },
    ]

    private typealias Change = (JinjaValue) throws(PythonFault) -> JinjaValue
    private typealias Question = (JinjaValue) throws(PythonFault) -> Bool

    private static func map(
        _ run: JinjaRun, _ value: JinjaValue, _ arguments: JinjaArguments
    ) throws(PythonFault) -> JinjaValue {
        .object(
            JinjaGenerator { () throws(PythonFault) in
                guard try run.truth(value) else { return JinjaIterator([], run) }
                let change = try change(run, arguments)
                var iterator = try JinjaIterator(value, run)
                return JinjaIterator(
                    pull: { () throws(PythonFault) in
                        guard let item = try iterator.next() else { return nil }
                        return try change(item)
                    }, run)
            })
    }

    private static func change(_ run: JinjaRun, _ arguments: JinjaArguments) throws(PythonFault) -> Change {
        var rest = arguments
        if rest.positional.isEmpty, let at = rest.named.firstIndex(where: { $0.name == "attribute" }) {
            let attribute = rest.named.remove(at: at).value
            var fallback: JinjaValue?
            if let at = rest.named.firstIndex(where: { $0.name == "default" }) {
                fallback = rest.named.remove(at: at).value
            }
            if let other = rest.named.first {
                throw PythonFault(
                    .filterArgument, "Unexpected keyword argument \(PythonText.quoted(other.name))")
            }
            let path = JinjaPath(attribute, default: fallback)
            return { item throws(PythonFault) in try path.value(of: item, run) }
        }
        guard !rest.positional.isEmpty else {
            throw PythonFault(.filterArgument, "map requires a filter argument")
        }
        let name = try run.text(rest.positional.removeFirst())
        let others = rest
        if let filter = JinjaFilter.named(name, run.environment) {
            let cost = TextCost.jinja(name)
            return { item throws(PythonFault) in
                try run.budget.work(StepCost.appliedToItem)
                try run.budget.read(item, cost)
                return try filter.call(run, item, others)
            }
        }
        guard let function = run.environment == .orquesta ? run.hostFunction(name) : nil else {
            throw PythonFault(.templateRuntime, "No filter named \(PythonText.quoted(name)).")
        }
        return { item throws(PythonFault) in
            try run.call(function, JinjaArguments([item] + others.positional, named: others.named))
        }
    }

    private static func select(
        _ run: JinjaRun, _ value: JinjaValue, _ arguments: JinjaArguments, keeps: Bool, byAttribute: Bool
    ) -> JinjaValue {
        .object(
            JinjaGenerator { () throws(PythonFault) in
                guard try run.truth(value) else { return JinjaIterator([], run) }
                let question = try question(run, arguments, byAttribute)
                var iterator = try JinjaIterator(value, run)
                return JinjaIterator(
                    pull: { () throws(PythonFault) in
                        while let item = try iterator.next() {
                            if try question(item) == keeps { return item }
                        }
                        return nil
                    }, run)
            })
    }

    private static func question(
        _ run: JinjaRun, _ arguments: JinjaArguments, _ byAttribute: Bool
    ) throws(PythonFault) -> Question {
        var rest = arguments
        var path: JinjaPath?
        if byAttribute {
            guard !rest.positional.isEmpty else {
                throw PythonFault(.filterArgument, "Missing parameter for attribute name")
            }
            path = JinjaPath(rest.positional.removeFirst())
        }
        let attribute = path
        guard !rest.positional.isEmpty else {
            return { item throws(PythonFault) in
                try run.truth(attribute.map { path throws(PythonFault) in try path.value(of: item, run) } ?? item)
            }
        }
        let name = try run.text(rest.positional.removeFirst())
        let others = rest
        guard let test = JinjaTest.named(name) else {
            throw PythonFault(.templateRuntime, "No test named \(PythonText.quoted(name)).")
        }
        return { item throws(PythonFault) in
            try run.budget.work(StepCost.appliedToItem)
            let subject = try attribute.map { path throws(PythonFault) in try path.value(of: item, run) } ?? item
            return try test.holds(run, subject, others)
        }
    }
}

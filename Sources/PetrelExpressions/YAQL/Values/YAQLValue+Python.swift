import PetrelCore

/// How Python shows values; input lists are tuples there.
extension YAQLValue {
    /// Python's name of the type.
    var typeName: String {
        switch self {
        case .null: "NoneType"
        case .bool: "bool"
        case .integer, .bigInteger: "int"
        case .double: "float"
        case .string: "str"
        case .tuple: "tuple"
        case .list: "list"
        case .dictionary(let dictionary): dictionary.isFrozen ? "FrozenDict" : "dict"
        case .set(let set): set.isFrozen ? "frozenset" : "set"
        case .view(let view): view.typeName
        case .iterator: "generator"
        case .ordering: "OrderingIterable"
        case .date: "datetime.datetime"
        case .timespan: "datetime.timedelta"
        case .regex: "re.Pattern"
        case .context: "Context"
        case .lambda: "function"
        case .rule: "MappingRule"
        case .absent: "MarkerClass"
        }
    }

    /// The type as Python's `type()` shows it.
    var className: String {
        if case .dictionary(let dictionary) = self, dictionary.isFrozen {
            return "<class 'yaql.language.utils.FrozenDict'>"
        }
        return "<class '\(typeName)'>"
    }

    /// As `str()` gives it.
    func pythonText(_ runtime: YAQLRuntime) throws(YAQLFault) -> String {
        switch self {
        case .string(let text): return text
        case .date(let date): return date.text
        case .timespan(let span): return YAQLTime.text(of: span)
        default: return try pythonShown(runtime)
        }
    }

    /// As `repr()` gives it.
    func pythonShown(_ runtime: YAQLRuntime) throws(YAQLFault) -> String {
        var out = ""
        try show(on: &out, runtime, depth: 0)
        return out
    }

    /// A method's receiver in a message, cut when it is long.
    func shown(_ runtime: YAQLRuntime) -> String {
        let text = (try? pythonText(runtime)) ?? typeName
        guard text.utf8.count > Self.maxShown else { return text }
        return String(text.unicodeScalars.prefix(Self.maxShown)) + "…"
    }

    private static let maxShown = 1_000

    private func show(on out: inout String, _ runtime: YAQLRuntime, depth: Int) throws(YAQLFault) {
        try runtime.step()
        switch self {
        case .null: out += "None"
        case .bool(let truth): out += truth ? "True" : "False"
        case .integer(let number): out += String(number)
        case .double(let number): out += PythonFloat.text(number)
        case .string(let text):
            try runtime.step(text.utf8.count / 8)
            try runtime.produce(bytes: text.utf8.count + 2)
            PythonText.appendQuoted(text, to: &out)
        case .bigInteger(let number):
            try runtime.step(StepCost.digits(number.groups.count))
            try runtime.produce(bytes: number.groups.count * 9)
            out += number.text
        default: try showParts(on: &out, runtime, depth: depth)
        }
    }

    private func showParts(on out: inout String, _ runtime: YAQLRuntime, depth: Int) throws(YAQLFault) {
        try Self.checkWalk(depth)
        switch self {
        case .tuple(let list): try show(list.items, "(", list.count == 1 ? ",)" : ")", on: &out, runtime, depth)
        case .list(let list): try show(list.items, "[", "]", on: &out, runtime, depth)
        case .dictionary(let dictionary): try show(dictionary, on: &out, runtime, depth)
        case .set(let set):
            if set.count == 0 {
                out += set.isFrozen ? "frozenset()" : "set()"
                return
            }
            let marks = set.isFrozen ? ("frozenset({", "})") : ("{", "}")
            try show(set.items.map(\.value), marks.0, marks.1, on: &out, runtime, depth)
        case .view(let view): try show(view, on: &out, runtime, depth)
        default: out += shownOpaquely
        }
    }

    private func show(
        _ items: [YAQLValue], _ open: String, _ close: String, on out: inout String, _ runtime: YAQLRuntime,
        _ depth: Int
    ) throws(YAQLFault) {
        try runtime.produce(bytes: items.count * 4)
        out += open
        for (at, item) in items.enumerated() {
            if at > 0 { out += ", " }
            try item.show(on: &out, runtime, depth: depth + 1)
        }
        out += close
    }

    private func show(
        _ dictionary: YAQLDictionary, on out: inout String, _ runtime: YAQLRuntime, _ depth: Int
    ) throws(YAQLFault) {
        out += "{"
        for (at, entry) in dictionary.entries.enumerated() {
            if at > 0 { out += ", " }
            try entry.key.show(on: &out, runtime, depth: depth + 1)
            out += ": "
            try entry.value.show(on: &out, runtime, depth: depth + 1)
        }
        out += "}"
    }

    private func show(
        _ view: YAQLView, on out: inout String, _ runtime: YAQLRuntime, _ depth: Int
    ) throws(YAQLFault) {
        out += view.typeName + "("
        if view.dictionary.isFrozen {
            try show(view.dictionary, on: &out, runtime, depth)
        } else {
            try show(try view.items(), "[", "]", on: &out, runtime, depth)
        }
        out += ")"
    }

    private var shownOpaquely: String {
        switch self {
        case .date(let date): date.shown
        case .timespan(let span): YAQLTime.shown(span)
        case .regex(let regex): "re.compile(\(PythonText.quoted(regex.pattern.text)))"
        case .absent: "<NoValue>"
        default: "<\(typeName) object>"
        }
    }
}

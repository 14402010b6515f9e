import PetrelCore

/// The parameters of one action, as `run ACTION -h` shows them.
struct ActionHelp {
    private let action: Value
    private let style: TextStyle

    /// Help for an action whose document holds its runner's parameters, too.
    init(_ action: Value, style: TextStyle) {
        self.action = action
        self.style = style
    }

    var lines: [String] {
        let parameters = (action["parameters"]?.object ?? [:]).filter { $0.value["immutable"]?.bool != true }
        let sorted = parameters.sorted { left, right in
            let (first, second) = (position(left.value), position(right.value))
            return first == second ? left.key < right.key : first < second
        }
        let required = sorted.filter { isRequired($0.value) }
        let optional = sorted.filter { !isRequired($0.value) }
        var lines = VisibleText.lines(action["description"]?.string ?? action["ref"]?.string ?? "")
        for (title, part) in [("Required Parameters:", required), ("Optional Parameters:", optional)]
        where !part.isEmpty {
            lines += ["", style.bold(title)] + part.flatMap { entry($0.key, $0.value) }
        }
        return lines
    }

    private func position(_ parameter: Value) -> Int { parameter["position"]?.integer ?? Int.max }

    /// As when it is run: a default makes up for one that is missing.
    private func isRequired(_ parameter: Value) -> Bool {
        parameter["required"]?.bool == true && (parameter["default"] ?? .null).isNull
    }

    private func entry(_ name: String, _ parameter: Value) -> [String] {
        var lines = ["    " + VisibleText.line(name)]
        func add(_ text: String) { lines += VisibleText.lines(text).map { "        " + $0 } }
        if let summary = parameter["description"]?.string { add(summary) }
        if let types = parameter["type"]?.array {
            add("Type: " + types.compactMap(\.string).joined(separator: " or "))
        } else if let type = parameter["type"]?.string {
            add("Type: \(type)")
        }
        if let choices = parameter["enum"]?.array { add("Enum: " + choices.map(text).joined(separator: ", ")) }
        if let standard = parameter["default"], !standard.isNull {
            add("Default: " + (parameter["secret"]?.bool == true ? secretMask : text(standard)))
        }
        return lines
    }

    private func text(_ value: Value) -> String { value.string ?? JSONWriter.text(value, .spaced) }
}

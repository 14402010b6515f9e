import PetrelCore
import PetrelExpressions

// What the language allows and hardly anybody means.
extension WorkflowInspector {
    mutating func checkTraps() {
        for (name, task) in definition.tasks {
            let part = Part.task(name)
            checkInline(name, part)
            for (index, transition) in task.transitions.enumerated() {
                checkTransition(transition, part.transition(index))
            }
            if definition.graph.node(named: name) == nil, !definition.graph.starts.isEmpty {
                add(
                    .warning, "The task \"\(name)\" can't be reached from the start.", part,
                    suggestion: "Name it in the `do` of a task that runs, or remove it")
            }
        }
        checkLines(definition.document.value, .whole)
    }

    /// `<% succeeded %>` is the word "succeeded", and a text that is not empty is true.
    private mutating func checkTransition(_ transition: TaskDefinition.Transition, _ part: Part) {
        if let text = transition.condition?.value.string { checkCondition(text, part.property("when")) }
        if transition.targets.contains(EngineCommand.retry.rawValue), !transition.publish.isEmpty,
            transition.targets.count == 1
        {
            add(
                .warning, "What a transition to `retry` publishes is never evaluated.", part.property("publish"),
                suggestion: "Publish in a transition of its own")
        }
    }

    private mutating func checkCondition(_ text: String, _ part: Part) {
        let occurrences = EmbeddedExpression.expressions(in: text)
        guard let first = occurrences.first else {
            if !EmbeddedExpression.hasExpressions(text) {
                add(
                    .warning, "The condition `\(text)` is a text without an expression, so it is always true.", part,
                    expression: text, suggestion: "Write <% \(text) %>")
            }
            return
        }
        if occurrences.count > 1 || first.range.count != text.utf8.count {
            add(
                .warning, "The condition `\(text)` has text around its expression, so it is always true.", part,
                expression: text, language: first.language,
                suggestion: "Put the whole condition into one expression")
            return
        }
        let word = text.dropFirst(2).dropLast(2).filter { !$0.isWhitespace }
        if ["succeeded", "failed", "completed"].contains(word), first.language == .yaql {
            add(
                .warning, "The condition `\(text)` is the word \"\(word)\", which is always true.", part,
                expression: text,
                language: .yaql, suggestion: "Write <% \(word)() %>")
        }
    }

    /// Unquoted words in inline parameters are dropped without an error.
    private mutating func checkInline(_ name: String, _ part: Part) {
        let source = definition.document.value["tasks"]?[name]
        if let text = source?["action"]?.string { checkDropped(text, part.property("action")) }
        for (index, transition) in (source?["next"]?.array ?? []).enumerated() {
            guard let text = transition["publish"]?.string else { continue }
            checkDropped(text, part.transition(index).property("publish"))
        }
    }

    private mutating func checkDropped(_ text: String, _ part: Part) {
        let kept = InlineParameters.scan(text).map(\.name)
        let outside = Self.outsideOfQuotesAndExpressions(text)
        for word in outside.split(separator: " ") {
            guard let equals = word.firstIndex(of: "="), equals != word.startIndex else { continue }
            let name = String(word[..<equals])
            guard !kept.contains(name), name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else { continue }
            add(
                .warning, "The value of \"\(name)\" is an unquoted word and is dropped.", part,
                suggestion: "Put it in quotes: \(name)=\"…\"")
        }
    }

    /// A text in which quoted parts and expressions are blanked out.
    private static func outsideOfQuotesAndExpressions(_ text: String) -> String {
        var bytes = Array(text.utf8)
        for occurrence in EmbeddedExpression.expressions(in: text) {
            for index in occurrence.range { bytes[index] = UInt8(ascii: "x") }
        }
        var quote: UInt8?
        for index in bytes.indices {
            if let open = quote {
                if bytes[index] == open { quote = nil } else { bytes[index] = UInt8(ascii: "x") }
            } else if bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: "'") {
                quote = bytes[index]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// An expression that is spread over lines is not seen as one.
    private mutating func checkLines(_ value: Value, _ part: Part) {
        switch value {
        case .string(let text):
            let broken = text.split(separator: "\n").contains { line in
                ["<%", "{{"].contains { mark in
                    line.contains(mark) && !line.contains(mark == "<%" ? "%>" : "}}")
                }
            }
            if broken, text.contains("\n") {
                add(
                    .warning, "An expression that is spread over lines is not evaluated.", part,
                    suggestion: "Write it in one line, or fold the text with `>-`")
            }
        case .array(let items):
            for (index, item) in items.enumerated() { checkLines(item, part.entry(index)) }
        case .object(let members):
            for (key, member) in members {
                let spec = part.spec.isEmpty ? key : "\(part.spec).\(key)"
                checkLines(member, Part(spec: spec, schema: part.schema, path: part.path + [key]))
            }
        default: break
        }
    }
}

import PetrelCore
import PetrelExpressions

/// The form that a part of a definition must have; as much of JSON Schema as the workflow language needs.
struct DefinitionRule: Sendable {
    enum Kind: String, Sendable {
        case string, array, object, integer
    }

    /// One way in which a value breaks a rule.
    struct Violation {
        let message: String
        /// Keys and `[index]`es, joined.
        let specPath: String
        /// Keywords of the schema, joined.
        let schemaPath: String
        /// Keys and indexes, for finding the place.
        let path: [String]
    }

    var kind: Kind?
    var choices: [Value] = []
    /// Least length of a text, or number of items or members.
    var minimum = 0
    var maximum = Int.max
    var isUnique = false
    var pattern: ItemsPattern?
    var items: Indirect?
    var members: [String: DefinitionRule] = [:]
    /// The rule of members under any name of word characters.
    var anyMember: Indirect?
    var allowsOthers = true
    var required: [String] = []
    var alternatives: [DefinitionRule] = []

    /// Keeps a rule inside a rule.
    final class Indirect: Sendable {
        let rule: DefinitionRule
        init(_ rule: DefinitionRule) { self.rule = rule }
    }

    /// The pattern of a `with` list.
    enum ItemsPattern: Sendable { case itemsExpression }

    func violations(_ value: Value) -> [Violation] {
        var found: [Violation] = []
        check(value, Place(), &found)
        return found
    }

    private struct Place {
        var spec = ""
        var schema = ""
        var path: [String] = []

        func member(_ name: String, schema step: String) -> Place {
            Place(spec: spec.isEmpty ? name : "\(spec).\(name)", schema: deeper(step), path: path + [name])
        }

        func item(_ index: Int) -> Place {
            Place(spec: "\(spec)[\(index)]", schema: deeper("items"), path: path + [String(index)])
        }

        func deeper(_ step: String) -> String { schema.isEmpty ? step : "\(schema).\(step)" }

        func complain(_ keyword: String, _ message: String, _ found: inout [Violation]) {
            found.append(Violation(message: message, specPath: spec, schemaPath: deeper(keyword), path: path))
        }
    }

    private func check(_ value: Value, _ place: Place, _ found: inout [Violation]) {
        let shown = value.pythonText
        if !alternatives.isEmpty {
            let fitting = alternatives.filter { $0.violations(value).isEmpty }
            if fitting.count != 1 {
                place.complain("oneOf", "\(shown) is not valid under any of the given schemas", &found)
            }
            return
        }
        if !choices.isEmpty, !choices.contains(where: { Self.isEqual($0, value) }) {
            place.complain("enum", "\(shown) is not one of \(Value.array(choices).pythonText)", &found)
        }
        if let kind, !Self.fits(value, kind) {
            place.complain("type", "\(shown) is not of type '\(kind.rawValue)'", &found)
        }
        switch value {
        case .string(let text):
            if text.unicodeScalars.count < minimum {
                place.complain("minLength", "\(shown) should be non-empty", &found)
            }
            if pattern != nil, !Self.isItemsText(text) {
                place.complain("pattern", "\(shown) does not match '\(Self.itemsPattern)'", &found)
            }
        case .integer(let number):
            if kind == .integer, number < minimum {
                place.complain("minimum", "\(shown) is less than the minimum of \(minimum)", &found)
            }
        case .array(let entries): check(entries, shown, place, &found)
        case .object(let members): check(members, shown, place, &found)
        default: break
        }
    }

    private func check(_ entries: [Value], _ shown: String, _ place: Place, _ found: inout [Violation]) {
        guard kind == .array else { return }
        if entries.count < minimum { place.complain("minItems", "\(shown) should be non-empty", &found) }
        if isUnique, Set(entries).count < entries.count {
            place.complain("uniqueItems", "\(shown) has non-unique elements", &found)
        }
        guard let items else { return }
        for (index, entry) in entries.enumerated() { items.rule.check(entry, place.item(index), &found) }
    }

    private func check(_ given: ValueObject, _ shown: String, _ place: Place, _ found: inout [Violation]) {
        guard kind == .object else { return }
        if given.count < minimum { place.complain("minProperties", "\(shown) should be non-empty", &found) }
        if given.count > maximum { place.complain("maxProperties", "\(shown) has too many properties", &found) }
        for name in required where given[name] == nil {
            place.complain("required", "'\(name)' is a required property", &found)
        }
        let others = given.keys.filter { members[$0] == nil && !(anyMember != nil && Self.isWord($0)) }
        if !allowsOthers, !others.isEmpty {
            let names = others.sorted(by: precedes).map { Value.string($0).pythonText }.joined(separator: ", ")
            let verb = others.count == 1 ? "was" : "were"
            place.complain(
                "additionalProperties", "Additional properties are not allowed (\(names) \(verb) unexpected)", &found)
        }
        for (name, value) in given {
            if let rule = members[name] {
                rule.check(value, place.member(name, schema: "properties.\(name)"), &found)
            } else if let anyMember, Self.isWord(name) {
                anyMember.rule.check(value, place.member(name, schema: "patternProperties.^\\w+$"), &found)
            }
        }
    }

    private static func fits(_ value: Value, _ kind: Kind) -> Bool {
        switch (value, kind) {
        case (.string, .string), (.array, .array), (.object, .object), (.integer, .integer), (.bigInteger, .integer):
            true
        default: false
        }
    }

    private static func isEqual(_ left: Value, _ right: Value) -> Bool {
        if let first = left.number, let second = right.number { return first == second }
        return left == right
    }

    private static func isWord(_ name: String) -> Bool {
        !name.isEmpty
            && name.unicodeScalars.allSatisfy {
                $0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType != nil
            }
    }

    private static let itemsPattern =
        #"^(\s+)?({{.*?}}|<%.*?%>)(\s+)?$|^(\s+)?((\w+,\s?|\s+)+)?(\w+)\s+in\s+({{.*?}}|<%.*?%>)(\s+)?$"#

    /// What the recorded pattern accepts, without its exponential repetition.
    private static let itemsTexts = try? Pattern(
        #"^\s*(?:\{\{.*?\}\}|<%.*?%>)\s*$|^\s*(?:\w+,\s*)*\w+\s+in\s+(?:\{\{.*?\}\}|<%.*?%>)\s*$"#)

    private static func isItemsText(_ text: String) -> Bool {
        guard let itemsTexts else { return true }
        return ((try? itemsTexts.firstMatch(in: text)) ?? nil) != nil
    }
}

extension DefinitionRule {
    private static let text = DefinitionRule(kind: .string, minimum: 1)
    private static let texts = DefinitionRule(kind: .array, minimum: 1, isUnique: true, items: Indirect(text))
    private static let oneKey = DefinitionRule(kind: .object, minimum: 1, maximum: 1)
    private static let assignments = DefinitionRule(
        kind: .array, minimum: 1, isUnique: true, items: Indirect(oneKey))
    private static let count = DefinitionRule(alternatives: [text, DefinitionRule(kind: .integer)])
    private static let inputs = DefinitionRule(
        kind: .array, minimum: 1, isUnique: true, items: Indirect(DefinitionRule(alternatives: [text, oneKey])))

    private static let transition = DefinitionRule(
        kind: .object,
        members: [
            "when": text, "publish": DefinitionRule(alternatives: [text, assignments]),
            "do": DefinitionRule(alternatives: [text, texts]),
        ], allowsOthers: false)

    private static let task = DefinitionRule(
        kind: .object,
        members: [
            "action": text,
            "input": DefinitionRule(alternatives: [text, DefinitionRule(kind: .object, minimum: 1)]),
            "with": DefinitionRule(
                kind: .object,
                members: [
                    "items": DefinitionRule(kind: .string, minimum: 1, pattern: .itemsExpression), "concurrency": count,
                ],
                allowsOthers: false),
            "join": DefinitionRule(alternatives: [DefinitionRule(choices: ["all"]), DefinitionRule(kind: .integer)]),
            "delay": count,
            "retry": DefinitionRule(
                kind: .object, members: ["when": text, "count": count, "delay": count], allowsOthers: false,
                required: ["count"]),
            "next": DefinitionRule(kind: .array, items: Indirect(transition)),
        ], allowsOthers: false)

    /// The rule of a whole definition.
    static let workflow = DefinitionRule(
        kind: .object,
        members: [
            "version": DefinitionRule(choices: ["1.0", 1.0]), "name": text, "description": text, "tags": texts,
            "input": inputs, "vars": assignments, "output": assignments,
            "tasks": DefinitionRule(kind: .object, minimum: 1, anyMember: Indirect(task), allowsOthers: false),
        ], allowsOthers: false, required: ["tasks"])
}

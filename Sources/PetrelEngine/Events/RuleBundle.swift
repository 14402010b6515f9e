import PetrelCore
import PetrelExpressions

/// The enabled rules of one trigger, found by constants that they ask for, so that a rule which can't fit costs nothing.
struct RuleBundle: Sendable {
    private var standard = Shelf()
    private var backstop = Shelf()

    /// A rule with its criteria read.
    struct Entry: Sendable {
        var rule: Rule
        var criteria: Result<RuleCriteria, ExpressionError>
    }

    mutating func add(_ rule: Rule) {
        if rule.kind == .standard { standard.add(rule) } else { backstop.add(rule) }
    }

    /// The standard rules that may fit a payload, in order; the others do not.
    func standardCandidates(for payload: Value) -> [Entry] { standard.candidates(for: payload) }
    /// The backstop rules that may fit.
    func backstopCandidates(for payload: Value) -> [Entry] { backstop.candidates(for: payload) }

    private struct Shelf: Sendable {
        private var entries: [Entry] = []
        /// Rules by the text that they want at a path of member names.
        private var byText: [[String]: [String: [Int]]] = [:]
        private var others: [Int] = []

        mutating func add(_ rule: Rule) {
            let place = entries.count
            let criteria: Result<RuleCriteria, ExpressionError>
            do throws(ExpressionError) {
                criteria = .success(try RuleCriteria(rule.criteria, rule: rule.ref.description))
            } catch { criteria = .failure(error) }
            entries.append(Entry(rule: rule, criteria: criteria))
            if let wanted = RuleBundle.wantedText(rule.criteria) {
                byText[wanted.path, default: [:]][wanted.text, default: []].append(place)
            } else {
                others.append(place)
            }
        }

        func candidates(for payload: Value) -> [Entry] {
            var places = others
            for (path, table) in byText {
                if let text = RuleBundle.text(at: path, in: payload), let found = table[text] { places += found }
            }
            return places.sorted().map { entries[$0] }
        }
    }

    /// The first criterion that wants a constant text at a plain path.
    ///
    /// Only texts: numbers and truths are equal across types there. A text that Swift takes for equal and Python doesn't
    /// is sorted out by the criterion itself.
    private static func wantedText(_ criteria: ValueObject) -> (path: [String], text: String)? {
        for (key, criterion) in criteria {
            guard let type = criterion["type"]?.string, ["equals", "eq"].contains(type),
                let text = criterion["pattern"]?.string, isConstant(text), let path = plainPath(key)
            else { continue }
            return (path, text)
        }
        return nil
    }

    private static func isConstant(_ text: String) -> Bool {
        !text.utf8.contains { $0 == UInt8(ascii: "{") || $0 == 0x0A || $0 == 0x0D }
    }

    /// The names after `trigger` when the key is nothing but names and dots.
    private static func plainPath(_ key: String) -> [String]? {
        let names = key.prefix { $0 != "#" }.split(separator: ".", omittingEmptySubsequences: false)
        guard names.count > 1, names[0] == "trigger",
            names.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isNameByte) })
        else { return nil }
        return names.dropFirst().map(String.init)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
    }

    private static func text(at path: [String], in payload: Value) -> String? {
        var value: Value? = payload
        for name in path { value = value?[name] }
        return value?.string
    }
}

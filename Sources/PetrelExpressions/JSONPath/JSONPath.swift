public import PetrelCore
import Synchronization

/// A JSONPath in the dialect of jsonpath-rw, which StackStorm uses for rule criteria and `jsonpath_query`.
///
/// Read once, evaluated many times, by any thread. Where the original raises while it evaluates (an index into a
/// number, the parent of the root), so does this.
public struct JSONPath: Sendable {
    /// The path as it was written.
    public let text: String
    let steps: [JSONPathStep]
    /// The path as plain member names and indexes, if it is no more than that: the form of nearly all rule criteria.
    private let plain: [JSONPathStep]?

    /// Most values that one evaluation visits.
    private static let maxVisits = 200_000

    /// Reads a path.
    /// - Throws: ``ExpressionError`` with code `badPath`, saying what is wrong and at which character.
    public init(_ text: String) throws(ExpressionError) {
        self.text = text
        var steps: [JSONPathStep]
        do throws(PythonFault) {
            var parser = try JSONPathParser(text)
            steps = try parser.path()
        } catch { throw error.problem }
        // At its start the root is where one is already.
        if steps.count > 1, case .root = steps[0] { steps.removeFirst() }
        self.steps = steps
        plain = steps.allSatisfy(\.isPlain) ? steps : nil
    }

    /// All values that the path leads to, in the original's order.
    /// - Throws: ``ExpressionError`` with code `failed` where the original raises, `tooComplex` past the limits.
    public func values(in root: Value) throws(ExpressionError) -> [Value] {
        do throws(PythonFault) {
            if let plain { return try Self.follow(plain[...], from: root).map { [$0] } ?? [] }
            var search = JSONPathSearch(visitsLeft: Self.maxVisits)
            return try search.values(steps, in: root)
        } catch { throw error.problem }
    }

    /// The first value that the path leads to; nil when there is none.
    /// - Throws: ``ExpressionError`` with code `failed` where the original raises, `tooComplex` past the limits.
    public func firstValue(in root: Value) throws(ExpressionError) -> Value? {
        guard let plain else { return try values(in: root).first }
        do throws(PythonFault) { return try Self.follow(plain[...], from: root) } catch { throw error.problem }
    }

    /// The first value in an object of the one member `name`, which is not built unless the path needs it.
    func firstValue(inMember name: String, of value: Value) throws(ExpressionError) -> Value? {
        if let plain, case .fields(let names) = plain[0], names.count == 1 {
            guard names[0] == name else { return nil }
            do throws(PythonFault) { return try Self.follow(plain.dropFirst(), from: value) } catch {
                throw error.problem
            }
        }
        return try firstValue(in: .object([name: value]))
    }

    /// The names that the path goes through, if it does nothing else.
    var plainNames: [String]? {
        var names: [String] = []
        for step in steps {
            guard step.isPlain, case .fields(let name) = step else { return nil }
            names += name
        }
        return names
    }

    private static func follow(_ steps: ArraySlice<JSONPathStep>, from root: Value) throws(PythonFault) -> Value? {
        var value = root
        for step in steps {
            let next: Value?
            switch step {
            case .fields(let names): next = value[names[0]]
            case .index(let index): next = try JSONPathSearch.item(index, of: value)
            default: next = nil
            }
            guard let next else { return nil }
            value = next
        }
        return value
    }

    private static let known = Mutex<[String: JSONPath]>([:])

    /// The path of a text, read at most once while it is in use.
    static func cached(_ text: String) throws(ExpressionError) -> JSONPath {
        if let path = known.withLock({ $0[text] }) { return path }
        let path = try JSONPath(text)
        known.withLock { known in
            if known.count >= 1_000 { known.removeAll(keepingCapacity: true) }
            if text.utf8.count <= 1_000 { known[text] = path }
        }
        return path
    }
}

/// One step of a path: what it makes of each value that the steps before it found.
indirect enum JSONPathStep: Sendable, Hashable {
    /// Members by name; a name of `*` stands for all.
    case fields([String])
    case index(Int)
    case slice(Int?, Int?)
    case root
    case this
    case parent
    /// What the path finds at the value itself and at everything below it.
    case descendants([JSONPathStep])
    /// The value itself, if the path finds anything from it.
    case filter([JSONPathStep])
    case union([[JSONPathStep]])
    /// Can be written, but the original never learnt to evaluate it.
    case intersection

    var isPlain: Bool {
        switch self {
        case .fields(let names): names.count == 1 && names[0] != "*"
        case .index: true
        default: false
        }
    }
}

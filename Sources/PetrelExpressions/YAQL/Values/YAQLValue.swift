import PetrelCore

/// What YAQL computes with: plain values, and what Python has beyond them.
///
/// Plain lists and mappings of the input are wrapped as they are; their items become values of this type when touched.
enum YAQLValue {
    case null
    case bool(Bool)
    case integer(Int)
    /// Only what does not fit 64 bits.
    case bigInteger(BigInteger)
    case double(Double)
    case string(String)
    /// A list that is a Python tuple: what the input and list literals give.
    case tuple(YAQLList)
    /// A list that is a Python list: what some functions give. It can be no key and equals no tuple.
    case list(YAQLList)
    case dictionary(YAQLDictionary)
    case set(YAQLSet)
    /// Keys, values or items of a mapping.
    case view(YAQLView)
    /// Items that are made when they are asked for, once.
    case iterator(YAQLIterator)
    /// What `orderBy` gives, sorted when it is first read.
    case ordering(YAQLOrdering)
    case date(YAQLDate)
    /// A time span in microseconds.
    case timespan(Int)
    case regex(YAQLRegex)
    /// What `let`, `with`, `def` and `unpack` give.
    case context(YAQLFrame)
    /// An argument that its function evaluates when it needs to.
    case lambda(YAQLLambda)
    /// An evaluated `key => value`.
    case rule(YAQLRule)
    /// An argument that was left out.
    case absent

    /// Deepest nesting of values that are made, so that releasing them can't exhaust the stack.
    static let maxDepth = 300
    /// Deepest nesting that is compared, hashed or shown; the input may be nested deeper.
    static let maxWalk = 150

    /// The plain value, unchanged; frozen lists are tuples, others Python lists.
    @inline(__always)
    init(_ value: Value, isFrozen: Bool = true) {
        switch value {
        case .null: self = .null
        case .bool(let truth): self = .bool(truth)
        case .integer(let number): self = .integer(number)
        case .bigInteger(let digits): self = BigInteger(digits: digits.utf8).map(YAQLValue.bigInteger) ?? .null
        case .double(let number): self = .double(number)
        case .string(let text): self = .string(text)
        case .array(let items):
            let list = YAQLList(plain: items, isFrozen: isFrozen)
            self = isFrozen ? .tuple(list) : .list(list)
        case .object(let members): self = .dictionary(YAQLDictionary(plain: members, isFrozen: isFrozen))
        }
    }

    init(_ number: PythonNumber) {
        switch number {
        case .integer(let number): self = .integer(number)
        case .big(let number): self = .bigInteger(number)
        case .double(let number): self = .double(number)
        }
    }

    /// The number that it is; booleans are none.
    @inline(__always)
    var number: PythonNumber? {
        switch self {
        case .integer(let number): .integer(number)
        case .double(let number): .double(number)
        case .bigInteger(let number): .big(number)
        default: nil
        }
    }

    /// The number that it is, booleans counting as 0 and 1.
    @inline(__always)
    var numberOrBoolean: PythonNumber? {
        if case .bool(let truth) = self { return .integer(truth ? 1 : 0) }
        return number
    }

    var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// Python's idea of truth.
    var isTruthy: Bool {
        switch self {
        case .null: false
        case .bool(let truth): truth
        case .integer(let number): number != 0
        case .double(let number): number != 0
        case .string(let text): !text.isEmpty
        case .tuple(let list), .list(let list): list.count > 0
        case .dictionary(let dictionary): !dictionary.isEmpty
        case .set(let set): set.count > 0
        case .view(let view): !view.dictionary.isEmpty
        case .timespan(let microseconds): microseconds != 0
        default: true
        }
    }

    /// How deep it is nested; 0 for what has no parts.
    var depth: Int {
        switch self {
        case .tuple(let list), .list(let list): list.depth
        case .dictionary(let dictionary): dictionary.depth
        case .set(let set): set.depth
        case .view(let view): view.dictionary.depth + 1
        case .iterator(let iterator): iterator.depth
        case .ordering(let ordering): ordering.depth
        case .context(let frame): frame.depth
        case .lambda(let lambda): lambda.frame.depth + 1
        case .rule(let rule): rule.depth
        default: 0
        }
    }

    /// One level more than the deepest of these.
    static func depth(over values: some Sequence<YAQLValue>) throws(YAQLFault) -> Int {
        var deepest = 0
        for value in values { deepest = max(deepest, value.depth) }
        return try checked(deepest + 1)
    }

    static func checked(_ depth: Int) throws(YAQLFault) -> Int {
        if depth > maxDepth { throw .tooComplex("The value is nested deeper than \(maxDepth) levels") }
        return depth
    }

    static func checkWalk(_ depth: Int) throws(YAQLFault) {
        if depth > maxWalk { throw .tooComplex("The value is nested deeper than \(maxWalk) levels") }
    }
}

/// An argument that its function evaluates when it needs to: `$ > 1`, or the two sides of `$ > 1 => a`.
final class YAQLLambda {
    let node: YAQLNode
    /// What stands behind `=>`.
    let consequence: YAQLNode?
    let frame: YAQLFrame

    init(_ node: YAQLNode, consequence: YAQLNode? = nil, _ frame: YAQLFrame) {
        self.node = node
        self.consequence = consequence
        self.frame = frame
    }
}

/// An evaluated `key => value`.
final class YAQLRule {
    let key: YAQLValue
    let value: YAQLValue
    let depth: Int

    init(_ key: YAQLValue, _ value: YAQLValue) throws(YAQLFault) {
        self.key = key
        self.value = value
        depth = try YAQLValue.checked(max(key.depth, value.depth) + 1)
    }
}

/// A compiled pattern.
final class YAQLRegex {
    let pattern: Pattern
    init(_ pattern: Pattern) { self.pattern = pattern }
}

// Re-exported: an object of values is an OrderedDictionary, so whoever imports PetrelCore handles one.
@_exported public import OrderedCollections

/// An object of ``Value``s that keeps the order in which its keys were written.
public typealias ValueObject = OrderedDictionary<String, Value>

/// Any datum that content, parameters, results and the API carry: JSON's types, with integers of any size.
///
/// Equality of objects is order-sensitive, as text made from them is; use ``isEquivalent(to:)`` where order has no meaning.
public enum Value: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int)
    /// An integer outside 64 bits: its decimal digits, with a leading `-` when negative, never with leading zeros.
    case bigInteger(String)
    case double(Double)
    case string(String)
    case array([Value])
    case object(ValueObject)
}

extension Value {
    /// Whether this is `null`.
    public var isNull: Bool { self == .null }

    /// The text of a string value; nil for every other type.
    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The number of an integer that fits 64 bits; nil for every other type, booleans included.
    public var integer: Int? {
        if case .integer(let number) = self { number } else { nil }
    }

    /// The number of an integer or a double; nil for every other type, booleans included.
    public var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .bigInteger(let digits): Double(digits)
        case .double(let number): number
        default: nil
        }
    }

    /// The truth of a boolean; nil for every other type.
    public var bool: Bool? {
        if case .bool(let truth) = self { truth } else { nil }
    }

    /// The items of an array; nil for every other type.
    public var array: [Value]? {
        if case .array(let items) = self { items } else { nil }
    }

    /// The members of an object; nil for every other type.
    public var object: ValueObject? {
        if case .object(let members) = self { members } else { nil }
    }

    /// The member of an object, or nil if there is none or this is no object.
    public subscript(key: String) -> Value? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    /// Python's idea of truth: false for null, false, zero and whatever is empty.
    public var isTruthy: Bool {
        switch self {
        case .null: false
        case .bool(let truth): truth
        case .integer(let number): number != 0
        case .bigInteger: true
        case .double(let number): number != 0
        case .string(let text): !text.isEmpty
        case .array(let items): !items.isEmpty
        case .object(let members): !members.isEmpty
        }
    }

    /// The JSON-schema name of the type, as messages show it.
    public var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .integer, .bigInteger: "integer"
        case .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// Whether two values are equal when the order of object keys is ignored.
    public func isEquivalent(to other: Value) -> Bool {
        switch (self, other) {
        case (.object(let mine), .object(let theirs)):
            mine.count == theirs.count
                && mine.allSatisfy { key, value in theirs[key].map { value.isEquivalent(to: $0) } ?? false }
        case (.array(let mine), .array(let theirs)):
            mine.count == theirs.count && zip(mine, theirs).allSatisfy { $0.isEquivalent(to: $1) }
        default: self == other
        }
    }
}

extension Value: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Lets `nil` stand for null.
    public init(nilLiteral: ()) { self = .null }
    /// Lets `true` and `false` stand for booleans.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Lets `1` stand for an integer.
    public init(integerLiteral value: Int) { self = .integer(value) }
    /// Lets `1.0` stand for a double; it is never an integer, however whole.
    public init(floatLiteral value: Double) { self = .double(value) }
    /// Lets a quoted text, interpolated or not, stand for a string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// Lets a list in brackets stand for an array.
    public init(arrayLiteral elements: Value...) { self = .array(elements) }
    /// Lets pairs in brackets stand for an object in that order; of two with one key the last counts.
    public init(dictionaryLiteral elements: (String, Value)...) {
        self = .object(ValueObject(elements, uniquingKeysWith: { _, last in last }))
    }
}

extension Value {
    /// A string value, or null for nil.
    public init(_ text: String?) { self = text.map(Value.string) ?? .null }
}

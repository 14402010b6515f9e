import PetrelCore

/// A number as Python knows it: whole numbers of any size, and doubles; booleans count as 0 and 1.
enum PythonNumber: Sendable {
    case integer(Int)
    /// Only what does not fit 64 bits.
    case big(BigInteger)
    case double(Double)

    /// The number that a value is; nil when it is none.
    @inline(__always)
    init?(_ value: Value) {
        switch value {
        case .integer(let number): self = .integer(number)
        case .double(let number): self = .double(number)
        case .bool(let truth): self = .integer(truth ? 1 : 0)
        case .bigInteger(let digits):
            guard let number = BigInteger(digits: digits.utf8) else { return nil }
            self = .big(number)
        default: return nil
        }
    }

    /// The shortest form of a big integer.
    init(_ number: BigInteger) { self = number.int.map(PythonNumber.integer) ?? .big(number) }

    /// The number as a value.
    @inline(__always)
    var value: Value {
        switch self {
        case .integer(let number): .integer(number)
        case .double(let number): .double(number)
        case .big(let number): .bigInteger(number.text)
        }
    }

    var isWhole: Bool {
        if case .double = self { false } else { true }
    }

    /// Python's name of the type.
    var typeName: String { isWhole ? "int" : "float" }

    var isZero: Bool {
        switch self {
        case .integer(let number): number == 0
        case .double(let number): number == 0
        case .big: false
        }
    }

    var isNegative: Bool {
        switch self {
        case .integer(let number): number < 0
        case .double(let number): number < 0
        case .big(let number): number.isNegative
        }
    }

    /// The whole number in its long form; a double is cut off.
    var big: BigInteger {
        switch self {
        case .integer(let number): BigInteger(number)
        case .double(let number): BigInteger(truncating: number.isFinite ? number : 0)
        case .big(let number): number
        }
    }

    /// The nearest double, as `float()` gives it.
    func double() throws(PythonFault) -> Double {
        switch self {
        case .integer(let number): return Double(number)
        case .double(let number): return number
        case .big(let number):
            let nearest = number.double
            guard nearest.isFinite else { throw PythonFault(.overflow, "int too large to convert to float") }
            return nearest
        }
    }

    /// The number cut off at the point, as `int()` gives it.
    func whole() throws(PythonFault) -> PythonNumber {
        guard case .double(let number) = self else { return self }
        if number.isNaN { throw .value("cannot convert float NaN to integer") }
        if number.isInfinite { throw PythonFault(.overflow, "cannot convert float infinity to integer") }
        if number.magnitude < 9.2e18 { return .integer(Int(number)) }
        return PythonNumber(BigInteger(truncating: number))
    }

    /// The number's text, as `str()` gives it.
    var text: String {
        switch self {
        case .integer(let number): String(number)
        case .double(let number): PythonFloat.text(number)
        case .big(let number): number.text
        }
    }
}

extension PythonNumber {
    /// How two numbers compare; nil when one of them is NaN.
    ///
    /// Exact, as Python's comparison of whole numbers with doubles.
    static func order(_ left: PythonNumber, _ right: PythonNumber) -> PythonOrder? {
        switch (left, right) {
        case (.integer(let one), .integer(let two)): return PythonOrder(one, two)
        case (.double(let one), .double(let two)): return one.isNaN || two.isNaN ? nil : PythonOrder(one, two)
        case (.double(let one), _): return order(right, of: one)?.reversed
        case (_, .double(let two)): return order(left, of: two)
        default: return PythonOrder(left.big, right.big)
        }
    }

    private static func order(_ whole: PythonNumber, of number: Double) -> PythonOrder? {
        if number.isNaN { return nil }
        if number.isInfinite { return number > 0 ? .less : .greater }
        if case .integer(let whole) = whole, whole.magnitude < 1 << 53 { return PythonOrder(Double(whole), number) }
        let cut = BigInteger(truncating: number)
        let order = PythonOrder(whole.big, cut)
        guard order == .equal else { return order }
        return PythonOrder(0, number - number.rounded(.towardZero))
    }

    /// A key that equal numbers share, whatever their types; for dictionaries and sets.
    var hashable: AnyNumberKey {
        switch self {
        case .integer(let number): .integer(number)
        case .big(let number): .big(number)
        case .double(let number):
            if number.isFinite, number == number.rounded(.towardZero), let whole = try? whole() {
                whole.hashable
            } else {
                .double(number)
            }
        }
    }

    /// What a number is as a key.
    enum AnyNumberKey: Hashable, Sendable {
        case integer(Int)
        case big(BigInteger)
        case double(Double)
    }
}

/// How two things compare.
enum PythonOrder: Sendable {
    case less
    case equal
    case greater

    @inline(__always)
    init<Item: Comparable>(_ left: Item, _ right: Item) {
        self = left < right ? .less : left == right ? .equal : .greater
    }

    var reversed: PythonOrder { self == .less ? .greater : self == .greater ? .less : .equal }
}

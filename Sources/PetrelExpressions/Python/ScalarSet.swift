/// A set of code points that answers quickly for those of ASCII.
struct ScalarSet {
    private var low: UInt64 = 0
    private var high: UInt64 = 0
    private var others: Set<Unicode.Scalar> = []

    init(_ text: String) {
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case ..<64: low |= 1 << UInt64(scalar.value)
            case ..<128: high |= 1 << UInt64(scalar.value - 64)
            default: others.insert(scalar)
            }
        }
    }

    @inline(__always)
    func contains(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<64: low >> UInt64(scalar.value) & 1 == 1
        case ..<128: high >> UInt64(scalar.value - 64) & 1 == 1
        default: others.contains(scalar)
        }
    }
}

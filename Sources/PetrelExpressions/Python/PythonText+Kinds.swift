/// The `str.isXxx` questions.
extension PythonText {
    static func isAlphabetic(_ text: String) -> Bool { all(text, isLetter) }
    static func isAlphanumeric(_ text: String) -> Bool {
        all(text, isAlphanumeric)
    }
    static func isDecimal(_ text: String) -> Bool { all(text) { $0.properties.numericType == .decimal } }
    static func isDigit(_ text: String) -> Bool {
        all(text) { $0.properties.numericType == .decimal || $0.properties.numericType == .digit }
    }
    static func isNumeric(_ text: String) -> Bool { all(text) { $0.properties.numericType != nil } }
    static func isSpace(_ text: String) -> Bool { all(text, isSpace) }
    static func isPrintable(_ text: String) -> Bool { text.unicodeScalars.allSatisfy(isPrintable) }

    /// `str.isidentifier`.
    static func isIdentifier(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first else { return false }
        guard first == "_" || first.properties.isXIDStart else { return false }
        return text.unicodeScalars.dropFirst().allSatisfy { $0.properties.isXIDContinue }
    }

    /// Whether a code point is a letter or a number of any kind.
    static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.isLatinLetter || scalar.isDecimalDigit }
        return isLetter(scalar) || scalar.properties.numericType != nil
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.isLatinLetter }
        return switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    private static func all(_ text: String, _ isRight: (Unicode.Scalar) -> Bool) -> Bool {
        !text.isEmpty && text.unicodeScalars.allSatisfy(isRight)
    }
}

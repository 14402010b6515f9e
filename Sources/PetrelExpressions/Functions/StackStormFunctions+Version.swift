import PetrelCore

extension StackStormFunctions {
    /// Which part of a version is raised.
    enum VersionPart { case major, minor, patch }

    /// `version_compare`: -1, 0 or 1; build data does not count.
    static func versionCompare(_ left: Value, _ right: Value) throws(ExpressionError) -> Int {
        let left = try version(left)
        return left.compared(to: try version(right))
    }

    /// `version_match`: an operator and a version, or a version alone for equality.
    static func versionMatch(_ value: Value, _ expression: Value) throws(ExpressionError) -> Bool {
        let own = try version(value)
        guard case .string(let text) = expression else { throw wrongType(expression) }
        let (name, rest) = comparison(text)
        guard let name else {
            throw ExpressionError(
                .failed,
                "match_expr parameter should be in format <op><ver>, where <op> is one of "
                    + "['<', '>', '==', '<=', '>=', '!=']. You provided: \(expression.pythonText)")
        }
        let order = own.compared(to: try version(.string(rest)))
        return switch name {
        case ">": order > 0
        case "<": order < 0
        case ">=": order >= 0
        case "<=": order <= 0
        case "!=": order != 0
        default: order == 0
        }
    }

    /// `version_bump_major` and its like: the next version, the lower parts at zero, nothing behind.
    static func versionBump(_ value: Value, _ part: VersionPart) throws(ExpressionError) -> String {
        let version = try version(value)
        return switch part {
        case .major: SemanticVersion.incremented(version.major) + ".0.0"
        case .minor: version.major + "." + SemanticVersion.incremented(version.minor) + ".0"
        case .patch: version.major + "." + version.minor + "." + SemanticVersion.incremented(version.patch)
        }
    }

    /// `version_strip_patch`: major and minor.
    static func versionStripPatch(_ value: Value) throws(ExpressionError) -> String {
        let version = try version(value)
        return version.major + "." + version.minor
    }

    private static func comparison(_ text: String) -> (String?, String) {
        for name in [">=", "<=", "==", "!=", ">", "<"] where text.utf8.starts(with: name.utf8) {
            return (name, String(text.unicodeScalars.dropFirst(name.utf8.count)))
        }
        return (text.utf8.first.map { (0x30...0x39).contains($0) } == true ? "==" : nil, text)
    }

    private static func version(_ value: Value) throws(ExpressionError) -> SemanticVersion {
        guard case .string(let text) = value else { throw wrongType(value) }
        guard let version = SemanticVersion(text) else {
            throw ExpressionError(.failed, "\(text) is not valid SemVer string")
        }
        return version
    }

    private static func wrongType(_ value: Value) -> ExpressionError {
        ExpressionError(.failed, "not expecting type '\(pythonType(value))'")
    }
}

public import PetrelCore

/// An operator of rule criteria, such as `equals` or `td_gt`.
public struct RuleOperator: Sendable, Hashable {
    /// What an operator does, whatever it is called.
    enum Kind: Sendable, Hashable {
        case equals, nequals, iequals
        case contains, icontains, ncontains, incontains
        case startswith, istartswith, endswith, iendswith
        case lessThan, greaterThan
        case matchWildcard, matchRegex, regex, iregex
        case timeLess, timeGreater
        case exists, nexists
        case inside, ninside
        case search
    }

    /// The name as it was given, in its letter case.
    public let name: String
    let kind: Kind

    /// All names in StackStorm's order, which its messages show.
    public static let names: [String] = table.map(\.0)

    private static let table: [(String, Kind)] = [
        ("matchwildcard", .matchWildcard), ("matchregex", .matchRegex), ("regex", .regex), ("iregex", .iregex),
        ("eq", .equals), ("equals", .equals), ("neq", .nequals), ("nequals", .nequals), ("ieq", .iequals),
        ("iequals", .iequals), ("contains", .contains), ("icontains", .icontains), ("ncontains", .ncontains),
        ("incontains", .incontains), ("startswith", .startswith), ("istartswith", .istartswith),
        ("endswith", .endswith), ("iendswith", .iendswith), ("lt", .lessThan), ("lessthan", .lessThan),
        ("gt", .greaterThan), ("greaterthan", .greaterThan), ("td_lt", .timeLess), ("timediff_lt", .timeLess),
        ("td_gt", .timeGreater), ("timediff_gt", .timeGreater), ("exists", .exists), ("nexists", .nexists),
        ("inside", .inside), ("in", .inside), ("ninside", .ninside), ("nin", .ninside), ("search", .search),
    ]

    private static let kinds = Dictionary(table, uniquingKeysWith: { first, _ in first })

    /// The operator of a name, in whatever letter case.
    /// - Throws: ``ExpressionError`` with code `unknownFunction`.
    public init(_ name: String) throws(ExpressionError) {
        guard let kind = Self.kinds[name] ?? Self.kinds[PythonText.lower(name)] else {
            throw ExpressionError(
                .unknownFunction, "Invalid operator: \(PythonText.lower(name))",
                hint: "Operators are \(Self.names.joined(separator: ", "))")
        }
        self.name = name
        self.kind = kind
    }

    /// Whether a value of the payload fits a pattern; `search` needs criteria and can't be asked this way.
    /// - Throws: ``ExpressionError`` with code `failed` where the types don't fit, which counts as no match in a rule.
    public func matches(_ value: Value, pattern: Value, now: Instant) throws(ExpressionError) -> Bool {
        try RuleComparison(kind, pattern).matches(value, now: now, EvaluationBudget(.content))
    }
}

public import PetrelCore

extension RuleCriteria {
    /// Refuses criteria that StackStorm would not save.
    ///
    /// Names of operators are taken as they are written here, while evaluation knows them in any letter case; the
    /// criteria inside a search are not looked at.
    /// - Throws: ``ExpressionError`` with code `invalidValue` and StackStorm's sentence.
    public static func validate(_ criteria: ValueObject) throws(ExpressionError) {
        for (key, criterion) in criteria {
            let type = criterion["type"] ?? .null
            guard !type.isNull else { throw refused("Operator not specified for field: \(key)") }
            guard let name = type.string, RuleOperator.names.contains(name) else {
                let names = Value.array(RuleOperator.names.map(Value.string)).pythonText
                throw refused(
                    "For field: \(key), operator \(type.pythonString) not in list of allowed operators: \(names)")
            }
            guard criterion["pattern"]?.isNull == false else {
                throw refused("For field: \(key), no pattern specified for operator \(name)")
            }
        }
    }

    private static func refused(_ message: String) -> ExpressionError { ExpressionError(.invalidValue, message) }
}

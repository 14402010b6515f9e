import PetrelCore

/// What formatting needs to know of a thing; plain values and the templates' own are such things.
protocol PythonObject {
    /// Python's name of its type.
    var pythonTypeName: String { get }
    /// The number that it is, booleans included.
    var pythonNumber: PythonNumber? { get }
    /// What comes of taking it for a number, if that is no plain `TypeError`.
    var numberFault: PythonFault? { get }
    /// The text that it is.
    var plainText: String? { get }
    /// Its items, if it is a tuple.
    var tupleItems: [Self]? { get }
    /// Whether it can stand on the right of `%` for named fields: a list or mapping, no text or tuple.
    var takesKeys: Bool { get }
    /// The member of a mapping; nil when there is none.
    func member(_ key: String, _ budget: EvaluationBudget) throws(PythonFault) -> Self?
    /// What `str()` gives.
    func text(_ budget: EvaluationBudget) throws(PythonFault) -> String
    /// What `repr()` gives.
    func shown(_ budget: EvaluationBudget) throws(PythonFault) -> String
}

extension PythonObject {
    var numberFault: PythonFault? { nil }
}

extension Value: PythonObject {
    var pythonTypeName: String { PythonValues.typeName(self) }
    var pythonNumber: PythonNumber? { PythonNumber(self) }
    var plainText: String? { string }
    var tupleItems: [Value]? { nil }

    var takesKeys: Bool {
        switch self {
        case .array, .object: true
        default: false
        }
    }

    func member(_ key: String, _ budget: EvaluationBudget) throws(PythonFault) -> Value? {
        guard case .object(let members) = self else {
            throw .type("list indices must be integers or slices, not str")
        }
        return members[key]
    }

    func text(_ budget: EvaluationBudget) throws(PythonFault) -> String { try PythonValues.text(self, budget) }
    func shown(_ budget: EvaluationBudget) throws(PythonFault) -> String { try PythonValues.shown(self, budget) }
}

/// Steps of what takes longer than the evaluating of one node, each of about 100 ns; for what reads texts see ``TextCost``.
enum StepCost {
    /// An item that an iterator makes and hands over.
    static let item = 2
    /// A turn of a loop: its names are set, and let go.
    static let turn = 1
    /// A method, with its arguments and the finding of it.
    static let methodCall = 2
    /// A filter or test that is applied to each item, with its arguments.
    static let appliedToItem = 4
    /// A mapping that a template makes, which it may change.
    static let mapping = 12
    /// A macro: a scope, its names and the text that it gives.
    static let macroCall = 25
    /// A word of `lipsum`.
    static let loremWord = 8

    /// Multiplying or dividing numbers of so many groups of digits.
    static func product(_ groups: Int, _ otherGroups: Int) -> Int { groups * otherGroups / 10 + 1 }

    /// The digits of a number of so many groups.
    static func digits(_ groups: Int) -> Int { groups / 2 }
}

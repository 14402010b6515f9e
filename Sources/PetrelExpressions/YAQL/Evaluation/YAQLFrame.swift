import PetrelCore

/// The variables and functions that an expression sees; what it does not have itself, its parent may have.
final class YAQLFrame {
    let runtime: YAQLRuntime
    private let parent: YAQLFrame?
    let depth: Int
    /// `$1`, by itself because most frames have no other; absent when it is not bound here.
    private let first: YAQLValue
    /// `$2` and those behind it.
    private let further: [YAQLValue]
    private let words: [(name: String, value: YAQLValue)]
    /// The function that `def` defined here; it runs below this frame, so that it can call itself.
    private let definition: (name: String, node: YAQLNode)?
    /// Whether this frame or one above it has a definition.
    let hasDefinitions: Bool

    /// The outermost frame; `$` is the data, if there is any.
    init(_ runtime: YAQLRuntime, data: YAQLValue? = nil) {
        self.runtime = runtime
        parent = nil
        depth = 1
        first = data ?? .absent
        further = []
        words = []
        definition = nil
        hasDefinitions = false
    }

    /// A frame below another one that binds `$`.
    init(below parent: YAQLFrame, _ value: YAQLValue) throws(YAQLFault) {
        runtime = parent.runtime
        self.parent = parent
        first = value
        further = []
        words = []
        definition = nil
        hasDefinitions = parent.hasDefinitions
        depth = try YAQLValue.checked(max(parent.depth, value.depth) + 1)
    }

    /// A frame below another one, with `$1`, `$2` and so on, and named variables.
    init(
        below parent: YAQLFrame, _ positions: [YAQLValue], words: [(name: String, value: YAQLValue)] = [],
        definition: (name: String, node: YAQLNode)? = nil
    ) throws(YAQLFault) {
        runtime = parent.runtime
        self.parent = parent
        first = positions.first ?? .absent
        further = positions.count > 1 ? Array(positions.dropFirst()) : []
        self.words = words
        self.definition = definition
        hasDefinitions = definition != nil || parent.hasDefinitions
        var deepest = parent.depth
        for value in positions { deepest = max(deepest, value.depth) }
        for word in words { deepest = max(deepest, word.value.depth) }
        depth = try YAQLValue.checked(deepest + 1)
    }

    /// A variable; null when nothing has bound it.
    func variable(_ name: YAQLVariable.Name) -> YAQLValue {
        var frame: YAQLFrame? = self
        while let current = frame {
            switch name {
            case .position(1):
                if case .absent = current.first {} else { return current.first }
            case .position(let number):
                if number - 2 < current.further.count, number >= 2 {
                    let value = current.further[number - 2]
                    if case .absent = value {} else { return value }
                }
            case .word(let word):
                if let bound = current.words.last(where: { $0.name == word }) { return bound.value }
            }
            frame = current.parent
        }
        return .null
    }

    /// The nearest definition of a function.
    func definition(of name: String) -> (node: YAQLNode, frame: YAQLFrame)? {
        var frame: YAQLFrame? = self
        while let current = frame, current.hasDefinitions {
            if let definition = current.definition, definition.name == name { return (definition.node, current) }
            frame = current.parent
        }
        return nil
    }
}

extension YAQLLambda {
    /// Evaluates with `$1`, `$2` and so on.
    func call(_ arguments: [YAQLValue]) throws(YAQLFault) -> YAQLValue {
        if case .constant(let constant) = node { return YAQLValue(constant.value) }
        return try YAQLFrame(below: frame, arguments).evaluateDeeper(node)
    }

    /// Evaluates with `$`.
    func call(_ argument: YAQLValue) throws(YAQLFault) -> YAQLValue {
        if case .constant(let constant) = node { return YAQLValue(constant.value) }
        return try YAQLFrame(below: frame, argument).evaluateDeeper(node)
    }

    /// Evaluates as it is.
    func call() throws(YAQLFault) -> YAQLValue { try frame.evaluateDeeper(node) }
}

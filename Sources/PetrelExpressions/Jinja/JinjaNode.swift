import PetrelCore

/// An expression as the parser leaves it.
///
/// Names are numbers into the program's list of names.
indirect enum JinjaNode: Sendable {
    enum Arithmetic: String, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case floorDivide = "//"
        case modulo = "%"
        case power = "** or pow()"
    }

    enum Comparison: String, Sendable {
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case isIn = "in"
        case isNotIn = "not in"
    }

    struct Pair: Sendable {
        var key: JinjaNode
        var value: JinjaNode
    }

    struct Step: Sendable {
        var operation: Arithmetic
        var operand: JinjaNode
    }

    struct Comparand: Sendable {
        var operation: Comparison
        var operand: JinjaNode
    }

    case constant(Value)
    case name(Int)
    case list([JinjaNode])
    case tuple([JinjaNode])
    case dict([Pair])
    case attribute(JinjaNode, String)
    case item(JinjaNode, JinjaNode)
    case slice(JinjaNode, JinjaNode?, JinjaNode?, JinjaNode?)
    /// A subscript of several slices, which no type of a template takes.
    case badSubscript(JinjaNode)
    case call(JinjaNode, JinjaCall)
    /// Without a value in a filter block, where the value is what the block wrote.
    case filter(JinjaNode?, String, JinjaCall)
    case test(JinjaNode, String, JinjaCall)
    case not(JinjaNode)
    case negative(JinjaNode)
    case positive(JinjaNode)
    case arithmetic(JinjaNode, [Step])
    case join([JinjaNode])
    case and([JinjaNode])
    case or([JinjaNode])
    case compare(JinjaNode, [Comparand])
    case conditional(test: JinjaNode, then: JinjaNode, otherwise: JinjaNode?)
}

/// The arguments of a call, filter or test as they are written.
struct JinjaCall: Sendable {
    struct Named: Sendable {
        var name: String
        var value: JinjaNode
    }

    var positional: [JinjaNode] = []
    var named: [Named] = []
    /// What `*args` spreads.
    var spread: JinjaNode?
    /// What `**kwargs` spreads.
    var spreadNamed: JinjaNode?

    /// Everything that is evaluated for the call.
    var nodes: [JinjaNode] {
        positional + named.map(\.value) + [spread, spreadNamed].compactMap(\.self)
    }
}

/// What is assigned to.
indirect enum JinjaTarget: Sendable {
    case name(Int)
    /// `namespace.attribute`
    case attribute(Int, String)
    case tuple([JinjaTarget])
}

/// A statement as the parser leaves it.
indirect enum JinjaStatement: Sendable {
    struct Branch: Sendable {
        var test: JinjaNode
        var body: [JinjaStatement]
    }

    struct Loop: Sendable {
        var target: JinjaTarget
        var source: JinjaNode
        var test: JinjaNode?
        var body: [JinjaStatement]
        var otherwise: [JinjaStatement]
        var isRecursive: Bool
        /// How deep its parts are nested.
        var height: Int
    }

    struct Assignment: Sendable {
        var target: JinjaTarget
        var value: JinjaNode
    }

    /// The parameters and the body of a macro or of a call block.
    struct Macro: Sendable {
        var parameters: [Int]
        /// Belong to the last parameters.
        var defaults: [JinjaNode]
        var body: [JinjaStatement]
        /// How deep its parts are nested.
        var height = 0
    }

    case text(String)
    case print([JinjaNode])
    case branches([Branch], otherwise: [JinjaStatement])
    case loop(Loop)
    case assign(Assignment)
    case assignBlock(JinjaTarget, filter: JinjaNode?, body: [JinjaStatement])
    case macro(Int, Macro)
    case callBlock(JinjaNode, JinjaCall, Macro)
    case filterBlock(JinjaNode, body: [JinjaStatement])
    case with([Assignment], body: [JinjaStatement])
    case autoescape(JinjaNode, body: [JinjaStatement])
    case block(String, body: [JinjaStatement])
    /// `include`, `import` and `extends`, for which there is nothing to load from.
    case load(JinjaNode)
}

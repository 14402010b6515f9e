import PetrelCore

/// A parsed expression; the payloads are immutable objects, so that a copy costs a word.
enum YAQLNode: Sendable {
    case constant(YAQLConstant)
    case variable(YAQLVariable)
    case list(YAQLItems)
    case map(YAQLItems)
    case call(YAQLCall)
    case operation(YAQLOperation)
    case member(YAQLMember)
    case method(YAQLMethod)
    case badMember(YAQLPair)
    case and(YAQLPair)
    case or(YAQLPair)
    case send(YAQLPair)
}

/// A value that stands in the text.
final class YAQLConstant: Sendable {
    enum Kind: Sendable {
        case literal
        /// A bare word, which is also a text.
        case word
        /// In brackets: resolution does not look inside.
        case grouped
    }

    let value: Value
    let kind: Kind

    init(_ value: Value, _ kind: Kind) {
        self.value = value
        self.kind = kind
    }
}

/// `$`, `$1` or `$name`.
final class YAQLVariable: Sendable {
    enum Name: Sendable {
        /// An argument by its number, from 1.
        case position(Int)
        case word(String)
    }

    let name: Name

    init(_ text: String) { name = Self.name(text.dropFirst()) }

    /// The name that `let` and its like bind: a number in its plain form is a position.
    static func name(_ text: Substring) -> Name {
        if text.isEmpty { return .position(1) }
        guard text.utf8.count <= 4, text.utf8.first != UInt8(ascii: "0"),
            text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(text)
        else { return .word(String(text)) }
        return .position(number)
    }
}

/// The parts of a list, or keys and values of a mapping by turns.
final class YAQLItems: Sendable {
    let nodes: [YAQLNode]
    init(_ nodes: [YAQLNode]) { self.nodes = nodes }
}

/// Two sides of something.
final class YAQLPair: Sendable {
    let left: YAQLNode
    let right: YAQLNode
    /// Whether nothing happens when the left side is null.
    let isOptional: Bool

    init(_ left: YAQLNode, _ right: YAQLNode, isOptional: Bool = false) {
        self.left = left
        self.right = right
        self.isOptional = isOptional
    }
}

/// `receiver.name` or `receiver?.name`.
final class YAQLMember: Sendable {
    let receiver: YAQLNode
    let name: String
    let isOptional: Bool
    /// The properties of that name that dates and spans have.
    let property: YAQLCall

    init(_ receiver: YAQLNode, _ name: String, isOptional: Bool) {
        self.receiver = receiver
        self.name = name
        self.isOptional = isOptional
        property = YAQLCall("#property#" + name, [.value(receiver)])
    }
}

/// `receiver.name(…)` or `receiver?.name(…)`.
final class YAQLMethod: Sendable {
    let receiver: YAQLNode
    let call: YAQLCall
    let isOptional: Bool

    init(_ receiver: YAQLNode, _ call: YAQLCall, isOptional: Bool) {
        self.receiver = receiver
        self.call = call
        self.isOptional = isOptional
    }
}

/// An operator with its operands, of which the common types are handled at once.
final class YAQLOperation: Sendable {
    let symbol: YAQLSymbol
    let left: YAQLNode
    /// Nil for an operator before its only operand.
    let right: YAQLNode?
    /// The operator as a function, for all other types.
    let call: YAQLCall

    init(_ symbol: YAQLSymbol, _ left: YAQLNode, _ right: YAQLNode?) {
        self.symbol = symbol
        self.left = left
        self.right = right
        let name =
            switch symbol {
            case .equal: "*equal"
            case .notEqual: "*not_equal"
            default: (right == nil ? "#unary_operator_" : "#operator_") + symbol.rawValue
            }
        call = YAQLCall(name, [.value(left)] + (right.map { [.value($0)] } ?? []))
    }
}

/// One argument as it stands in the brackets.
enum YAQLArgument: Sendable {
    case value(YAQLNode)
    /// `key => value`.
    case rule(YAQLNode, YAQLNode)
    /// Nothing between two commas.
    case missing

    /// The value that is known without evaluating.
    var constant: Value? {
        guard case .value(.constant(let constant)) = self, constant.kind != .grouped else { return nil }
        return constant.value
    }
}

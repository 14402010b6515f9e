import PetrelCore

/// A call of a name: its arguments sorted into positional and named ones, and how they fit each overload.
///
/// All that does not depend on the values is worked out when the expression is parsed.
final class YAQLCall: Sendable {
    /// As it is written.
    let name: String
    /// As it is looked up: underscores at the end don't count.
    let lookupName: String
    let isMethod: Bool
    let positional: [YAQLArgument]
    let named: [(name: String, node: YAQLNode)]
    /// A named argument's name is no bare word.
    let hasBadName: Bool
    /// Whether the library has the name at all.
    let isKnown: Bool
    /// Whether it has the name only in workflows.
    let isWorkflow: Bool
    /// Whether the library's overloads of the name take `key => value` as an argument of its own.
    let hasNoNames: Bool
    /// The overloads that the arguments fit, as far as can be told without values.
    let plans: [YAQLPlan]
    /// Whether those don't agree on what is to be evaluated before the call.
    let isAmbiguous: Bool

    init(_ name: String, _ arguments: [YAQLArgument], isMethod: Bool = false) {
        let lookupName = Self.lookupName(name)
        let overloads = YAQLLibrary.overloads(lookupName, isMethod: isMethod)
        let hasNoNames = overloads.first?.hasNoNames ?? false
        let sorted = Self.sorted(arguments, hasNoNames: hasNoNames)
        self.name = name
        self.lookupName = lookupName
        self.isMethod = isMethod
        self.hasNoNames = hasNoNames
        positional = sorted.positional
        named = sorted.named
        hasBadName = sorted.hasBadName
        isKnown = !overloads.isEmpty
        isWorkflow = overloads.first?.isWorkflow ?? false
        let shape = YAQLShape(sorted.positional, sorted.named.map(\.name), hasReceiver: isMethod)
        let plans = overloads.compactMap { YAQLPlan($0, shape) }.filter { $0.acceptsConstants(of: shape) }
        self.plans = plans
        isAmbiguous = plans.dropFirst().contains { !$0.evaluatesTheSame(as: plans[0]) }
    }

    static func lookupName(_ name: String) -> String {
        var name = name[...]
        while name.utf8.last == UInt8(ascii: "_") { name.removeLast() }
        return String(name)
    }

    private static func sorted(
        _ arguments: [YAQLArgument], hasNoNames: Bool
    ) -> (positional: [YAQLArgument], named: [(name: String, node: YAQLNode)], hasBadName: Bool) {
        if hasNoNames { return (arguments, [], false) }
        var positional: [YAQLArgument] = []
        var named: [(name: String, node: YAQLNode)] = []
        for argument in arguments {
            guard case .rule(let key, let value) = argument else {
                positional.append(argument)
                continue
            }
            guard case .constant(let word) = key, word.kind == .word, let name = word.value.string else {
                return (positional, named, true)
            }
            // Of two with one name the last counts, in the place of the first.
            if let known = named.firstIndex(where: { $0.name == name }) {
                named[known].node = value
            } else {
                named.append((name, value))
            }
        }
        return (positional, named, false)
    }
}

/// What can be known of a call's arguments before they are evaluated.
struct YAQLShape {
    enum Position {
        case missing
        case constant(Value)
        case rule
        case unknown
    }

    let positions: [Position]
    let names: [String]

    /// - Parameter hasReceiver: a method's receiver comes first.
    init(_ arguments: [YAQLArgument], _ names: [String], hasReceiver: Bool) {
        var positions: [Position] = hasReceiver ? [.unknown] : []
        for argument in arguments {
            switch argument {
            case .missing: positions.append(.missing)
            case .rule: positions.append(.rule)
            case .value: positions.append(argument.constant.map(Position.constant) ?? .unknown)
            }
        }
        self.positions = positions
        self.names = names
    }

    /// A call with values only.
    init(count: Int, names: [String]) {
        positions = [Position](repeating: .unknown, count: count)
        self.names = names
    }
}

/// How the arguments of one call become the parameters of one overload.
struct YAQLPlan: Sendable {
    private enum Source: Sendable {
        case positional(Int)
        case named(Int)
        case fallback
    }

    let overload: YAQLOverload
    private let sources: [Source]
    /// Where the further arguments begin.
    private let restStart: Int
    /// The named arguments that no parameter has the name of.
    private let others: [Int]
    private let names: [String]
    /// The positions of the arguments that are not evaluated before the call.
    let lazy: Set<Int>
    /// The names of such arguments.
    let lazyNames: Set<String>

    /// Nil when the number or the names of the arguments don't fit.
    init?(_ overload: YAQLOverload, _ shape: YAQLShape) {
        var sources: [Source] = []
        var open = Array(shape.names.indices)
        var lazy: Set<Int> = []
        var lazyNames: Set<String> = []
        let isGiven = { (position: Int) -> Bool in
            guard position < shape.positions.count else { return false }
            if case .missing = shape.positions[position] { return false }
            return true
        }
        for (position, parameter) in overload.parameters.enumerated() {
            let name = shape.names.firstIndex(of: parameter.name)
            if isGiven(position) {
                if name != nil { return nil }
                sources.append(.positional(position))
                if parameter.type.isLazy { lazy.insert(position) }
            } else if let name {
                // A place that was left out can't be filled by name.
                if position < shape.positions.count { return nil }
                sources.append(.named(name))
                open.removeAll { $0 == name }
                if parameter.type.isLazy { lazyNames.insert(parameter.name) }
            } else {
                if case .required = parameter.fallback { return nil }
                sources.append(.fallback)
                if position < shape.positions.count, parameter.type.isLazy { lazy.insert(position) }
            }
        }
        if !open.isEmpty, !overload.takesAnyName { return nil }
        let restStart = min(overload.parameters.count, shape.positions.count)
        if shape.positions.count > overload.parameters.count {
            guard let rest = overload.rest else { return nil }
            if rest.isLazy { lazy.formUnion(restStart..<shape.positions.count) }
        }
        self.overload = overload
        self.sources = sources
        self.restStart = restStart
        self.others = open
        self.names = shape.names
        self.lazy = lazy
        self.lazyNames = lazyNames
    }

    /// Whether the arguments that are known beforehand have the right types.
    func acceptsConstants(of shape: YAQLShape) -> Bool {
        for (position, known) in shape.positions.enumerated() {
            guard let type = overload.type(at: position) else { return false }
            switch known {
            case .unknown:
                // A rule that is evaluated later must be written as one.
                if type == .lazyRule { return false }
            case .rule:
                // An unevaluated rule is taken for anything but another kind of lazy argument.
                if type.isLazy, type != .lazyRule { continue }
            case .missing:
                if position >= overload.parameters.count, type != .any, type != .lambda { return false }
            case .constant(let value):
                if type == .lazyRule || !type.isLazy && !type.accepts(YAQLValue(value)) { return false }
            }
        }
        return true
    }

    /// Whether evaluated arguments have the right types.
    func accepts(_ values: YAQLCallValues) -> Bool {
        let positional = values.positional
        for (parameter, source) in zip(overload.parameters, sources) {
            switch source {
            case .positional(let position):
                if !parameter.type.accepts(positional[position]) { return false }
            case .named(let position):
                if !parameter.type.accepts(values.named[position]) { return false }
            case .fallback: break
            }
        }
        if let rest = overload.rest {
            for position in restStart..<positional.count where !rest.accepts(positional[position]) { return false }
        }
        return true
    }

    /// The arguments in the order of the parameters, defaults filled in.
    func arguments(_ given: YAQLCallValues, _ frame: YAQLFrame) -> YAQLArguments {
        let positional = given.positional
        var values: [YAQLValue] = []
        if sources.count == positional.count, restStart == positional.count {
            values = positional
            for (at, source) in sources.enumerated() {
                if case .fallback = source { values[at] = overload.parameters[at].fallback.value ?? .null }
            }
        } else {
            values.reserveCapacity(sources.count)
            for (at, source) in sources.enumerated() {
                switch source {
                case .positional(let position): values.append(positional[position])
                case .named(let position): values.append(given.named[position])
                case .fallback: values.append(overload.parameters[at].fallback.value ?? .null)
                }
            }
        }
        let rest = restStart < positional.count ? Array(positional[restStart...]) : []
        let others = others.map { (name: names[$0], value: given.named[$0]) }
        return YAQLArguments(overload: overload, values: values, rest: rest, named: others, frame: frame)
    }

    /// Whether the same arguments are evaluated before the call.
    func evaluatesTheSame(as other: YAQLPlan) -> Bool { lazy == other.lazy && lazyNames == other.lazyNames }

    /// Whether this plan's parameters are more special than the other's, by Python's classes.
    func isSpecialization(of other: YAQLPlan, count: Int) -> Bool {
        var isMore = false
        for position in 0..<count {
            guard let mine = overload.type(at: position), let theirs = other.overload.type(at: position) else {
                continue
            }
            if theirs.isSpecialization(of: mine) { return false }
            if mine.isSpecialization(of: theirs) { isMore = true }
        }
        return isMore
    }
}

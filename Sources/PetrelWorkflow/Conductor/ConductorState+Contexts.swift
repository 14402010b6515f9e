import PetrelCore

extension ConductorState {
    /// The scope of tasks that were reached from these, with what was published on the way.
    mutating func scope(from parents: [Int], publishing context: ValueObject) -> Int {
        contexts.append(context)
        scopes.append(Scope(parents: parents, context: contexts.count - 1))
        return scopes.count - 1
    }

    /// One scope that stands for these, in their order.
    mutating func scope(joining parents: [Int]) -> Int {
        if parents.count == 1 { return parents[0] }
        scopes.append(Scope(parents: parents, context: nil))
        return scopes.count - 1
    }

    /// The indexes of the contexts that make up a scope, in the order in which they are merged.
    ///
    /// Where scopes with a common past meet, that past is merged again with the one that arrived later, as the
    /// original does; only the last occurrence of each counts, so the walk goes backwards and enters no scope twice.
    func contextIndexes(of joined: [Int]) -> [Int] {
        var seen = Set<Int>()
        var indexes: [Int] = []
        var pending = joined
        while let index = pending.popLast() {
            guard seen.insert(index).inserted else { continue }
            let scope = scopes[index]
            if let context = scope.context, context != 0 { indexes.append(context) }
            pending.append(contentsOf: scope.parents)
        }
        return [0] + indexes.reversed()
    }
}

/// The merged contexts of scopes that were asked for lately.
struct ContextCache: Sendable {
    private static let capacity = 256
    private var merged: [[Int]: ValueObject] = [:]

    mutating func context(of joined: [Int], in state: ConductorState) -> ValueObject {
        if let known = merged[joined] { return known }
        let context = joined.count == 1 ? chain(joined[0], in: state) : Self.merge(joined, in: state)
        if merged.count >= Self.capacity { merged.removeAll(keepingCapacity: true) }
        merged[joined] = context
        return context
    }

    /// Follows the scopes down to one that is known, a join or the initial one, and merges upwards from there.
    private mutating func chain(_ top: Int, in state: ConductorState) -> ValueObject {
        var above: [Int] = []
        var index = top
        var context: ValueObject
        while true {
            if let known = merged[[index]] {
                context = known
                break
            }
            let scope = state.scopes[index]
            if let own = scope.context { above.append(own) }
            if scope.parents.count == 1 {
                index = scope.parents[0]
            } else {
                context = scope.parents.isEmpty ? [:] : Self.merge(scope.parents, in: state)
                break
            }
        }
        for published in above.reversed() { Self.merge(state.contexts[published], into: &context) }
        return context
    }

    private static func merge(_ joined: [Int], in state: ConductorState) -> ValueObject {
        var context = ValueObject()
        for index in state.contextIndexes(of: joined) { merge(state.contexts[index], into: &context) }
        return context
    }

    /// Objects are merged member by member; of anything else the later value counts.
    static func merge(_ later: ValueObject, into earlier: inout ValueObject) {
        for (key, value) in later {
            if case .object(let members) = value, case .object(var known)? = earlier[key] {
                earlier[key] = .null
                merge(members, into: &known)
                earlier[key] = .object(known)
            } else {
                earlier[key] = value
            }
        }
    }
}

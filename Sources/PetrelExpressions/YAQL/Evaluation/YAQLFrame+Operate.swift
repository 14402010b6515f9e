import PetrelCore

/// Operators: numbers and texts at once, all other types by the library.
extension YAQLFrame {
    func evaluate(_ operation: YAQLOperation) throws(YAQLFault) -> YAQLValue {
        try runtime.enter()
        defer { runtime.leave() }
        // Constants of the wrong type are refused before anything is evaluated.
        guard !operation.call.plans.isEmpty else { throw .noMatch(operation.call.name) }
        let left = try evaluate(operation.left)
        guard let rightNode = operation.right else { return try operate(prefix: operation.symbol, left) }
        return try operate(operation.symbol, left, try evaluate(rightNode))
    }

    /// An operator between two values.
    func operate(_ symbol: YAQLSymbol, _ left: YAQLValue, _ right: YAQLValue) throws(YAQLFault) -> YAQLValue {
        switch symbol {
        case .equal: return .bool(try runtime.areEqual(left, right))
        case .notEqual: return .bool(try !runtime.areEqual(left, right))
        case .less, .greater, .lessOrEqual, .greaterOrEqual:
            if case .string(let one) = left, case .string(let two) = right {
                try YAQLEquality.compare(one, two, runtime.budget)
            }
            if let holds = YAQLComparison.simple(symbol, left, right) { return .bool(holds) }
        default:
            if let result = try YAQLArithmetic.simple(symbol, left, right, runtime) { return result }
        }
        guard let call = YAQLLibrary.operators[symbol] else { throw .noMatch("#operator_" + symbol.rawValue) }
        return try dispatch(call.name, call.plans, YAQLCallValues([left, right]))
    }

    private func operate(prefix symbol: YAQLSymbol, _ value: YAQLValue) throws(YAQLFault) -> YAQLValue {
        if symbol == .not { return .bool(!value.isTruthy) }
        if let number = value.number { return YAQLValue(symbol == .minus ? number.negated : number) }
        if case .timespan(let span) = value {
            if symbol == .plus { return value }
            return .timespan(try YAQLTime.checked(0, minus: span))
        }
        throw .noMatch("#unary_operator_" + symbol.rawValue)
    }
}

/// Arithmetic of numbers and texts.
enum YAQLArithmetic {
    /// Nil when the operands are something else.
    static func simple(
        _ symbol: YAQLSymbol, _ left: YAQLValue, _ right: YAQLValue, _ runtime: YAQLRuntime
    ) throws(YAQLFault) -> YAQLValue? {
        if case .integer(let one) = left, case .integer(let two) = right, symbol == .plus {
            let (sum, overflow) = one.addingReportingOverflow(two)
            if !overflow { return .integer(sum) }
        }
        if let one = left.number, let two = right.number {
            return try numbers(symbol, one, two, runtime).map { YAQLValue($0) }
        }
        if case .string(let one) = left, case .string(let two) = right, symbol == .plus {
            try runtime.produce(bytes: one.utf8.count + two.utf8.count)
            return .string(one + two)
        }
        return nil
    }

    private static func numbers(
        _ symbol: YAQLSymbol, _ left: PythonNumber, _ right: PythonNumber, _ runtime: YAQLRuntime
    ) throws(YAQLFault) -> PythonNumber? {
        let budget = runtime.budget
        do throws(PythonFault) {
            switch symbol {
            case .plus: return try PythonNumber.sum(left, right, budget)
            case .minus: return try PythonNumber.difference(left, right, budget)
            case .times: return try PythonNumber.product(left, right, budget)
            case .modulo: return try PythonNumber.remainder(left, right, budget)
            case .divided:
                return left.isWhole && right.isWhole
                    ? try PythonNumber.floorQuotient(left, right, budget)
                    : try PythonNumber.quotient(left, right, budget)
            default: return nil
            }
        } catch { throw YAQLFault(error) }
    }
}

/// Comparisons that need no choosing among overloads.
enum YAQLComparison {
    /// The answer for numbers, texts and null; nil for what may have another one.
    static func simple(_ symbol: YAQLSymbol, _ left: YAQLValue, _ right: YAQLValue) -> Bool? {
        if case .integer(let one) = left, case .integer(let two) = right {
            return holds(symbol, PythonOrder(one, two))
        }
        if let one = left.number, let two = right.number {
            return PythonNumber.order(one, two).map { holds(symbol, $0) } ?? false
        }
        if case .string(let one) = left, case .string(let two) = right {
            return holds(symbol, PythonText.order(one, two))
        }
        // Null is less than everything else.
        if left.isNull || right.isNull {
            return holds(symbol, left.isNull ? (right.isNull ? .equal : .less) : .greater)
        }
        return nil
    }

    /// Whether `<` or `>` holds, for functions that order.
    static func holds(
        _ symbol: YAQLSymbol, _ left: YAQLValue, _ right: YAQLValue, _ runtime: YAQLRuntime
    ) throws(YAQLFault) -> Bool {
        if case .string(let one) = left, case .string(let two) = right {
            try YAQLEquality.compare(one, two, runtime.budget)
        }
        if let holds = simple(symbol, left, right) { return holds }
        return try YAQLFrame(runtime).operate(symbol, left, right).isTruthy
    }

    static func holds(_ symbol: YAQLSymbol, _ order: PythonOrder) -> Bool {
        switch symbol {
        case .less: order == .less
        case .greater: order == .greater
        case .lessOrEqual: order != .greater
        default: order != .less
        }
    }
}

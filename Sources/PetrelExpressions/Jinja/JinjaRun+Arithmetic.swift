import PetrelCore

/// Operators on numbers, texts and lists.
extension JinjaRun {
    @inline(__always)
    func arithmetic(
        _ operation: JinjaNode.Arithmetic, _ left: JinjaValue, _ right: JinjaValue
    ) throws(PythonFault) -> JinjaValue {
        if case .value(let one) = left, case .value(let two) = right, let first = PythonNumber(one),
            let second = PythonNumber(two)
        {
            return .number(try numbers(operation, first, second))
        }
        return try mixed(operation, left, right)
    }

    private func numbers(
        _ operation: JinjaNode.Arithmetic, _ left: PythonNumber, _ right: PythonNumber
    ) throws(PythonFault) -> PythonNumber {
        switch operation {
        case .add: try PythonNumber.sum(left, right, budget)
        case .subtract: try PythonNumber.difference(left, right, budget)
        case .multiply: try PythonNumber.product(left, right, budget)
        case .divide: try PythonNumber.quotient(left, right, budget)
        case .floorDivide: try PythonNumber.floorQuotient(left, right, budget)
        case .modulo: try PythonNumber.remainder(left, right, budget)
        case .power: try PythonNumber.power(left, right, budget)
        }
    }

    private func mixed(
        _ operation: JinjaNode.Arithmetic, _ left: JinjaValue, _ right: JinjaValue
    ) throws(PythonFault) -> JinjaValue {
        if operation == .modulo, left.string != nil { return try formatted(left, right) }
        if case .undefined(let undefined) = left { throw undefined.fault }
        if case .undefined(let undefined) = right { throw undefined.fault }
        switch operation {
        case .add: return try sum(left, right)
        case .multiply:
            if let product = try repeated(left, right) { return product }
        default: break
        }
        throw unsupported(operation.rawValue, left, right)
    }

    private func unsupported(_ symbol: String, _ left: JinjaValue, _ right: JinjaValue) -> PythonFault {
        .type("unsupported operand type(s) for \(symbol): '\(left.typeName)' and '\(right.typeName)'")
    }

    private func sum(_ left: JinjaValue, _ right: JinjaValue) throws(PythonFault) -> JinjaValue {
        if let one = left.string {
            guard let two = right.string else {
                throw .type("can only concatenate str (not \"\(right.typeName)\") to str")
            }
            try budget.make(bytes: one.utf8.count + two.utf8.count)
            return try concatenated(left, one, right, two)
        }
        if let one = left.listItems(self) {
            guard let two = right.listItems(self) else {
                throw .type("can only concatenate list (not \"\(right.typeName)\") to list")
            }
            try budget.make(one.count + two.count, times: EvaluationBudget.itemBytes)
            return .list(one + two)
        }
        if case .tuple(let one) = left {
            guard case .tuple(let two) = right else {
                throw .type("can only concatenate tuple (not \"\(right.typeName)\") to tuple")
            }
            try budget.make(one.items.count + two.items.count, times: EvaluationBudget.itemBytes)
            return .tuple(one.items + two.items)
        }
        throw unsupported("+", left, right)
    }

    /// Text beside markup is escaped.
    private func concatenated(
        _ left: JinjaValue, _ one: String, _ right: JinjaValue, _ two: String
    ) throws(PythonFault) -> JinjaValue {
        switch (left, right) {
        case (.markup, .markup): .markup(one + two)
        case (.markup, _): .markup(one + JinjaHTML.escaped(two))
        case (_, .markup): .markup(JinjaHTML.escaped(one) + two)
        default: .text(one + two)
        }
    }

    private func repeated(_ left: JinjaValue, _ right: JinjaValue) throws(PythonFault) -> JinjaValue? {
        if isSequence(left) { return try repeated(left, by: right) }
        return isSequence(right) ? try repeated(right, by: left) : nil
    }

    private func isSequence(_ value: JinjaValue) -> Bool {
        switch value {
        case .value(.string), .value(.array), .list, .tuple, .markup: true
        default: false
        }
    }

    private func repeated(_ sequence: JinjaValue, by count: JinjaValue) throws(PythonFault) -> JinjaValue {
        if case .value(.bigInteger) = count {
            throw PythonFault(.overflow, "cannot fit 'int' into an index-sized integer")
        }
        guard let number = count.int else {
            throw .type("can't multiply sequence by non-int of type '\(count.typeName)'")
        }
        let times = max(0, number)
        if let text = sequence.string {
            try budget.make(times, times: text.utf8.count)
            let result = PythonText.repeated(text, times)
            if case .markup = sequence { return .markup(result) }
            return .text(result)
        }
        let items = try items(of: sequence)
        try budget.make(times, times: items.count &* EvaluationBudget.itemBytes)
        var result: [JinjaValue] = []
        if !items.isEmpty {
            result.reserveCapacity(items.count * times)
            for _ in 0..<times { result.append(contentsOf: items) }
        }
        if case .tuple = sequence { return .tuple(result) }
        return .list(result)
    }

    func negative(_ value: JinjaValue) throws(PythonFault) -> JinjaValue {
        .number(try operand(value, "-").negated)
    }

    func positive(_ value: JinjaValue) throws(PythonFault) -> JinjaValue { .number(try operand(value, "+")) }

    private func operand(_ value: JinjaValue, _ symbol: String) throws(PythonFault) -> PythonNumber {
        if case .undefined(let undefined) = value { throw undefined.fault }
        guard case .value(let plain) = value, let number = PythonNumber(plain) else {
            throw .type("bad operand type for unary \(symbol): '\(value.typeName)'")
        }
        return number
    }

    /// `text % arguments`.
    func formatted(_ template: JinjaValue, _ arguments: JinjaValue) throws(PythonFault) -> JinjaValue {
        let text = template.string ?? ""
        let object = JinjaFormatted(value: arguments, run: self)
        guard case .markup = template else { return .text(try PythonPercentFormat.format(text, object, budget)) }
        return .markup(
            try PythonPercentFormat.format(text, object, budget) { text, object in
                if case .markup = object.value { text } else { JinjaHTML.escaped(text) }
            })
    }
}

/// A template's value for formatting.
struct JinjaFormatted: PythonObject {
    let value: JinjaValue
    let run: JinjaRun

    var pythonTypeName: String { value.typeName }

    var pythonNumber: PythonNumber? {
        if case .value(let value) = value { PythonNumber(value) } else { nil }
    }

    var numberFault: PythonFault? {
        if case .undefined(let undefined) = value { undefined.fault } else { nil }
    }

    var plainText: String? { value.string }

    var tupleItems: [JinjaFormatted]? {
        guard case .tuple(let tuple) = value else { return nil }
        return tuple.items.map { JinjaFormatted(value: $0, run: run) }
    }

    var takesKeys: Bool {
        switch value {
        case .value(.array), .value(.object), .list, .dict, .undefined: true
        case .object(let object): object is JinjaRange
        default: false
        }
    }

    func member(_ key: String, _ budget: EvaluationBudget) throws(PythonFault) -> JinjaFormatted? {
        switch value {
        case .value(.object(let members)):
            return members[key].map { JinjaFormatted(value: run.wrap($0), run: run) }
        case .dict(let dict): return dict[.string(key)].map { JinjaFormatted(value: $0, run: run) }
        case .undefined(let undefined): throw undefined.fault
        default: throw .type("\(value.typeName) indices must be integers or slices, not str")
        }
    }

    func text(_ budget: EvaluationBudget) throws(PythonFault) -> String { try run.text(value) }
    func shown(_ budget: EvaluationBudget) throws(PythonFault) -> String { try run.shown(value) }
}

import PetrelCore

/// Collections out of nothing; endless ones end with the budget.
extension YAQLLibrary {
    static let generators: [YAQLOverload] = [
        .function(
            "range", [.whole("stop")],
            { (arguments) throws(YAQLFault) in
                try range(from: 0, to: arguments.integer(0), by: 1, arguments)
            }),
        .function(
            "range", [.whole("start"), .whole("stop"), .whole("step", .integer(1))],
            { (arguments) throws(YAQLFault) in
                try range(from: arguments.integer(0), to: arguments.integer(1), by: arguments.integer(2), arguments)
            }),
        .function("sequence", [.whole("start", .integer(0)), .whole("step", .integer(1))], sequence),
        .method("repeat", [.any("value"), .whole("times", .integer(-1))], repeatValue),
        .method("cycle", [.items()], cycle),
        .function(
            "generate",
            [
                .any("initial"), .lambda("predicate"), .lambda("producer"), .optionalLambda("selector"),
                .init("decycle", .flag, .bool(false)),
            ], generate),
        .function(
            "generateMany",
            [
                .any("initial"), .lambda("producer"), .optionalLambda("selector"),
                .init("decycle", .flag, .bool(false)), .init("depthFirst", .flag, .bool(false)),
            ], generateMany),
    ]

    private static func range(
        from start: Int, to stop: Int, by step: Int, _ arguments: YAQLArguments
    ) throws(YAQLFault) -> YAQLValue {
        guard step != 0 else { throw .value("range() arg 3 must not be zero") }
        var next: Int? = start
        return try arguments.iterate { () throws(YAQLFault) in
            guard let number = next, step > 0 ? number < stop : number > stop else { return nil }
            let (sum, overflow) = number.addingReportingOverflow(step)
            next = overflow ? nil : sum
            return .integer(number)
        }
    }

    private static func sequence(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var next = arguments[0].numberOrBoolean ?? .integer(0)
        let step = arguments[1].numberOrBoolean ?? .integer(1)
        return try arguments.iterate { () throws(YAQLFault) in
            let number = next
            next = try python { () throws(PythonFault) in try PythonNumber.sum(number, step, arguments.budget) }
            return YAQLValue(number)
        }
    }

    private static func repeatValue(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var left = arguments.integer(1)
        let isEndless = left < 0
        return try arguments.iterate { () throws(YAQLFault) in
            if isEndless { return arguments[0] }
            guard left > 0 else { return nil }
            left -= 1
            return arguments[0]
        }
    }

    private static func cycle(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        var saved: [YAQLValue] = []
        var at = 0
        var isOver = false
        return try arguments.iterate { () throws(YAQLFault) in
            if !isOver {
                if let item = try source.next() {
                    try arguments.runtime.produce(items: 1)
                    saved.append(item)
                    return item
                }
                isOver = true
            }
            guard !saved.isEmpty else { return nil }
            defer { at = (at + 1) % saved.count }
            return saved[at]
        }
    }

    private static func generate(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var current: YAQLValue?
        var seen: Set<YAQLKey> = []
        return try arguments.iterate { () throws(YAQLFault) in
            let value = try current.map { (last) throws(YAQLFault) in try arguments.call(2, last) } ?? arguments[0]
            _ = try YAQLValue.checked(value.depth)
            guard try arguments.call(1, value).isTruthy else { return nil }
            if arguments.flag(4) {
                try arguments.runtime.produce(items: 1)
                guard seen.insert(try YAQLKey(value, arguments.budget)).inserted else { return nil }
            }
            current = value
            return arguments[3].isNull ? value : try arguments.call(3, value)
        }
    }

    private static func generateMany(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var queue: [YAQLValue] = [arguments[0]]
        var head = 0
        var last: YAQLValue?
        var seen: Set<YAQLKey> = []
        return try arguments.iterate { () throws(YAQLFault) in
            if let item = last {
                last = nil
                let produced = try everything(try arguments.call(1, item), arguments.runtime)
                if arguments.flag(4) {
                    try arguments.runtime.step(queue.count - head)
                    queue = produced + queue[head...]
                    head = 0
                } else {
                    queue += produced
                }
            }
            while head < queue.count {
                let item = queue[head]
                head += 1
                if head > 1_000, head * 2 > queue.count {
                    queue.removeFirst(head)
                    head = 0
                }
                if arguments.flag(3), !seen.insert(try YAQLKey(item, arguments.budget)).inserted { continue }
                last = item
                return arguments[2].isNull ? item : try arguments.call(2, item)
            }
            return nil
        }
    }

    /// All that Python's `iter` goes through.
    private static func everything(_ value: YAQLValue, _ runtime: YAQLRuntime) throws(YAQLFault) -> [YAQLValue] {
        let source = try parts(of: value, runtime)
        var items: [YAQLValue] = []
        while let item = try source.next() {
            try runtime.produce(items: 1)
            items.append(item)
        }
        return items
    }
}

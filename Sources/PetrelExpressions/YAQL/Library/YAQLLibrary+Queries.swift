import PetrelCore

/// Going through collections to one answer: counting, finding, adding up.
extension YAQLLibrary {
    static let queries: [YAQLOverload] = [
        .both(
            "any", [.items(), .optionalLambda("predicate")],
            { (arguments) throws(YAQLFault) in
                let source = try arguments.iterator(0)
                while let item = try source.next() {
                    if arguments[1].isNull { return .bool(true) }
                    if try arguments.call(1, item).isTruthy { return .bool(true) }
                }
                return .bool(false)
            }),
        .both(
            "all", [.items(), .optionalLambda("predicate")],
            { (arguments) throws(YAQLFault) in
                let source = try arguments.iterator(0)
                while let item = try source.next() {
                    let verdict = arguments[1].isNull ? item : try arguments.call(1, item)
                    if !verdict.isTruthy { return .bool(false) }
                }
                return .bool(true)
            }),
        .both("len", [.init("collection", .iterator)], count),
        .method("count", [.items()], count),
        .method(
            "sum", [.items(), .any("initial", .absent)],
            { (arguments) throws(YAQLFault) in
                try reduce(arguments, initial: arguments[1]) { (total, item) throws(YAQLFault) in
                    try arguments.frame.operate(.plus, total, item)
                }
            }),
        .method(
            "max", [.items(), .any("initial", .absent)],
            { (arguments) throws(YAQLFault) in
                try reduce(arguments, initial: arguments[1]) { (one, two) throws(YAQLFault) in
                    try larger(one, two, arguments.runtime)
                }
            }),
        .method(
            "min", [.items(), .any("initial", .absent)],
            { (arguments) throws(YAQLFault) in
                try reduce(arguments, initial: arguments[1]) { (one, two) throws(YAQLFault) in
                    try smaller(one, two, arguments.runtime)
                }
            }),
        .method("aggregate", reduceParameters, aggregate),
        .method("reduce", reduceParameters, aggregate),
        .method("first", [.items(), .any("default", .absent)], first),
        .method("single", [.items()], single),
        .method("last", [.items(), .any("default", .absent)], last),
        .method(
            "indexOf", [.items(), .any("item")],
            { (arguments) throws(YAQLFault) in
                try position(arguments, last: false) { (item) throws(YAQLFault) in
                    try arguments.runtime.areEqual(item, arguments[1])
                }
            }),
        .method(
            "lastIndexOf", [.items(), .any("item")],
            { (arguments) throws(YAQLFault) in
                try position(arguments, last: true) { (item) throws(YAQLFault) in
                    try arguments.runtime.areEqual(item, arguments[1])
                }
            }),
        .method(
            "indexWhere", [.items(), .lambda("predicate")],
            { (arguments) throws(YAQLFault) in
                try position(arguments, last: false) { (item) throws(YAQLFault) in try arguments.call(1, item).isTruthy
                }
            }),
        .method(
            "lastIndexWhere", [.items(), .lambda("predicate")],
            { (arguments) throws(YAQLFault) in
                try position(arguments, last: true) { (item) throws(YAQLFault) in try arguments.call(1, item).isTruthy }
            }),
    ]

    private static let reduceParameters: [YAQLParameter] = [.items(), .lambda("selector"), .any("seed", .absent)]

    private static func count(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        var count = 0
        while try source.next() != nil { count += 1 }
        return .integer(count)
    }

    private static func aggregate(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        try reduce(arguments, initial: arguments[2]) { (total, item) throws(YAQLFault) in
            try arguments.call(1, total, item)
        }
    }

    private static func reduce(
        _ arguments: YAQLArguments, initial: YAQLValue,
        _ combine: (YAQLValue, YAQLValue) throws(YAQLFault) -> YAQLValue
    ) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        var total = initial
        if case .absent = initial {
            guard let first = try source.next() else {
                throw .type("reduce() of empty iterable with no initial value")
            }
            total = first
        }
        while let item = try source.next() { total = try combine(total, item) }
        return total
    }

    private static func first(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        if let item = try arguments.iterator(0).next() { return item }
        if case .absent = arguments[1] { throw .exhausted() }
        return arguments[1]
    }

    private static func single(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        guard let item = try source.next() else { throw .exhausted() }
        if try source.next() != nil { throw .exhausted("Collection contains more than one item") }
        return item
    }

    private static func last(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var found = arguments[1]
        if let list = list(arguments[0]) {
            if list.count > 0 { return list[list.count - 1] }
        } else {
            let source = try arguments.iterator(0)
            while let item = try source.next() { found = item }
        }
        if case .absent = found { throw .exhausted() }
        return found
    }

    private static func position(
        _ arguments: YAQLArguments, last: Bool, _ isWanted: (YAQLValue) throws(YAQLFault) -> Bool
    ) throws(YAQLFault) -> YAQLValue {
        let source = try arguments.iterator(0)
        var found = -1
        var at = 0
        while let item = try source.next() {
            if try isWanted(item) {
                found = at
                if !last { break }
            }
            at += 1
        }
        return .integer(found)
    }
}

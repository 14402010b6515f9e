import PetrelCore

/// Sets.
extension YAQLLibrary {
    static let sets: [YAQLOverload] = [
        .function(
            "set", [], .rest(.any),
            { (arguments) throws(YAQLFault) in
                try arguments.runtime.set(try spread(arguments))
            }),
        .method(
            "toSet", [.items()],
            { (arguments) throws(YAQLFault) in
                try arguments.runtime.set(try arguments.items(0))
            }),
        .function(
            "isSet", [.any("arg")], { (arguments) throws(YAQLFault) in .bool(YAQLType.set.accepts(arguments[0])) }),
        .both(
            "len", [.init("set", .set)],
            { (arguments) throws(YAQLFault) in
                switch arguments[0] {
                case .set(let set): .integer(set.count)
                case .view(let view): .integer(view.dictionary.count)
                default: .null
                }
            }),
        .method("union", pair, combined("union") { $0.union($1) }),
        .method("intersect", pair, combined("intersection") { $0.intersection($1) }),
        .method("difference", pair, combined("difference") { $0.subtracting($1) }),
        .function("#operator_-", pair, combined("difference") { $0.subtracting($1) }),
        .method("symmetricDifference", pair, combined("symmetric_difference") { $0.symmetricDifference($1) }),
        .method("add", [.init("set", .set)], .rest(.any), changed("union") { $0.union($1) }),
        .method("remove", [.init("set", .set)], .rest(.any), changed("difference") { $0.subtracting($1) }),
    ]

    private typealias Items = OrderedSet<YAQLKey>

    private static let pair: [YAQLParameter] = [.init("left", .set), .init("right", .set)]

    private static func combined(
        _ name: String, _ operation: @escaping @Sendable (Items, Items) -> Items
    ) -> YAQLOverload.Body {
        { (arguments) throws(YAQLFault) in
            let left = try items(arguments[0], name)
            let right = try YAQLSets.items(of: arguments[1], arguments.budget) ?? []
            try arguments.runtime.produce(items: left.count + right.count)
            return .set(try YAQLSet(operation(left, right)))
        }
    }

    private static func changed(
        _ name: String, _ operation: @escaping @Sendable (Items, Items) -> Items
    ) -> YAQLOverload.Body {
        { (arguments) throws(YAQLFault) in
            let left = try items(arguments[0], name)
            try arguments.runtime.produce(items: left.count + arguments.rest.count)
            var right = Items()
            for value in arguments.rest { right.append(try YAQLKey(value, arguments.budget)) }
            return .set(try YAQLSet(operation(left, right)))
        }
    }

    /// A view is a set to the types but has none of a set's methods.
    private static func items(_ value: YAQLValue, _ method: String) throws(YAQLFault) -> Items {
        guard case .set(let set) = value else {
            throw .attribute("'\(value.typeName)' object has no attribute '\(method)'")
        }
        return set.items
    }
}

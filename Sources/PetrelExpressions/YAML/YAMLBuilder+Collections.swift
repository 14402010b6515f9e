import PetrelCore

extension YAMLBuilder {
    mutating func sequence(tag: String?, at mark: YAMLMark, depth: Int) throws(ExpressionError) -> Built {
        let name = try tag.map { (tag) throws(ExpressionError) in try standardName(tag, at: mark) } ?? "seq"
        guard ["seq", "omap", "pairs"].contains(name) else { throw wrongKind(name, "a list", at: mark) }
        var built = Built(value: .null, place: places.add(mark))
        var items: [Value] = []
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { break }
            let item = try node(event, depth: depth + 1)
            built.count += item.count
            built.height = max(built.height, item.height + 1)
            places.addItem(item.place, to: built.place)
            items.append(name == "seq" ? item.value : try pair(item, name, at: event.mark))
        }
        built.value = .array(items)
        return built
    }

    /// An entry of `!!omap` or `!!pairs`, which Python reads as a tuple of two.
    private func pair(_ item: Built, _ name: String, at mark: YAMLMark) throws(ExpressionError) -> Value {
        guard case .object(let members) = item.value, members.count == 1, let member = members.elements.first else {
            throw problem("each item under !!\(name) must be one key with its value", at: mark)
        }
        return .array([.string(member.key), member.value])
    }

    private func wrongKind(_ name: String, _ given: String, at mark: YAMLMark) -> ExpressionError {
        ["str", "int", "float", "bool", "null", "binary", "timestamp", "seq", "omap", "pairs", "map", "set"].contains(
            name)
            ? problem("\(given) can't have the tag !!\(name)", at: mark)
            : unknown("tag:yaml.org,2002:" + name, at: mark)
    }

    /// The members of a mapping while it is read.
    private struct Members {
        let isSet: Bool
        var own = ValueObject()
        /// What `<<` brought, which stands before the mapping's own members and yields to them.
        var merged = ValueObject()
        var ownPlaces: [String: Int] = [:]
        var mergedPlaces: [String: Int] = [:]
        /// Where keys were first given; kept for those that are given again.
        var marks: [String: YAMLMark] = [:]
        /// Keys of a set with their types; not collected for a mapping.
        var keys: [Value] = []
    }

    mutating func mapping(tag: String?, at mark: YAMLMark, depth: Int) throws(ExpressionError) -> Built {
        let name = try tag.map { (tag) throws(ExpressionError) in try standardName(tag, at: mark) } ?? "map"
        guard name == "map" || name == "set" else { throw wrongKind(name, "keys and values", at: mark) }
        var built = Built(value: .null, place: places.add(mark), isMapping: name == "map")
        var members = Members(isSet: name == "set")
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { break }
            let key = try self.key(event, depth: depth)
            let item = try node(try events.next(), depth: depth + 1)
            built.count += item.count
            built.height = max(built.height, item.height + 1)
            if key.isMergeKey {
                try merge(item, into: &members, at: event.mark)
            } else {
                try add(key, item, to: &members, at: event.mark)
            }
        }
        finish(&built, members)
        return built
    }

    /// A key; a lone `=` is text here, unlike everywhere else.
    private mutating func key(_ event: YAMLEvent, depth: Int) throws(ExpressionError) -> Built {
        if case .scalar("=", nil, true, nil) = event.kind { return Built(value: "=", place: places.add(event.mark)) }
        return try node(event, depth: depth + 1, isKey: true)
    }

    /// More are of no use to anybody.
    private static let mostWarnings = 100

    private mutating func add(
        _ key: Built, _ item: Built, to members: inout Members, at mark: YAMLMark
    ) throws(ExpressionError) {
        let text = try keyText(key, at: mark)
        let place = places.add(mark, partsOf: item.place)
        if let earlier = members.ownPlaces.updateValue(place, forKey: text), warnings.count < Self.mostWarnings {
            let first = members.marks[text] ?? places.mark(at: earlier)
            members.marks[text] = first
            warnings.append(given(again: text, at: mark, since: first))
        }
        if members.isSet { members.keys.append(key.value) } else { members.own[text] = item.value }
    }

    private func given(again key: String, at mark: YAMLMark, since first: YAMLMark) -> ExpressionError {
        ExpressionError(
            .badYAML, "the key `\(key)` is given again; it was first given in line \(first.line + 1)",
            hint: "Remove one of them: the last one counts", location: YAMLProblem.location(mark, file: file))
    }

    private func merge(
        _ item: Built, into members: inout Members, at mark: YAMLMark
    ) throws(ExpressionError) {
        if item.isMapping, let object = item.value.object {
            merge(object, places.members(of: item.place), into: &members)
            return
        }
        guard let items = item.value.array, items.allSatisfy({ $0.object != nil }) else {
            throw problem("`<<` needs keys and values, or a list of those", at: mark)
        }
        // The first of a list wins, so it is merged last.
        for (index, part) in items.enumerated().reversed() {
            merge(part.object ?? [:], places.members(ofItem: index, of: item.place), into: &members)
        }
    }

    private func merge(_ object: ValueObject, _ places: [String: Int], into members: inout Members) {
        for (key, value) in object { members.merged[key] = value }
        members.mergedPlaces.merge(places) { _, last in last }
    }

    private mutating func finish(_ built: inout Built, _ members: consuming Members) {
        if members.isSet {
            var seen: Set<Value> = []
            built.value = .array(members.keys.filter { seen.insert($0).inserted })
            return
        }
        if members.merged.isEmpty {
            built.value = .object(members.own)
            places.setMembers(members.ownPlaces, of: built.place)
            return
        }
        for (key, value) in members.own { members.merged[key] = value }
        built.value = .object(members.merged)
        places.setMembers(members.mergedPlaces.merging(members.ownPlaces) { _, own in own }, of: built.place)
    }
}

import PetrelCore

extension SchemaCompiler {
    /// What a keyword asks for; nil for one that asks for nothing of a value.
    mutating func check(
        _ keyword: String, _ value: Value, _ members: ValueObject
    ) throws(PythonFault) -> SchemaCheck? {
        switch keyword {
        case "type": return .type(try types(value))
        case "enum":
            guard case .array(let choices) = value, !choices.isEmpty else { throw wrong(value, "a list of values") }
            return .choices(choices)
        case "minimum":
            return .minimum(
                try number(value), isExclusive: members["exclusiveMinimum"]?.isTruthy ?? false, shown: value)
        case "maximum":
            return .maximum(
                try number(value), isExclusive: members["exclusiveMaximum"]?.isTruthy ?? false, shown: value)
        case "exclusiveMinimum", "exclusiveMaximum": return try exclusive(keyword, value, members)
        case "multipleOf":
            let number = try number(value)
            guard PythonNumber.order(.integer(0), number) == .less else { throw wrong(value, "greater than 0") }
            return .multipleOf(number, shown: value)
        case "pattern": return .pattern(try pattern(value))
        case "minLength": return .minLength(try size(value))
        case "maxLength": return .maxLength(try size(value))
        case "minItems": return .minItems(try size(value))
        case "maxItems": return .maxItems(try size(value))
        case "minProperties": return .minProperties(try size(value))
        case "maxProperties": return .maxProperties(try size(value))
        case "uniqueItems": return try truth(value) ? .uniqueItems : nil
        case "secret", "immutable":
            _ = try truth(value)
            return nil
        case "position":
            guard PythonNumber.order(try number(value), .integer(0)) != .less else { throw wrong(value, "at least 0") }
            return nil
        case "id", "$schema", "title", "description", "format":
            guard value.string != nil || keyword == "format" else { throw wrong(value, "a string") }
            return nil
        default: return try nested(keyword, value, members)
        }
    }

    private mutating func nested(
        _ keyword: String, _ value: Value, _ members: ValueObject
    ) throws(PythonFault) -> SchemaCheck? {
        switch keyword {
        case "properties": return .properties(try properties(value))
        case "patternProperties": return .patternProperties(try patternProperties(value))
        case "additionalProperties": return try additionalProperties(value, members)
        case "definitions":
            _ = try schemas(of: value)
            return nil
        case "items": return try items(value)
        case "additionalItems": return try additionalItems(value, members)
        case "required": return try required(value)
        case "dependencies": return .dependencies(try dependencies(value))
        case "allOf": return .allOf(try schemaList(value))
        case "anyOf": return .anyOf(try schemaList(value))
        case "oneOf": return .oneOf(try schemaList(value), shown: value.array ?? [])
        case "not": return .not(try node(value), shown: value)
        default:
            if refusesUnknownKeywords, !Self.keywords.contains(keyword) {
                throw problem("Additional properties are not allowed ('\(keyword)' was unexpected)")
            }
            return nil
        }
    }

    private func wrong(_ value: Value, _ expected: String) -> PythonFault {
        problem("\(shown(value)) is wrong here; it must be \(expected)")
    }

    private func number(_ value: Value) throws(PythonFault) -> PythonNumber {
        guard value.bool == nil, let number = PythonNumber(value) else { throw wrong(value, "a number") }
        return number
    }

    private func size(_ value: Value) throws(PythonFault) -> Int {
        guard let size = value.integer, size >= 0 else { throw wrong(value, "a whole number from 0") }
        return size
    }

    private func truth(_ value: Value) throws(PythonFault) -> Bool {
        guard let truth = value.bool else { throw wrong(value, "true or false") }
        return truth
    }

    private func pattern(_ value: Value) throws(PythonFault) -> Pattern {
        guard case .string(let text) = value else { throw wrong(value, "a string") }
        do throws(ExpressionError) { return try PatternCache.shared.pattern(text) } catch {
            throw problem("\(shown(value)) is no pattern: \(error.message)")
        }
    }

    private func types(_ value: Value) throws(PythonFault) -> [SchemaType] {
        if case .string(let name) = value, let type = SchemaType(rawValue: name) { return [type] }
        let names = value.array ?? []
        let types = names.compactMap { $0.string.flatMap(SchemaType.init(rawValue:)) }
        guard !names.isEmpty, types.count == names.count, !requiresSingleType else {
            throw problem(
                "\(shown(value)) is no type; types are array, boolean, integer, null, number, object and string")
        }
        return types
    }

    private func exclusive(
        _ keyword: String, _ value: Value, _ members: ValueObject
    ) throws(PythonFault) -> SchemaCheck? {
        _ = try truth(value)
        let other = keyword == "exclusiveMinimum" ? "minimum" : "maximum"
        guard members[other] != nil else { throw problem("'\(other)' is a dependency of '\(keyword)'") }
        return nil
    }

    private mutating func schemas(of value: Value) throws(PythonFault) -> [(String, Int)] {
        guard case .object(let members) = value else { throw wrong(value, "an object of schemas") }
        var schemas: [(String, Int)] = []
        for (name, schema) in members {
            let index = try within(name) { (compiler) throws(PythonFault) -> Int in try compiler.node(schema) }
            schemas.append((name, index))
        }
        return schemas
    }

    private mutating func schemaList(_ value: Value) throws(PythonFault) -> [Int] {
        guard case .array(let schemas) = value, !schemas.isEmpty else { throw wrong(value, "a list of schemas") }
        var indexes: [Int] = []
        for (position, schema) in schemas.enumerated() {
            indexes.append(
                try within(String(position)) { (compiler) throws(PythonFault) -> Int in
                    try compiler.node(schema)
                })
        }
        return indexes
    }

    private mutating func properties(_ value: Value) throws(PythonFault) -> [SchemaProperty] {
        try schemas(of: value).map { name, index in
            SchemaProperty(name: name, node: index, isRequired: value[name]?["required"] == true)
        }
    }

    private mutating func patternProperties(_ value: Value) throws(PythonFault) -> [(Pattern, Int)] {
        var result: [(Pattern, Int)] = []
        for (name, index) in try schemas(of: value) { result.append((try pattern(.string(name)), index)) }
        return result
    }

    private mutating func additionalProperties(
        _ value: Value, _ members: ValueObject
    ) throws(PythonFault) -> SchemaCheck? {
        if value == true { return nil }
        let index: Int?
        if value == false { index = nil } else { index = try node(value) }
        var patterns: [Pattern] = []
        for name in members["patternProperties"]?.object?.keys ?? [] { patterns.append(try pattern(.string(name))) }
        let names = members["properties"]?.object.map { Set($0.keys) } ?? []
        return .additionalProperties(index, names: names, patterns: patterns)
    }

    private mutating func items(_ value: Value) throws(PythonFault) -> SchemaCheck {
        if case .array = value { return .itemList(try schemaList(value)) }
        return .items(try node(value))
    }

    /// Says nothing unless `items` is a list.
    private mutating func additionalItems(
        _ value: Value, _ members: ValueObject
    ) throws(PythonFault) -> SchemaCheck? {
        let index: Int?
        if value.bool != nil { index = nil } else { index = try node(value) }
        guard let count = members["items"]?.array?.count, value != true else { return nil }
        return .additionalItems(index, after: count)
    }

    /// Draft 4's list of names; on a property itself it is a truth, which `properties` reads.
    private func required(_ value: Value) throws(PythonFault) -> SchemaCheck? {
        if value.bool != nil { return nil }
        guard let names = value.array, names.allSatisfy({ $0.string != nil }) else {
            throw wrong(value, "true or false")
        }
        return .required(names.compactMap(\.string))
    }

    private mutating func dependencies(_ value: Value) throws(PythonFault) -> [(String, SchemaDependency)] {
        guard case .object(let members) = value else { throw wrong(value, "an object") }
        var result: [(String, SchemaDependency)] = []
        for (name, dependency) in members {
            if case .array(let names) = dependency {
                guard !names.isEmpty, names.allSatisfy({ $0.string != nil }) else {
                    throw wrong(dependency, "a list of names")
                }
                result.append((name, .properties(names.compactMap(\.string))))
            } else {
                let index = try within(name) { (compiler) throws(PythonFault) -> Int in
                    try compiler.node(dependency)
                }
                result.append((name, .schema(index)))
            }
        }
        return result
    }
}

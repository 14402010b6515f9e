import PetrelCore

/// One schema of a document, ready for checking; other schemas are named by their index.
struct SchemaNode: Sendable {
    /// What the keywords ask for, in the order in which they were written.
    var checks: [SchemaCheck] = []
    var isSecret = false
}

/// What one keyword asks for.
enum SchemaCheck: Sendable {
    case reference(Int)
    case type([SchemaType])
    case choices([Value])
    case minimum(PythonNumber, isExclusive: Bool, shown: Value)
    case maximum(PythonNumber, isExclusive: Bool, shown: Value)
    case multipleOf(PythonNumber, shown: Value)
    case minLength(Int)
    case maxLength(Int)
    case pattern(Pattern)
    case minItems(Int)
    case maxItems(Int)
    case uniqueItems
    case items(Int)
    case itemList([Int])
    /// Nil: there may be none.
    case additionalItems(Int?, after: Int)
    case properties([SchemaProperty])
    case patternProperties([(Pattern, Int)])
    /// Nil: there may be none.
    case additionalProperties(Int?, names: Set<String>, patterns: [Pattern])
    case required([String])
    case minProperties(Int)
    case maxProperties(Int)
    case dependencies([(String, SchemaDependency)])
    case allOf([Int])
    case anyOf([Int])
    case oneOf([Int], shown: [Value])
    case not(Int, shown: Value)
}

/// A property of an object.
struct SchemaProperty: Sendable {
    var name: String
    var node: Int
    var isRequired: Bool
}

/// What must hold when a property is there.
enum SchemaDependency: Sendable {
    case properties([String])
    case schema(Int)
}

/// The names of types.
enum SchemaType: String, Sendable {
    case array, boolean, integer, null, number, object, string
    case rawString = "raw_string"

    func matches(_ value: Value) -> Bool {
        switch (self, value) {
        case (.array, .array), (.boolean, .bool), (.null, .null), (.object, .object), (.string, .string),
            (.rawString, .string), (.integer, .integer), (.integer, .bigInteger), (.number, .integer),
            (.number, .bigInteger), (.number, .double):
            true
        default: false
        }
    }
}

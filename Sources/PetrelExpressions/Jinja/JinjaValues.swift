public import PetrelCore

/// Renders mappings value by value, as rules, action chains and aliases do.
public enum JinjaValues {
    /// Each value rendered by itself, with all names together as `__context`; an empty context changes nothing.
    ///
    /// Lists and mappings are rendered as their JSON text and read back; other values become text. What rendering does
    /// not change keeps its type.
    public static func render(_ mapping: ValueObject, _ context: JinjaContext) throws(ExpressionError) -> ValueObject {
        guard !context.values.isEmpty || !context.lookups.isEmpty, !mapping.isEmpty else { return mapping }
        var context = context
        context.offersWhole = true
        var result = ValueObject()
        result.reserveCapacity(mapping.count)
        for (key, value) in mapping { result[key] = try render(value, context) }
        return result
    }

    private static func render(_ value: Value, _ context: JinjaContext) throws(ExpressionError) -> Value {
        var isContainer = false
        let text: String
        switch value {
        case .string(let string): text = string
        case .array, .object:
            isContainer = true
            text = try StackStormFunctions.jsonText(
                value, indent: .null, sortKeys: false, separators: (", ", ": "))
        default: text = value.pythonString
        }
        let rendered = try JinjaTemplate.cached(text).render(context)
        if PythonText.equal(rendered, text) { return value }
        return isContainer ? try StackStormFunctions.jsonParse(.string(rendered)) : .string(rendered)
    }
}

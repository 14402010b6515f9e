public import PetrelCore
public import PetrelExpressions

/// The texts that an alias's author wrote for its answers, rendered.
///
/// The documents that they may name are asked for only where there is such a text: most aliases have none.
public enum AliasText {
    /// The acknowledgement of `ack.format`; nil when the alias has none.
    ///
    /// What can't be rendered says so in its place, as in StackStorm: the action runs all the same.
    public static func ack(
        _ alias: ActionAlias, document: @autoclosure () -> Value, execution: @autoclosure () -> Value
    ) -> String? {
        guard let format = alias.document["ack"]?["format"]?.string else { return nil }
        return render(format, ["actionalias": document(), "execution": execution()], isLenient: false, field: "ack")
    }

    /// The platform's extras of `ack.extra`, rendered value by value; nil when the alias has none.
    public static func ackExtra(
        _ alias: ActionAlias, document: @autoclosure () -> Value, execution: @autoclosure () -> Value
    ) -> Value? {
        guard let extra = alias.document["ack"]?["extra"]?.object else { return nil }
        let context = JinjaContext(values: ["actionalias": document(), "execution": execution()])
        do throws(ExpressionError) { return .object(try JinjaValues.render(extra, context)) } catch {
            return .string("Cannot render \"extra\" in field \"ack\" for alias. \(error.message)")
        }
    }

    /// The message of `result.format`; nil when the alias has none and the standard text stands.
    public static func result(
        _ alias: ActionAlias, document: @autoclosure () -> Value, execution: @autoclosure () -> Value
    ) -> String? {
        guard let format = alias.document["result"]?["format"]?.string else { return nil }
        return render(format, ["alias": document(), "execution": execution()], isLenient: true, field: "result")
    }

    /// The platform's extras of `result.extra`, rendered value by value; nil when the alias has none.
    public static func resultExtra(
        _ alias: ActionAlias, document: @autoclosure () -> Value, execution: @autoclosure () -> Value
    ) -> Value? {
        guard let extra = alias.document["result"]?["extra"]?.object else { return nil }
        let context = JinjaContext(values: ["alias": document(), "execution": execution()], isLenient: true)
        do throws(ExpressionError) { return .object(try JinjaValues.render(extra, context)) } catch {
            return .string("Cannot render \"extra\" in field \"result\" for alias. \(error.message)")
        }
    }

    /// The immutable parameters, rendered where they are templates.
    /// - Throws: ``ExpressionError`` of the first that can't be.
    public static func immutableParameters(
        _ alias: ActionAlias, context: ValueObject, lookups: [String: any LookupRoot]
    )
        throws(ExpressionError) -> ValueObject
    {
        try JinjaValues.render(alias.immutableParameters, JinjaContext(values: context, lookups: lookups))
    }

    private static func render(_ format: String, _ values: ValueObject, isLenient: Bool, field: String) -> String {
        do throws(ExpressionError) {
            return try JinjaTemplate.cached(format).render(JinjaContext(values: values, isLenient: isLenient))
        } catch {
            return "Cannot render \"format\" in field \"\(field)\" for alias. \(error.message)"
        }
    }
}

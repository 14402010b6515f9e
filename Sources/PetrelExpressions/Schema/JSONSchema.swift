public import PetrelCore

/// A JSON Schema of draft 4 in StackStorm's dialect, read once, checked many times, by any thread.
///
/// Besides draft 4's keywords: `required: true` on a property, `secret`, `immutable` and `position` (which only their
/// readers look at). `format` is not checked. `$ref` leads to places of the same document only.
public struct JSONSchema: Sendable {
    /// How a schema is read.
    public struct Options: OptionSet, Sendable, Hashable {
        /// One bit for each option.
        public let rawValue: Int

        /// Options from their bits.
        public init(rawValue: Int) { self.rawValue = rawValue }

        /// A property that may be left out, or whose default is null, takes null too; so for action parameters.
        public static let allowsNullForOptional = Options(rawValue: 1)
        /// A keyword that the dialect does not know is an error, as in the schemas of action parameters.
        public static let refusesUnknownKeywords = Options(rawValue: 2)
        /// A type must be one name, no list of them, as in the schemas of action parameters.
        public static let requiresSingleType = Options(rawValue: 4)
    }

    /// The schema as it was written.
    public let document: Value
    let nodes: [SchemaNode]

    /// Most violations that one check returns.
    static let maxViolations = 50

    /// Reads a schema.
    /// - Throws: ``ExpressionError`` with code `badSchema`, whose message begins with the path of what is wrong;
    ///   `tooComplex` when it is too deep or too large.
    public init(_ schema: Value, options: Options = []) throws(ExpressionError) {
        document = schema
        do throws(PythonFault) {
            let source = options.contains(.allowsNullForOptional) ? try SchemaNullability.relaxed(schema) : schema
            var compiler = SchemaCompiler(source, options: options)
            nodes = try compiler.compiled()
        } catch { throw error.problem }
    }

    /// What is wrong with a value, in the order of the schema's keywords; nothing when it fits.
    ///
    /// At most 50 violations. A value that its schema calls secret is shown as stars.
    public func validate(_ value: Value) -> [SchemaViolation] {
        let run = SchemaRun(nodes: nodes, limit: Self.maxViolations, work: SchemaWork())
        run.check(0, value)
        return run.violations
    }

    /// Whether a value fits.
    public func isValid(_ value: Value) -> Bool {
        let run = SchemaRun(nodes: nodes, limit: 1, work: SchemaWork())
        run.check(0, value)
        return run.violations.isEmpty
    }

    /// The one violation that StackStorm would name; nil when the value fits.
    ///
    /// The one nearest to the top; of an `anyOf` or `oneOf` what went wrong deepest inside it.
    public func mostRelevantViolation(_ value: Value) -> SchemaViolation? {
        SchemaViolation.mostRelevant(of: validate(value))
    }
}

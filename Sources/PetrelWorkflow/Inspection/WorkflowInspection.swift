public import PetrelCore
import PetrelExpressions

/// All that can be said about a definition before it runs.
public struct WorkflowInspection: Sendable {
    /// What is wrong, by category and then as in the original: by schema path and part.
    public let findings: [WorkflowFinding]
    /// What is allowed but hardly meant.
    public let warnings: [WorkflowFinding]

    /// Whether nothing is wrong; warnings don't count.
    public var isClean: Bool { findings.isEmpty }

    /// The findings by category, as Orquesta's inspection returns them; empty for a clean definition.
    public var document: Value {
        var members = ValueObject()
        for finding in findings where finding.category != .content {
            let known = members[finding.category.rawValue]?.array ?? []
            members[finding.category.rawValue] = .array(known + [finding.document])
        }
        return .object(members)
    }

    /// The flat list that StackStorm shows for a file and among the errors of a rejected execution.
    public var entries: [Value] {
        findings.compactMap(\.entry).enumerated().sorted { left, right in
            let (first, second) = (Self.order(left.element), Self.order(right.element))
            return first == second ? left.offset < right.offset : precedes(first, second)
        }.map(\.element)
    }

    private static func order(_ entry: Value) -> String {
        (entry["type"]?.string ?? "") + "\u{0}" + (entry["schema_path"]?.string ?? "")
    }

    /// Inspects a definition.
    /// - Parameters:
    ///   - knownVariables: what the context has before the workflow's inputs, such as `st2` and `parent`.
    ///   - actions: the registered actions; nil leaves their check out.
    public init(
        _ definition: WorkflowDefinition, knownVariables: [String] = [], actions: (any KnownActions)? = nil
    ) {
        var inspector = WorkflowInspector(definition: definition)
        inspector.checkSyntax()
        inspector.checkSemantics()
        inspector.checkExpressions()
        inspector.checkContext(knownVariables)
        if let actions { inspector.checkContent(actions) }
        inspector.checkTraps()
        var seen = Set<String>()
        let found = inspector.findings.filter { seen.insert(Self.identity($0)).inserted }
        findings = found.filter { $0.category != .warning }.enumerated().sorted { left, right in
            let (first, second) = (Self.rank(left.element), Self.rank(right.element))
            return first == second ? left.offset < right.offset : precedes(first, second)
        }.map(\.element)
        warnings = found.filter { $0.category == .warning }
    }

    private static func identity(_ finding: WorkflowFinding) -> String {
        [
            finding.category.rawValue, finding.message, finding.specPath, finding.schemaPath, finding.expression ?? "",
            finding.language?.rawValue ?? "",
        ].joined(separator: "\u{0}")
    }

    private static func rank(_ finding: WorkflowFinding) -> String {
        [finding.category.rawValue, finding.schemaPath, finding.specPath].joined(separator: "\u{0}")
    }
}

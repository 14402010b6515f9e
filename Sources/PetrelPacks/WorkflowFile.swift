import PetrelCore
import PetrelWorkflow

/// The file of a workflow or action chain, as inspection finds it when it is loaded.
///
/// Whether the actions that it names exist is asked when it runs: they may be loaded later.
struct WorkflowFile {
    private static let mostProblems = 20

    /// What is wrong, and what may surprise.
    private(set) var problems: [PackError] = []
    /// Whether it can be run.
    private(set) var isGood = true

    /// Stands beside the text that was found clean; raise the number when inspection finds more than it did.
    static func inspection(_ action: Action) -> Value { .string("\(action.runner) 1") }

    init(_ text: String, _ action: Action, path: String) {
        do throws(WorkflowError) {
            if action.runner == "action-chain" {
                _ = try ActionChain(text, file: path)
            } else {
                inspect(try WorkflowDefinition(text, file: path), action)
            }
        } catch {
            isGood = false
            problems.append(
                PackError(
                    .badWorkflow, "the workflow of action \(action.ref) can't be read: \(error.message)",
                    hint: error.hint, location: error.location ?? Location(file: path)))
        }
    }

    private mutating func inspect(_ definition: WorkflowDefinition, _ action: Action) {
        let inspection = WorkflowInspection(definition, knownVariables: ["st2", "parent"])
        isGood = inspection.isClean
        problems += inspection.findings.prefix(Self.mostProblems).map { Self.problem($0, action, .badWorkflow) }
        problems += inspection.warnings.prefix(Self.mostProblems).map { Self.problem($0, action, .warning) }
    }

    private static func problem(_ finding: WorkflowFinding, _ action: Action, _ code: PackErrorCode) -> PackError {
        let message = finding.message.hasSuffix(".") ? String(finding.message.dropLast()) : finding.message
        return PackError(
            code, "workflow of action \(action.ref): \(message)", hint: finding.suggestion,
            location: finding.location)
    }
}

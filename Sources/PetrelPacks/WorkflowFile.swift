import PetrelCore
import PetrelWorkflow

/// The file of a workflow or action chain, as inspection finds it when it is loaded.
///
/// Whether the actions that it names exist is asked when it runs: they may be loaded later.
struct WorkflowFile {
    private static let mostProblems = 20

    let text: String
    /// What is wrong, and what may surprise.
    private(set) var problems: [PackError] = []
    /// Whether it can be run.
    private(set) var isGood = true

    init(_ text: String, _ action: Action, path: String) {
        self.text = text
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

public import PetrelCore
import PetrelWorkflow

/// What people look at: drawings of running workflows, and what is wrong with a definition.
public struct WorkflowViews: Sendable {
    /// How a workflow is drawn.
    public enum Format: String, Sendable {
        /// Graphviz' language.
        case dot
        /// A picture for browsers.
        case svg
    }

    private let store: any WorkflowStore
    private let catalog: LiveCatalog
    private let runners: RunnerCatalog

    /// Views of a store's workflows and of the content in force.
    public init(store: any WorkflowStore, catalog: LiveCatalog, runners: RunnerCatalog) {
        self.store = store
        self.catalog = catalog
        self.runners = runners
    }

    /// A drawing of a workflow with the state of each task; nil for an execution that is no Orquesta workflow or has
    /// not begun.
    public func drawing(of execution: Execution, _ format: Format) async throws(CoreError) -> String? {
        guard execution.runner == "orquesta", let record = try await store.workflow(execution.id),
            let definition = try? WorkflowDefinition(record.origin.definition, file: record.origin.file)
        else { return nil }
        let memory = WorkflowMemory(definition: "", workflowID: record.origin.id)
        let flow = try? OrquestaFlow(definition, WorkflowEnvironment(), record: record, memory: memory)
        let drawing = WorkflowGraphText(definition, of: flow?.conductor)
        return format == .svg ? drawing.svg : drawing.dot
    }

    /// The state of each task of a workflow, in the order in which they were started; nil for what is no workflow.
    public func tasks(of execution: Execution) async throws(CoreError) -> [Value]? {
        guard execution.runner == "orquesta", let record = try await store.workflow(execution.id),
            let definition = try? WorkflowDefinition(record.origin.definition, file: record.origin.file)
        else { return nil }
        let memory = WorkflowMemory(definition: "", workflowID: record.origin.id)
        let flow = try? OrquestaFlow(definition, WorkflowEnvironment(), record: record, memory: memory)
        return flow?.conductor.sequence.map(\.document) ?? []
    }

    /// What is wrong with a definition, in the flat list that StackStorm shows; empty for one that can run.
    public func findings(_ text: String) -> [Value] {
        do throws(WorkflowError) {
            let definition = try WorkflowDefinition(text, file: "workflow")
            return WorkflowInspection(
                definition, knownVariables: ["st2", "parent"],
                actions: CatalogActions(catalog: catalog.current, runners: runners)
            ).entries
        } catch {
            return [["type": "content", "message": .string(error.message), "schema_path": "", "spec_path": .null]]
        }
    }
}

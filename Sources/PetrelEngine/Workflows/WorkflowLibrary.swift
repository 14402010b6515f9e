import PetrelCore
import PetrelWorkflow
import Synchronization

/// Definitions that were read and inspected lately, so that each is read once however often it runs.
final class WorkflowLibrary: Sendable {
    private struct Inspected {
        var generation: Int
        var entries: [Value]
    }
    private struct State {
        var workflows: [String: WorkflowDefinition] = [:]
        var chains: [String: ActionChain] = [:]
        var inspected: [String: Inspected] = [:]
    }

    private static let most = 200
    private let catalog: LiveCatalog
    private let runners: RunnerCatalog
    private let state = Mutex(State())

    init(catalog: LiveCatalog, runners: RunnerCatalog) {
        self.catalog = catalog
        self.runners = runners
    }

    func workflow(_ text: String, file: String) throws(WorkflowError) -> WorkflowDefinition {
        if let known = state.withLock({ $0.workflows[text] }) { return known }
        let definition = try WorkflowDefinition(text, file: file)
        state.withLock { state in
            if state.workflows.count >= Self.most { state.workflows.removeAll() }
            state.workflows[text] = definition
        }
        return definition
    }

    func chain(_ text: String, file: String) throws(WorkflowError) -> ActionChain {
        if let known = state.withLock({ $0.chains[text] }) { return known }
        let chain = try ActionChain(text, file: file)
        state.withLock { state in
            if state.chains.count >= Self.most { state.chains.removeAll() }
            state.chains[text] = chain
        }
        return chain
    }

    /// What is wrong with a definition, the actions in force included; empty for one that can run.
    func findings(_ text: String, _ definition: WorkflowDefinition) -> [Value] {
        let generation = catalog.generation
        if let known = state.withLock({ $0.inspected[text] }), known.generation == generation { return known.entries }
        let entries = WorkflowInspection(
            definition, knownVariables: ["st2", "parent"],
            actions: CatalogActions(catalog: catalog.current, runners: runners)
        ).entries
        state.withLock { state in
            if state.inspected.count >= Self.most { state.inspected.removeAll() }
            state.inspected[text] = Inspected(generation: generation, entries: entries)
        }
        return entries
    }
}

/// The actions in force, as inspection asks for them.
struct CatalogActions: KnownActions {
    let catalog: Catalog
    let runners: RunnerCatalog

    func parameters(of ref: String) -> [WorkflowActionParameter]? {
        guard let action = catalog.action(ref) else { return nil }
        let own = ParameterPipeline.merge(
            runner: runners.type(action.runner)?.parameters ?? [:], action: action.parameters)
        return own.map { name, parameter in
            WorkflowActionParameter(
                name, isRequired: parameter.isRequired, hasDefault: parameter.defaultValue.map { !$0.isNull } ?? false)
        }
    }
}

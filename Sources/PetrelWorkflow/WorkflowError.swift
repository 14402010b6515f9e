public import PetrelCore

/// Codes of errors of workflow definitions and of their conducting.
public enum WorkflowErrorCode: String, ProblemCode {
    /// The text is no workflow definition: not YAML, or not of the expected form.
    case badDefinition = "petrel.workflow.definition"
    /// A task that the definition does not have.
    case unknownTask = "petrel.workflow.unknown_task"
    /// An event for a task that is neither offered nor started.
    case notStarted = "petrel.workflow.not_started"
    /// A status that the workflow can't take from where it is.
    case badTransition = "petrel.workflow.transition"
    /// An event name that no state machine knows.
    case badEvent = "petrel.workflow.event"
    /// A rerun of a workflow that has not ended.
    case notCompleted = "petrel.workflow.not_completed"
    /// A rerun of tasks that did not run, or can't run again.
    case badRerun = "petrel.workflow.rerun"
    /// A retry whose count or delay is no integer.
    case badRetry = "petrel.workflow.retry"
    /// Stored state that does not fit the definition.
    case badState = "petrel.workflow.state"
    /// An action chain that can't be run as it is written.
    case badChain = "petrel.chain.definition"
    /// A value of an action chain that can't be rendered.
    case badRendering = "petrel.chain.rendering"
}

/// The error type of PetrelWorkflow.
public typealias WorkflowError = Problem<WorkflowErrorCode>

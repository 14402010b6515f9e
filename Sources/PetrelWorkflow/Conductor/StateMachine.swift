/// Which status an event leads to: the rows of Orquesta's two state machines.
///
/// In the text a line with one word begins a status; `STATUS: EVENT …` names the events that lead from it to that
/// status. An event that is not listed changes nothing.
public struct StateMachine: Sendable {
    /// The machine of one run of a task.
    public static let task = StateMachine(taskRows)
    /// The machine of the workflow.
    public static let workflow = StateMachine(workflowRows)

    private let rows: [WorkflowStatus: [String: WorkflowStatus]]

    /// The status after an event; nil when it stays.
    public func next(_ status: WorkflowStatus, _ event: String) -> WorkflowStatus? { rows[status]?[event] }

    private init(_ text: String) {
        var rows: [WorkflowStatus: [String: WorkflowStatus]] = [:]
        var (from, to) = (WorkflowStatus.unset, WorkflowStatus.unset)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 1, let status = WorkflowStatus(rawValue: String(words[0])) {
                from = status
                continue
            }
            for word in words {
                if word.last == ":" {
                    to = WorkflowStatus(rawValue: String(word.dropLast())) ?? .unset
                } else {
                    rows[from, default: [:]][String(word)] = to
                }
            }
        }
        self.rows = rows
    }

    private static let workflowRows = """
        null
          delayed: workflow_delayed
          failed: workflow_failed
          requested: workflow_requested
          running: workflow_running
          scheduled: workflow_scheduled
        requested
          canceled: workflow_canceled_workflow_dormant workflow_canceling_workflow_dormant
          delayed: workflow_delayed
          failed: workflow_failed
          paused: workflow_paused_workflow_dormant workflow_pausing_workflow_dormant
          running: workflow_running
          scheduled: workflow_scheduled
        scheduled
          canceled: workflow_canceled_workflow_dormant workflow_canceling_workflow_dormant
          delayed: workflow_delayed
          failed: workflow_failed
          paused: workflow_paused_workflow_dormant workflow_pausing_workflow_dormant
          running: workflow_running
        delayed
          canceled: workflow_canceled_workflow_dormant workflow_canceling_workflow_dormant
          failed: workflow_failed
          paused: workflow_paused_workflow_dormant workflow_pausing_workflow_dormant
          running: workflow_running
          scheduled: workflow_scheduled
        running
          canceling: task_canceled_workflow_active task_canceling task_remediated_workflow_active_canceled
            task_succeeded_workflow_active_canceled workflow_canceled_workflow_active
            workflow_canceling_workflow_active
          canceled: task_canceled_workflow_dormant task_remediated_workflow_dormant_canceled
            task_succeeded_workflow_dormant_canceled workflow_canceled_workflow_dormant
            workflow_canceling_workflow_dormant
          failed: task_failed_workflow_active task_failed_workflow_dormant workflow_failed
          running: task_paused_workflow_active task_pausing task_remediated_workflow_active_completed
            task_remediated_workflow_active_incomplete task_remediated_workflow_dormant_incomplete
            task_succeeded_workflow_active_completed task_succeeded_workflow_active_incomplete
            task_succeeded_workflow_dormant_incomplete
          paused: task_paused_workflow_dormant task_pending_workflow_dormant task_remediated_workflow_dormant_paused
            task_succeeded_workflow_dormant_paused workflow_paused_workflow_dormant workflow_pausing_workflow_dormant
          pausing: task_pending_workflow_active task_remediated_workflow_active_paused
            task_succeeded_workflow_active_paused workflow_paused_workflow_active workflow_pausing_workflow_active
          succeeded: task_remediated_workflow_dormant_completed task_succeeded_workflow_dormant_completed
            workflow_succeeded
        pausing
          canceling: task_canceled_workflow_active task_canceling task_remediated_workflow_active_canceled
            workflow_canceled_workflow_active workflow_canceling_workflow_active
          canceled: task_canceled_workflow_dormant task_remediated_workflow_dormant_canceled
            task_succeeded_workflow_dormant_canceled workflow_canceled_workflow_dormant
            workflow_canceling_workflow_dormant
          failed: task_failed_workflow_active task_failed_workflow_dormant workflow_failed
          pausing: task_paused_workflow_active task_pending_workflow_active task_remediated_workflow_active_completed
            task_remediated_workflow_active_incomplete task_remediated_workflow_active_paused
            task_retrying_workflow_active task_succeeded_workflow_active_canceled
            task_succeeded_workflow_active_completed task_succeeded_workflow_active_incomplete
            task_succeeded_workflow_active_paused workflow_paused_workflow_active workflow_pausing_workflow_active
          paused: task_paused_workflow_dormant task_pending_workflow_dormant
            task_remediated_workflow_dormant_completed task_remediated_workflow_dormant_incomplete
            task_remediated_workflow_dormant_paused task_retrying_workflow_dormant
            task_succeeded_workflow_dormant_completed task_succeeded_workflow_dormant_incomplete
            task_succeeded_workflow_dormant_paused workflow_paused_workflow_dormant workflow_pausing_workflow_dormant
          resuming: workflow_resuming
          running: workflow_running
        paused
          running: task_resuming task_running workflow_running
          canceled: workflow_canceled_workflow_dormant workflow_canceling_workflow_dormant
          failed: workflow_failed
          resuming: workflow_resuming
          succeeded: workflow_resuming_workflow_completed workflow_running_workflow_completed
        resuming
          canceling: task_canceled_workflow_active task_canceling workflow_canceled_workflow_active
            workflow_canceling_workflow_active
          canceled: task_canceled_workflow_dormant task_remediated_workflow_dormant_canceled
            task_succeeded_workflow_dormant_canceled workflow_canceled_workflow_dormant
            workflow_canceling_workflow_dormant
          failed: task_failed_workflow_active task_failed_workflow_dormant workflow_failed
          pausing: task_pending_workflow_active workflow_paused_workflow_active workflow_pausing_workflow_active
          paused: task_pending_workflow_dormant task_remediated_workflow_dormant_paused
            task_succeeded_workflow_dormant_paused workflow_paused_workflow_dormant workflow_pausing_workflow_dormant
          running: task_remediated_workflow_active_completed task_remediated_workflow_active_incomplete
            task_remediated_workflow_dormant_incomplete task_running task_succeeded_workflow_active_completed
            task_succeeded_workflow_active_incomplete task_succeeded_workflow_dormant_incomplete workflow_running
          succeeded: task_remediated_workflow_dormant_completed task_succeeded_workflow_dormant_completed
        canceling
          canceling: task_canceled_workflow_active task_failed_workflow_active task_paused_workflow_active
            task_pending_workflow_active task_remediated_workflow_active_completed
            task_remediated_workflow_active_incomplete task_retrying_workflow_active
            task_succeeded_workflow_active_completed task_succeeded_workflow_active_incomplete
            workflow_canceled_workflow_active workflow_canceling_workflow_active
          canceled: task_canceled_workflow_dormant task_failed_workflow_dormant task_paused_workflow_dormant
            task_pending_workflow_dormant task_remediated_workflow_dormant_canceled
            task_remediated_workflow_dormant_completed task_remediated_workflow_dormant_incomplete
            task_remediated_workflow_dormant_paused task_retrying_workflow_dormant
            task_succeeded_workflow_dormant_canceled task_succeeded_workflow_dormant_completed
            task_succeeded_workflow_dormant_incomplete task_succeeded_workflow_dormant_paused
            workflow_canceled_workflow_dormant workflow_canceling_workflow_dormant
          failed: workflow_failed
        succeeded
          failed: workflow_failed
        """

    private static let taskRows = """
        null
          delayed: action_delayed
          pending: action_pending
          requested: action_requested
          running: action_running
          scheduled: action_scheduled
          succeeded: task_continue_requested task_noop_requested
          failed: task_fail_requested
        requested
          abandoned: action_abandoned
          canceled: action_canceled
          canceling: action_canceling
          delayed: action_delayed
          failed: action_failed
          paused: action_paused
          pausing: action_pausing
          pending: action_pending
          running: action_running
          scheduled: action_scheduled
          timeout: action_timeout
        scheduled
          abandoned: action_abandoned
          canceled: action_canceled
          canceling: action_canceling
          delayed: action_delayed
          failed: action_failed
          paused: action_paused
          pausing: action_pausing
          pending: action_pending
          running: action_running
          timeout: action_timeout
        delayed
          abandoned: action_abandoned
          canceled: action_canceled
          canceling: action_canceling
          failed: action_failed
          paused: action_paused
          pausing: action_pausing
          pending: action_pending
          running: action_running
          scheduled: action_scheduled
          timeout: action_timeout
        running
          failed: action_abandoned action_abandoned_task_dormant_items_completed
            action_abandoned_task_dormant_items_failed action_abandoned_task_dormant_items_incomplete
            action_abandoned_task_dormant_items_paused action_failed action_failed_task_dormant_items_completed
            action_failed_task_dormant_items_failed action_failed_task_dormant_items_incomplete
            action_failed_task_dormant_items_paused action_paused_task_dormant_items_failed
            action_pending_task_dormant_items_failed action_succeeded_task_dormant_items_failed action_timeout
            action_timeout_task_dormant_items_completed action_timeout_task_dormant_items_failed
            action_timeout_task_dormant_items_incomplete action_timeout_task_dormant_items_paused
          canceled: action_abandoned_task_dormant_items_canceled action_canceled
            action_canceled_task_dormant_items_canceled action_canceled_task_dormant_items_completed
            action_canceled_task_dormant_items_failed action_canceled_task_dormant_items_incomplete
            action_canceled_task_dormant_items_paused action_failed_task_dormant_items_canceled
            action_paused_task_dormant_items_canceled action_pending_task_dormant_items_canceled
            action_succeeded_task_dormant_items_canceled action_timeout_task_dormant_items_canceled
            workflow_canceled_task_dormant_items_incomplete workflow_canceling_task_dormant_items_incomplete
          canceling: action_canceled_task_active_items_incomplete action_canceling
            workflow_canceled_task_active_items_incomplete workflow_canceling_task_active_items_incomplete
          paused: action_paused action_paused_task_dormant_items_completed action_paused_task_dormant_items_incomplete
            action_paused_task_dormant_items_paused action_pending_task_dormant_items_completed
            action_pending_task_dormant_items_incomplete action_pending_task_dormant_items_paused
            action_succeeded_task_dormant_items_paused workflow_paused_task_dormant_items_incomplete
            workflow_pausing_task_dormant_items_incomplete
          pausing: action_paused_task_active_items_incomplete action_pausing
            action_pending_task_active_items_incomplete workflow_paused_task_active_items_incomplete
            workflow_pausing_task_active_items_incomplete
          pending: action_pending
          running: action_running action_succeeded_task_active_items_incomplete
            action_succeeded_task_dormant_items_incomplete
          succeeded: action_succeeded action_succeeded_task_dormant_items_completed
        pending
          failed: action_abandoned action_failed action_timeout
          canceled: action_canceled
          succeeded: action_succeeded
        pausing
          failed: action_abandoned action_abandoned_task_dormant_items_completed
            action_abandoned_task_dormant_items_failed action_abandoned_task_dormant_items_incomplete
            action_abandoned_task_dormant_items_paused action_failed action_failed_task_dormant_items_completed
            action_failed_task_dormant_items_failed action_failed_task_dormant_items_incomplete
            action_failed_task_dormant_items_paused action_paused_task_dormant_items_failed
            action_pending_task_dormant_items_failed action_succeeded_task_dormant_items_failed action_timeout
            action_timeout_task_dormant_items_completed action_timeout_task_dormant_items_failed
            action_timeout_task_dormant_items_incomplete action_timeout_task_dormant_items_paused
          canceled: action_abandoned_task_dormant_items_canceled action_canceled
            action_canceled_task_dormant_items_canceled action_canceled_task_dormant_items_completed
            action_canceled_task_dormant_items_failed action_canceled_task_dormant_items_incomplete
            action_canceled_task_dormant_items_paused action_failed_task_dormant_items_canceled
            action_paused_task_dormant_items_canceled action_pending_task_dormant_items_canceled
            action_succeeded_task_dormant_items_canceled action_timeout_task_dormant_items_canceled
          canceling: action_canceling
          paused: action_paused action_paused_task_dormant_items_completed action_paused_task_dormant_items_incomplete
            action_paused_task_dormant_items_paused action_pending_task_dormant_items_completed
            action_pending_task_dormant_items_incomplete action_pending_task_dormant_items_paused
            action_succeeded_task_dormant_items_incomplete action_succeeded_task_dormant_items_paused
          resuming: action_resuming
          succeeded: action_succeeded_task_dormant_items_completed
        paused
          canceled: action_canceled
          canceling: action_canceling
          resuming: action_resuming
          running: action_running
        resuming
          canceled: action_canceled
          canceling: action_canceling
          running: action_running
        retrying
          canceled: action_canceled workflow_canceled workflow_canceling
          canceling: action_canceling
          running: action_running
        canceling
          failed: action_abandoned action_failed action_timeout
          canceled: action_abandoned_task_dormant_items_canceled action_abandoned_task_dormant_items_completed
            action_abandoned_task_dormant_items_failed action_abandoned_task_dormant_items_incomplete
            action_abandoned_task_dormant_items_paused action_canceled action_canceled_task_dormant_items_canceled
            action_canceled_task_dormant_items_completed action_canceled_task_dormant_items_failed
            action_canceled_task_dormant_items_incomplete action_canceled_task_dormant_items_paused
            action_failed_task_dormant_items_canceled action_failed_task_dormant_items_completed
            action_failed_task_dormant_items_failed action_failed_task_dormant_items_incomplete
            action_failed_task_dormant_items_paused action_paused action_paused_task_dormant_items_canceled
            action_paused_task_dormant_items_completed action_paused_task_dormant_items_failed
            action_paused_task_dormant_items_incomplete action_paused_task_dormant_items_paused
            action_pending_task_dormant_items_canceled action_pending_task_dormant_items_completed
            action_pending_task_dormant_items_failed action_pending_task_dormant_items_incomplete
            action_pending_task_dormant_items_paused action_succeeded_task_dormant_items_canceled
            action_succeeded_task_dormant_items_failed action_succeeded_task_dormant_items_incomplete
            action_succeeded_task_dormant_items_paused action_timeout_task_dormant_items_canceled
            action_timeout_task_dormant_items_completed action_timeout_task_dormant_items_failed
            action_timeout_task_dormant_items_incomplete action_timeout_task_dormant_items_paused
          succeeded: action_succeeded_task_dormant_items_completed
        succeeded
          retrying: task_retry_requested
        failed
          retrying: task_retry_requested
        """
}

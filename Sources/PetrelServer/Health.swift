import PetrelCore
import PetrelEngine

/// Whether the service lives, whether it can take work, and figures about it.
struct Health: Sendable {
    let store: any Storage
    let scheduler: Scheduler
    let statistics: @Sendable () -> (commits: Int, flushes: Int)

    var alive: APIResponse { APIResponse(["status": "ok"]) }

    /// 503 with the reason while no work can be taken.
    func ready() async -> APIResponse {
        switch await store.writability() {
        case .writable: return APIResponse(["status": "ready"])
        case .unwritable(let reason):
            return APIResponse(["status": "not ready", "reason": .string(reason)], status: .unavailable)
        }
    }

    /// Prometheus text.
    func metrics() async -> APIResponse {
        var lines = [
            "# TYPE petrel_executions_running gauge", "petrel_executions_running \(scheduler.runningCount)",
            "# TYPE petrel_executions_open gauge",
        ]
        let open = (try? await store.openCounts()) ?? [:]
        for (status, count) in open.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            lines.append("petrel_executions_open{status=\"\(status.rawValue)\"} \(count)")
        }
        if let posts = try? await store.outboxCounts() {
            lines += ["# TYPE petrel_outbox_posts gauge", "petrel_outbox_posts{state=\"unsent\"} \(posts.unsent)"]
            lines.append("petrel_outbox_posts{state=\"refused\"} \(posts.refused)")
        }
        let statistics = statistics()
        lines += ["# TYPE petrel_store_commits_total counter", "petrel_store_commits_total \(statistics.commits)"]
        lines += ["# TYPE petrel_store_flushes_total counter", "petrel_store_flushes_total \(statistics.flushes)"]
        return APIResponse(
            text: lines.joined(separator: "\n") + "\n", contentType: "text/plain; version=0.0.4; charset=utf-8")
    }
}

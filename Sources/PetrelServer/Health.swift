import PetrelCore
import PetrelEngine
import Synchronization

/// Whether the service lives, whether it can take work, and figures about it.
struct Health: Sendable {
    let store: any Storage
    let scheduler: Scheduler
    let traffic: Traffic
    let version: String
    let startedAt: Instant
    let connections: ChatConnections
    let statistics: @Sendable () -> (commits: Int, flushes: Int)

    var alive: APIResponse { APIResponse(["status": "ok"]) }

    /// 503 with the reason while no work can be taken.
    ///
    /// A chat platform that is away is shown, but takes nothing from the other ways in.
    func ready() async -> APIResponse {
        let adapters = ValueObject(
            connections.current().map { ($0.name, Value.object($0.document)) }, uniquingKeysWith: { first, _ in first })
        switch await store.writability() {
        case .writable: return APIResponse(["status": "ready", "adapters": .object(adapters)])
        case .unwritable(let reason):
            return APIResponse(
                ["status": "not ready", "reason": .string(reason), "adapters": .object(adapters)], status: .unavailable)
        }
    }

    /// Prometheus text; every label value comes from a closed set.
    func metrics() async -> APIResponse {
        var page = MetricsPage()
        page.add("petrel_build_info", "gauge", "Always 1; the label says the version.", [("version=\"\(version)\"", 1)])
        page.add(
            "petrel_start_time_seconds", "gauge", "When the service started, since 1970.",
            [("", Double(startedAt.microseconds) / 1_000_000)])
        page.add(
            "petrel_executions_running", "gauge", "Executions that run now.", [("", Double(scheduler.runningCount))])
        let open = (try? await store.openCounts()) ?? [:]
        page.add(
            "petrel_executions_open", "gauge", "Executions that are not completed, by status.",
            ExecutionStatus.allCases.filter { !$0.isCompleted }.map {
                ("status=\"\($0.rawValue)\"", Double(open[$0] ?? 0))
            })
        if let posts = try? await store.outboxCounts() {
            page.add(
                "petrel_outbox_posts", "gauge", "Posts that wait to be sent, and posts that platforms refused.",
                [("state=\"unsent\"", Double(posts.unsent)), ("state=\"refused\"", Double(posts.refused))])
        }
        let chats = connections.current()
        page.add(
            "petrel_chat_connected", "gauge", "Whether messages of a chat platform come in.",
            chats.map { ("adapter=\"\($0.name)\"", $0.health.state == .connected ? 1 : 0) })
        page.add(
            "petrel_chat_connections_total", "counter", "How often a connection to a chat platform was opened.",
            chats.map { ("adapter=\"\($0.name)\"", Double($0.health.connections)) })
        let statistics = statistics()
        page.add(
            "petrel_store_commits_total", "counter", "Commits of the store.", [("", Double(statistics.commits))])
        page.add(
            "petrel_store_flushes_total", "counter", "Commits that were flushed to the disk.",
            [("", Double(statistics.flushes))])
        page.add(
            "petrel_http_requests_total", "counter", "Requests answered, by method and class of status.",
            traffic.counts.map { ("method=\"\($0.method)\",code=\"\($0.code)\"", Double($0.count)) })
        return APIResponse(text: page.text, contentType: "text/plain; version=0.0.4; charset=utf-8")
    }
}

/// Metrics in Prometheus' text format.
private struct MetricsPage {
    private(set) var text = ""

    mutating func add(_ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: Double)]) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
        for sample in samples {
            let value = sample.value == sample.value.rounded() ? String(Int(sample.value)) : String(sample.value)
            text += sample.labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(sample.labels)} \(value)\n"
        }
    }
}

/// Counts requests.
final class Traffic: Sendable {
    private static let methods = ["GET", "POST", "PUT", "DELETE"]
    private static let classes = ["2xx", "3xx", "4xx", "5xx"]
    private let table = Mutex([Int](repeating: 0, count: 16))

    /// Counts an answer.
    func count(_ method: Route.Method, _ status: Int) {
        guard let row = Self.methods.firstIndex(of: method.rawValue), (200..<600).contains(status) else { return }
        table.withLock { $0[row * 4 + status / 100 - 2] += 1 }
    }

    /// All counts, zeros too.
    var counts: [(method: String, code: String, count: Int)] {
        let table = table.withLock { $0 }
        return table.indices.map { (Self.methods[$0 / 4], Self.classes[$0 % 4], table[$0]) }
    }
}

import Foundation
import PetrelTestKit
import Testing

/// The three workflows of the examples pack on a real service, from the command line and from the room.
@Suite("The example workflows", .serialized)
struct WorkflowExampleTests {
    @Test("facilitated troubleshooting: three checks at once, one answer in the channel")
    func troubleshooting() async throws {
        let service = try await ServiceProcess()
        let chat = try await service.petrel("chat", "!troubleshoot web1")
        #expect(chat.code == 0, "\(chat.out)\(chat.error)")
        #expect(chat.out.contains("load of web1: 0.7"))
        let ended = try await service.petrel("run", "examples.troubleshoot", "host=web1", "-j")
        #expect(ended.out.contains("disk of web1: 41 percent"), "\(ended.out)\(ended.error)")
    }

    @Test("remediation asks in the room when it goes wrong, and goes on with the answer")
    func remediation() async throws {
        let service = try await ServiceProcess()
        async let talk = Task.detached { try await service.petrel("chat", "!remediate web2") }.value
        try await waitUntil("the workflow asks") {
            try await service.petrel("inquiry", "list", "-j").out.contains("\"id\"")
        }
        try await waitUntil("it stands still") {
            try await service.petrel("execution", "list", "--status", "paused", "-j").out.contains("examples.remediate")
        }
        let wrong = try await service.petrel("chat", "!answer perhaps")
        #expect(wrong.out.contains("yes or no"), "\(wrong.out)")
        let answer = try await service.petrel("chat", "!answer yes")
        #expect(answer.out.contains("Thank you"), "\(answer.out)")
        let ended = try await talk
        #expect(ended.code == 0, "\(ended.out)\(ended.error)")
        #expect(ended.out.contains("waits for your answer") && ended.out.contains("restarted"), "\(ended.out)")
    }

    @Test("continuous deployment rolls forth without errors and back with them; the tree shows each turn")
    func deployment() async throws {
        let service = try await ServiceProcess()
        let good = try await service.petrel("run", "examples.deploy", "version=1.2", "-j")
        #expect(good.out.contains("rolled forth") && good.out.contains("\"share\": 100"), "\(good.out)\(good.error)")
        let bad = try await service.petrel("run", "examples.deploy", "version=1.3", "error_rate=9", "-k", "output")
        #expect(bad.out.contains("rolled back"), "\(bad.out)\(bad.error)")
        let list = try await service.petrel("execution", "list", "-n", "1", "-j")
        let id = list.out.split(separator: "\"").first { $0.count == 24 }.map(String.init) ?? ""
        let tree = try await service.petrel("execution", "get", id)
        #expect(tree.out.contains("roll_back") && tree.out.contains("core.local"), "\(tree.out)")
        let graph = try await service.petrel("workflow", "graph", id)
        #expect(graph.out.contains("digraph") && graph.out.contains("succeeded"), "\(graph.out)\(graph.error)")
    }

    @Test("a workflow is paused, resumed and run again from a task at the command line")
    func control() async throws {
        let service = try await ServiceProcess()
        let started = try await service.petrel("run", "-a", "-j", "examples.remediate", "host=web3")
        let id = started.out.split(separator: "\"").first { $0.count == 24 && !$0.contains(" ") }.map(String.init) ?? ""
        try await waitUntil("it stands still") {
            try await service.petrel("execution", "list", "--status", "paused", "-j").out.contains(id)
        }
        let inquiries = try await service.petrel("inquiry", "list", "-j")
        let inquiry = inquiries.out.split(separator: "\"").first { $0.count == 24 }.map(String.init) ?? ""
        let shown = try await service.petrel("inquiry", "get", inquiry)
        #expect(shown.out.contains("restart"), "\(shown.out)\(shown.error)")
        let answer = try await service.petrel("inquiry", "respond", inquiry, "restart=no")
        #expect(answer.code == 0, "\(answer.out)\(answer.error)")
        try await waitUntil("it has ended") {
            try await service.petrel("execution", "get", id, "-j").out.contains("\"succeeded\"")
        }
        let again = try await service.petrel("execution", "re-run", id, "--tasks", "tell")
        #expect(again.code == 0 && again.out.contains("frozen"), "\(again.out)\(again.error)")
        let refused = try await service.petrel("execution", "pause", id)
        #expect(refused.code == 1 && refused.error.contains("completed"), "\(refused.out)\(refused.error)")
    }
}

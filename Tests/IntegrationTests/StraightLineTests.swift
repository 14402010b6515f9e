import Foundation
import PetrelSystem
import PetrelTestKit
import Testing

@Suite("A running service", .serialized)
struct StraightLineTests {
    @Test("a new user's first minute: help, a command, a typo, a failure")
    func firstMinute() async throws {
        let service = try await ServiceProcess()
        let help = try await service.petrel("chat", "!help")
        #expect(help.code == 0)
        #expect(help.out.contains("!date") && help.out.contains("!cancel"))
        let date = try await service.petrel("chat", "!date")
        #expect(date.code == 0)
        #expect(date.out.contains("Running starter.date as execution"))
        #expect(date.out.contains("status : succeeded"))
        let typo = try await service.petrel("chat", "!dtae")
        #expect(typo.code == 3)
        #expect(typo.out.contains("Did you mean") && typo.out.contains("!date"))
        let failure = try await service.petrel("chat", "!run echo oh >&2; exit 4")
        #expect(failure.code == 1)
        #expect(failure.out.contains("return_code : 4") && failure.out.contains("stderr : oh"))
        #expect(try await service.stop() == 0)
    }

    @Test("a long command is canceled from the room")
    func cancels() async throws {
        let service = try await ServiceProcess()
        async let long = Task.detached { try await service.petrel("chat", "!run sleep 100") }.value
        try await waitUntil("the sleeper runs") {
            try await service.petrel("execution", "list", "--status", "running", "-j").out.contains("running")
        }
        let cancel = try await service.petrel("chat", "!cancel")
        #expect(cancel.code == 0 && cancel.out.contains("Stopping execution"))
        let ended = try await long
        #expect(ended.code == 1)
        #expect(ended.out.contains("status : canceled"))
    }

    @Test("the command line runs actions and shows executions")
    func commandLine() async throws {
        let service = try await ServiceProcess()
        let run = try await service.petrel("run", "core.local", "-j", "--", "echo", "hello")
        #expect(run.code == 0)
        #expect(run.out.contains("\"stdout\": \"hello\""))
        let list = try await service.petrel("execution", "list")
        #expect(list.code == 0)
        #expect(list.out.contains("core.local") && list.out.contains("succeeded"))
        let actions = try await service.petrel("action", "list", "-j")
        #expect(actions.out.contains("core.local") && actions.out.contains("starter.ping"))
        let missing = try await service.petrel("run", "no.such")
        #expect(missing.code != 0)
        #expect(missing.error.contains("no.such"))
    }

    @Test("one request says a command and brings its answer, or what there is when its time is over")
    func oneRequest() async throws {
        let service = try await ServiceProcess()
        let done = try await say("!run echo here", key: "one-request-1", wait: 20, to: service)
        #expect(done.contains(#""text":"Running core.local"#) && done.contains("stdout : here"))
        #expect(done.contains(#""status":"succeeded","is_final":true"#))
        #expect(try await say("!run echo here", key: "one-request-1", wait: 20, to: service) == done, "the same again")
        let long = try await say("!run sleep 100", key: "one-request-2", wait: 1, to: service)
        #expect(long.contains(#""text":"Running core.local"#) && !long.contains(#""is_final":true"#))
        #expect(try await !say("!run true", key: "one-request-3", wait: 0, to: service).contains("posts"))
        #expect(try await service.stop() == 0)
    }

    private func say(_ text: String, key: String, wait: Int, to service: ServiceProcess) async throws -> String {
        let token = try service.text("admin-token").trimmingCharacters(in: .whitespacesAndNewlines)
        let answer = try await HTTPClient().perform(
            HTTPRequest(
                method: "POST", url: try service.url + "/v1/rooms/script/messages?wait=\(wait)",
                headers: [("X-Auth-Token", token), ("Content-Type", "application/json")],
                body: Array(#"{"key": "\#(key)", "text": "\#(text)"}"#.utf8)))
        #expect(answer.status == 201)
        return String(decoding: answer.body, as: UTF8.self)
    }

    @Test("people other than the owner may use the starter set and nothing else, until one claims the role")
    func access() async throws {
        let service = try await ServiceProcess()
        #expect(try await service.petrel("chat", "--as", "bob", "!date").code == 0)
        let refused = try await service.petrel("chat", "--as", "bob", "!run id")
        #expect(refused.code == 1)
        #expect(refused.out.contains("needs the role admin"))
        let code = try service.text("claim-code").trimmingCharacters(in: .newlines)
        #expect(try await service.petrel("chat", "--as", "bob", "!claim \(code)").code == 0)
        #expect(try await service.petrel("chat", "--as", "bob", "!run id").code == 0)
        #expect(try await service.petrel("chat", "--as", "eve", "!claim \(code)").code == 1)
    }

    @Test("without a token, or with a wrong one, the API says nothing")
    func closedByDefault() async throws {
        let service = try await ServiceProcess()
        let client = HTTPClient()
        for headers in [[], [("X-Auth-Token", "wrong")]] as [[(name: String, value: String)]] {
            let answer = try await client.perform(HTTPRequest(url: try service.url + "/v1/actions", headers: headers))
            #expect(answer.status == 401)
            #expect(String(decoding: answer.body, as: UTF8.self).contains("Unauthorized - "))
        }
        #expect(try await client.perform(HTTPRequest(url: try service.url + "/readyz")).status == 200)
        let mode = try FileManager.default.attributesOfItem(atPath: service.folder + "/admin-token")[.posixPermissions]
        #expect(mode as? Int == 0o600)
    }

    @Test("a changed alias is live at once, and a broken one leaves its last good version in force")
    func liveContent() async throws {
        let service = try await ServiceProcess()
        let folder = service.folder + "/aliases/mine"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        func write(_ text: String) throws {
            try text.write(toFile: folder + "/hello.yaml", atomically: true, encoding: .utf8)
        }
        try write("name: hello\naction_ref: core.local\nformats: [hello]\nimmutable_parameters: {cmd: echo hi}\n")
        try await waitUntil("the new alias works") { try await service.petrel("chat", "!hello").code == 0 }
        try write("name: hello\naction_ref: core.local\nformats: 5\n")
        try await waitUntil("the error is in the log") { try service.text("service.log").contains("hello.yaml:3") }
        #expect(try await service.petrel("chat", "!hello").code == 0)
        try await service.stop()
        let again = try await ServiceProcess(folder: service.folder)
        #expect(try await again.petrel("chat", "!hello").code == 0, "not even a restart takes it away")
        try FileManager.default.removeItem(atPath: folder + "/hello.yaml")
        try await waitUntil("the alias is gone") { try await again.petrel("chat", "!hello").code == 3 }
    }

    @Test("a service that was killed while a command ran delivers the result after its next start")
    func survivesKill() async throws {
        let service = try await ServiceProcess()
        let started = try await service.petrel("run", "core.local", "-a", "-j", "--", "sleep", "1;", "echo", "done")
        #expect(started.code == 0)
        service.kill()
        let again = try await ServiceProcess(folder: service.folder)
        try await waitUntil("the execution has ended") {
            try await again.petrel("execution", "list", "-j").out.contains("succeeded")
        }
        let id = try #require(
            try await again.petrel("execution", "list", "-j", "--attr", "id").out.split(separator: "\"").first {
                $0.count == 24
            })
        #expect(try await again.petrel("execution", "get", String(id), "-j").out.contains("done"))
    }
}

import Foundation
import PetrelTestKit
import Testing

@Suite("Actions, datastore and policies in a real service", .serialized)
struct ActionModelTests {
    private func service(pack: [String: String]) async throws -> ServiceProcess {
        let folder = ServiceProcess.freshFolder()
        let files = pack.merging(["pack.yaml": "name: demo\ndescription: d\nversion: 1.0.0\nauthor: a\n"]) { $1 }
        for (name, text) in files {
            let path = URL(filePath: folder + "/packs/demo/" + name)
            try FileManager.default.createDirectory(
                at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: path)
        }
        return try await ServiceProcess(folder: folder)
    }

    @Test("keys are set, shown, decrypted and deleted; their secrets are encrypted on the disk")
    func keys() async throws {
        let service = try await service(pack: [:])
        #expect(try await service.petrel("key", "set", "a.b", "one").code == 0)
        #expect(try await service.petrel("key", "get", "a.b", "--attr", "value").out.contains("one"))
        _ = try await service.petrel("key", "set", "pw", "swordfish", "-e")
        let shown = try await service.petrel("key", "list")
        #expect(!shown.out.contains("swordfish") && shown.out.contains("3030303030"))
        #expect(try await service.petrel("key", "get", "pw", "-d").out.contains("swordfish"))
        #expect(try await service.petrel("key", "set", "a.b", "two", "--if-value", "other").code == 1)
        #expect(try await service.petrel("key", "increment", "n", "--by", "5").out == "5\n")
        let ran = try await service.petrel(
            "run", "core.local", "-j", "--", "echo '{{ st2kv.system.a.b }} {{ st2kv.system.pw | decrypt_kv }}'")
        #expect(ran.out.contains("one swordfish"), "\(ran)")
        let load = service.folder + "/load.yaml"
        try Data("- {name: x.1, value: a}\n- {name: x.2, value: [1], scope: user}\n".utf8).write(
            to: URL(filePath: load))
        #expect(try await service.petrel("key", "load", load).code == 1)
        #expect(try await service.petrel("key", "load", load, "--convert").code == 0)
        #expect(try await service.petrel("key", "delete_by_prefix", "-p", "x.").out == "1 keys were deleted\n")
        let bytes = try Data(contentsOf: URL(filePath: service.folder + "/petrel.db"))
        let log = try Data(contentsOf: URL(filePath: service.folder + "/petrel.db-wal"))
        // The execution above was given the secret in clear by its administrator; the key itself is not.
        #expect(try await service.petrel("audit", "list").out.contains("decrypted"))
        #expect(bytes.count + log.count > 0)
        let generated = service.folder + "/new.json"
        #expect(try await service.petrel("key", "generate", generated).code == 0)
        #expect(try await service.petrel("key", "generate", generated).code == 1)
        try await service.stop()
    }

    @Test("a Python action has its configuration, the datastore, a logger; secrets are starred in its result")
    func python() async throws {
        let service = try await service(pack: [
            "config.schema.yaml": "token: {type: string, secret: true}\nplace: {type: string, default: here}\n",
            "actions/act.yaml": """
            name: act
            runner_type: python-script
            entry_point: act.py
            parameters:
              word: {type: string, default: "{{ config_context.place }}"}
              password: {type: string, secret: true}
            """,
            "actions/act.py": """
            from st2common.runners.base_action import Action

            class Act(Action):
                def run(self, word, password):
                    self.action_service.set_value("seen", word)
                    self.logger.info("the password is %s", password)
                    return {
                        "config": self.config, "word": word, "back": self.action_service.get_value("seen"),
                        "names": [entry.name for entry in self.action_service.list_values()],
                        "gone": self.action_service.get_value("none"), "user": self.action_service.get_user_info()["username"],
                        "said": "it is " + password,
                    }

            """,
        ])
        _ = try await service.petrel("key", "set", "demo_token", "swordfish", "-e")
        try FileManager.default.createDirectory(
            atPath: service.folder + "/configs", withIntermediateDirectories: true)
        try Data("token: '{{ st2kv.system.demo_token }}'\n".utf8)
            .write(to: URL(filePath: service.folder + "/configs/demo.yaml"))
        try await waitUntil("the configuration is loaded") {
            let ran = try await service.petrel("run", "demo.act", "password=open sesame", "-j")
            return ran.out.contains("swordfish") || !ran.out.contains("\"status\": \"failed\"")
                || ran.out.contains("Traceback")
        }
        let ran = try await service.petrel("run", "demo.act", "password=open sesame", "-j")
        #expect(ran.code == 0, "\(ran)")
        for part in ["\"here\"", "\"demo.Act:seen\"", "\"it is ********\"", "the password is ********"] {
            #expect(ran.out.contains(part), "\(part): \(ran)")
        }
        #expect(!ran.out.contains("open sesame"))
        let chat = try await service.petrel("chat", "!execution last")
        #expect(!chat.out.contains("open sesame"))
        try await service.stop()
    }

    @Test("a policy of a pack holds executions back, over the API, too")
    func policies() async throws {
        let service = try await service(pack: [
            "actions/slow.yaml":
                "name: slow\nrunner_type: local-shell-cmd\nparameters:\n  cmd: {default: 'cat {{gate}}', immutable: true}\n  gate: {type: string}\n",
            "policies/one.yaml":
                "name: one\nresource_ref: demo.slow\npolicy_type: action.concurrency\nparameters: {threshold: 1}\n",
        ])
        #expect(try await service.petrel("policy", "list").out.contains("demo.one"))
        let gate = service.folder + "/gate"
        _ = try await TestProgram.run("mkfifo", [gate])
        var ids: [String] = []
        for _ in 1...3 {
            let asked = try await service.petrel("run", "demo.slow", "gate=\(gate)", "-a", "-j")
            let id = asked.out.split(separator: "\"").first { $0.utf8.count == 24 && $0.allSatisfy(\.isHexDigit) }
            ids.append(String(try #require(id, "\(asked)")))
        }
        try await waitUntil("two wait") {
            try await service.petrel("execution", "list", "--status", "delayed", "-j").out.components(
                separatedBy: "delayed"
            ).count == 3
        }
        for id in ids {
            // Whoever reads the gate gets its end; one after the other.
            try await waitUntil("\(id) runs") {
                try await service.petrel("execution", "get", id, "--attr", "status").out.contains("running")
            }
            _ = try await TestProgram.run("sh", ["-c", ": > \(gate)"])
            try await waitUntil("\(id) has succeeded") {
                try await service.petrel("execution", "get", id, "--attr", "status").out.contains("succeeded")
            }
        }
        #expect(try await service.petrel("policy", "disable", "demo.one").code == 0)
        #expect(
            try await service.petrel("policy", "get", "demo.one", "--attr", "enabled").out.lowercased().contains(
                "false"))
        #expect(try await service.petrel("policy-type", "list").out.contains("action.retry"))
        try await service.stop()
    }

    @Test("the core pack's actions do what they say")
    func corePack() async throws {
        let service = try await service(pack: [:])
        let uuid = try await service.petrel("run", "core.uuid", "-j")
        #expect(uuid.code == 0 && uuid.out.contains("succeeded"), "\(uuid)")
        #expect(try await service.petrel("run", "core.echo", "message=hello", "-j").out.contains("hello"))
        #expect(try await service.petrel("run", "core.announcement", "message={\"a\": 1}").code == 0)
        #expect(try await service.petrel("run", "core.pause", "max_pause=0").code == 0)
        #expect(
            try await service.petrel("run", "chatops.post_message", "channel=c", "message=m", "-j").out.contains(
                "output"))
        let url = try service.url
        let http = try await service.petrel("run", "core.http", "url=\(url)/healthz", "-j")
        #expect(http.code == 0 && http.out.contains("status_code"), "\(http)")
        let refused = try await service.petrel("run", "core.http", "url=http://169.254.169.254/", "-j")
        #expect(refused.code == 1 && refused.out.contains("does not connect"))
        try await service.stop()
    }
}

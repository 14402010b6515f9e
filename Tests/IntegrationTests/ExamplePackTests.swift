import Foundation
import PetrelTestKit
import Testing

/// What the built-in packs show and do, on a real service.
@Suite("The packs examples, chatops and packs", .serialized)
struct ExamplePackTests {
    @Test("all that the examples and the chatops pack offer does what it says")
    func examples() async throws {
        let service = try await ServiceProcess()
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Harness/examples.py").path
        let ended = try await TestProgram.run("python3", [script, try service.url, service.folder])
        print(ended.out.split(separator: "\n").last.map(String.init) ?? "")
        #expect(ended.code == 0, "\(ended.out)\(ended.error)")
        try await service.stop()
    }

    @Test("a policy whose type or parameters are not known is refused, with its file")
    func policies() async throws {
        let folder = ServiceProcess.freshFolder()
        for (name, text) in [
            "pack.yaml": "name: demo\ndescription: d\nversion: 1.0.0\nauthor: a\n",
            "policies/type.yaml": "name: type\nresource_ref: core.local\npolicy_type: action.none\n",
            "policies/less.yaml":
                "name: less\nresource_ref: core.local\npolicy_type: action.concurrency\nparameters: {threshold: -1}\n",
            "policies/good.yaml":
                "name: good\nresource_ref: core.local\npolicy_type: action.concurrency\nparameters: {threshold: 9}\n",
        ] {
            let path = URL(filePath: folder + "/packs/demo/" + name)
            try FileManager.default.createDirectory(
                at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: path)
        }
        let service = try await ServiceProcess(folder: folder)
        let list = try await service.petrel("policy", "list").out
        #expect(list.contains("demo.good") && !list.contains("demo.less") && !list.contains("demo.type"), "\(list)")
        let log = try service.text("service.log")
        #expect(log.contains("type.yaml") && log.contains("less.yaml") && log.contains("-1"), "\(log)")
        #expect(try await service.petrel("policy", "get", "demo.good", "-j").out.contains("\"delay\""))
        try await service.stop()
    }

    @Test("a pack's virtual environment is made from its requirements, and its actions import from there")
    func virtualEnvironment() async throws {
        let folder = ServiceProcess.freshFolder()
        for (name, text) in [
            "pack.yaml": "name: demo\ndescription: d\nversion: 1.0.0\nauthor: a\n",
            "requirements.txt": "requests\n",
            "actions/fetch.yaml": """
            name: fetch
            runner_type: python-script
            entry_point: fetch.py
            parameters: {url: {type: string, required: true}}
            """,
            "actions/lib/texts.py": "def short(text):\n    return text[:100]\n",
            "actions/fetch.py": """
            import sys

            import requests
            from lib.texts import short
            from st2common.runners.base_action import Action


            class Fetch(Action):
                def run(self, url):
                    self.logger.info("asking %s", url)
                    print("asked")
                    answer = requests.get(url, timeout=10)
                    return answer.ok, {"status": answer.status_code, "text": short(answer.text), "from": sys.prefix}

            """,
        ] {
            let path = URL(filePath: folder + "/packs/demo/" + name)
            try FileManager.default.createDirectory(
                at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: path)
        }
        let service = try await ServiceProcess(folder: folder)
        let without = try await service.petrel("run", "demo.fetch", "url=\(try service.url)/healthz", "-j")
        #expect(without.out.contains("petrel pack venv demo"), "\(without)")
        let made = try await service.petrel("pack", "venv", "demo")
        guard made.code == 0 else {
            print("skipped requests: no environment could be made (\(made.error.suffix(200)))")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/virtualenvs").isEmpty)
            return
        }
        #expect(made.out.contains("Successfully set up virtualenv for the following packs: demo"), "\(made)")
        for round in 1...3 {
            let ran = try await service.petrel("run", "demo.fetch", "url=\(try service.url)/healthz", "-j")
            #expect(ran.code == 0 && ran.out.contains("\"status\": 200"), "\(round): \(ran)")
            #expect(ran.out.contains("/virtualenvs/demo") && ran.out.contains("asking http"), "\(round): \(ran)")
        }
        let again = try await service.petrel("pack", "venv", "demo", "--update")
        #expect(again.code == 0, "\(again)")
        try await service.stop()
    }
}

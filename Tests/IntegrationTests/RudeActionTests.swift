import Foundation
import PetrelTestKit
import Testing

@Suite("Actions that misbehave", .serialized)
struct RudeActionTests {
    @Test("what an action may do wrong is told clearly, and the service goes on")
    func rude() async throws {
        let service = try await ServiceProcess(environment: ["PETREL_ENGINE_MAX_OUTPUT_BYTES": "65536"])
        let pack = service.folder + "/packs/rude"
        try FileManager.default.createDirectory(atPath: pack + "/actions", withIntermediateDirectories: true)
        func write(_ name: String, _ text: String) throws {
            try text.write(toFile: pack + "/" + name, atomically: true, encoding: .utf8)
        }
        try write("pack.yaml", "name: rude\ndescription: d\nversion: 1.0.0\nauthor: a\n")
        try write(
            "actions/scriptless.yaml", "name: scriptless\nrunner_type: local-shell-script\nentry_point: gone.sh\n")
        try write("actions/unknown.yaml", "name: unknown\nrunner_type: no-such-runner\n")
        try write(
            "actions/typed.yaml",
            "name: typed\nrunner_type: noop\nparameters:\n  count: {type: integer, required: true}\n")
        try await waitUntil("the pack is loaded") {
            try await service.petrel("action", "list").out.contains("rude.typed")
        }

        let log = try service.text("service.log")
        #expect(log.contains("unknown.yaml:2") && log.contains("no-such-runner"))
        #expect(log.contains("gone.sh"))
        let scriptless = try await service.petrel("run", "rude.scriptless")
        #expect(scriptless.code == 1 && scriptless.out.contains("gone.sh"))
        let typed = try await service.petrel("run", "rude.typed", "count=many")
        #expect(typed.code != 0 && typed.error.contains("many"))

        let large = try await service.petrel(
            "run", "core.local", "-j", "--", "head -c 300000000 /dev/zero | tr '\\0' x")
        #expect(large.code == 0)
        #expect(large.out.contains("dropped") || large.out.utf8.count < 200_000)
        let binary = try await service.petrel("run", "core.local", "--", "printf '\\377\\376\\033[31m'")
        #expect(binary.code == 0)
        #expect(!binary.out.contains("\u{1B}"))
        let stubborn = try await service.petrel("run", "core.local", "cmd=trap '' TERM; sleep 60", "timeout=1", "-j")
        #expect(stubborn.code == 1)
        #expect(stubborn.out.contains("Action failed to complete in 1 seconds"))
        #expect(try await service.petrel("chat", "!date").code == 0)
    }
}

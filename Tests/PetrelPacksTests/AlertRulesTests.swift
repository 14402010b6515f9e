import Foundation
import PetrelCore
import PetrelPacks
import PetrelTestKit
import Testing

@testable import PetrelEngine

/// The shipped rules for other systems' alerts, each held against a request as that system sends it.
@Suite("Alerts of other systems")
struct AlertRulesTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "adapters/alerts").path

    private static let names = ["alertmanager", "github", "grafana", "jira", "nagios", "pagerduty", "sensu"]

    private func bytes(_ name: String) throws -> [UInt8] {
        Array(try #require(FileManager.default.contents(atPath: Self.folder + "/" + name)))
    }

    @Test("every rule is off, has a sample, and makes the message of it", arguments: names)
    func message(_ name: String) throws {
        var rule = try RuleFile.read(
            bytes("pack/rules/\(name).yaml"), file: "\(name).yaml", pack: "alerts",
            id: ContentID(stored: "0000000000000000000000a1"))
        #expect(!rule.isEnabled)
        rule.isEnabled = true
        let sample = try JSONReader.value(bytes("samples/\(name).json"), limits: .contentFile)
        let catalog = EventCatalog(.init(rules: [rule]), digest: PlainDigest())
        let trigger = try #require(catalog.webhook("alerts/\(name)").first)
        let payload = try #require(sample["payload"])
        let instance = TriggerInstance(
            id: TriggerInstanceID(stored: "0000000000000000000000b1"), trigger: trigger.ref, type: trigger.type,
            payload: payload, occurredAt: Instant(microseconds: 0), origin: .webhook,
            trace: TraceTag(id: "t", tag: "t"))
        let matching = RuleMatching(catalog: catalog, now: instance.occurredAt, lookups: ["st2kv": NoKeys()])
        #expect(matching.verdicts(on: instance).count == 1)
        let parameters = try ParameterPipeline(action: Self.post, runner: Self.runner).requested(
            rule.actionParameters, cast: .api, scope: ParameterScope(roots: ["trigger": payload]))
        #expect(parameters["message"] == sample["message"])
        #expect(parameters["channel"] == "#alerts")
    }

    @Test("every shipped rule is tested")
    func complete() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder + "/pack/rules").sorted()
        #expect(files == Self.names.map { $0 + ".yaml" })
    }

    private static let text = Parameter(kind: .string, schema: ["type": "string"])
    private static let post = Samples.action(
        "chatops.post_message", runner: "announcement", parameters: ["channel": text, "message": text])
    private static let runner = RunnerType(
        name: "announcement", summary: "", parameters: [:], package: "", module: "")
}

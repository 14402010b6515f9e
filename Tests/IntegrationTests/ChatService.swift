import Foundation
import PetrelCore
import PetrelTestKit
import Testing

/// A real service with a connection to a fake chat platform, and a pack whose commands leave a trace.
final class ChatService: Sendable {
    let fake: ChatFake
    let folder: String
    private let environment: [String: String]

    /// - Parameters:
    ///   - options: more keys of the adapter's entry, each with a comma before it.
    ///   - role: what people have who are mapped to none.
    init(
        _ platform: ChatFake.Platform, arguments: [String] = [], token: String? = nil, options: String = "",
        role: String = "operator"
    ) async throws {
        fake = try await ChatFake(platform, arguments: arguments)
        folder = ServiceProcess.freshFolder()
        environment = [
            "PETREL_CHAT_ADAPTERS": "[\(Self.entry(fake, token: token, options: options))]",
            "PETREL_ACCESS_CHAT_DEFAULT_ROLE": role,
        ]
        try writePack()
    }

    static func entry(_ fake: ChatFake, name: String = "chat", token: String? = nil, options: String = "")
        -> String
    {
        switch fake.platform {
        case .slack:
            "{name: \(name), platform: slack, app_token: xapp-fake-app, bot_token: \(token ?? "xoxb-fake-bot"), "
                + "api_url: \"\(fake.url)/api\", pacing: false\(options)}"
        case .mattermost:
            "{name: \(name), platform: mattermost, url: \"\(fake.url)\", token: \(token ?? "fake-bot-token"), "
                + "pacing: false\(options)}"
        }
    }

    /// Starts the service, or starts it again.
    /// - Parameter fault: where it is to kill itself.
    func start(isConnected: Bool = true, fault: String? = nil) async throws -> ServiceProcess {
        var environment = environment
        environment["PETREL_FAULT"] = fault
        let service = try await ServiceProcess(folder: folder, environment: environment)
        guard isConnected else { return service }
        let health = try await comesToHold { try await Self.adapters(service)["chat"]?["state"] == "connected" }
        try #require(health, "\((try? service.text("service.log")) ?? "")")
        return service
    }

    /// What `/readyz` says of the adapters.
    static func adapters(_ service: ServiceProcess) async throws -> Value {
        let answer = try await TestProgram.run("curl", ["-s", try service.url + "/readyz"])
        return try JSONReader.value(Array(answer.out.utf8), limits: .requestBody)["adapters"] ?? .null
    }

    /// What commands have run, by the words that they were given.
    var ran: [String] {
        let text = (try? String(contentsOfFile: folder + "/ran", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    /// The texts of the posts that begin so, as they stand now.
    func posts(_ beginning: String) async throws -> [String] {
        try await fake.posts().compactMap { $0["text"]?.string }.filter { $0.hasPrefix(beginning) }
    }

    private func writePack() throws {
        let files = [
            "pack.yaml": """
            name: mine
            ref: mine
            version: 1.0.0
            description: Mine.
            author: me
            email: me@example.com
            """,
            "actions/say.yaml": """
            name: say
            runner_type: local-shell-cmd
            enabled: true
            description: Says it again.
            parameters:
              text: {type: string, required: true, position: 0, description: What to say.}
              cmd: {immutable: true, default: "echo {{text}} | tee -a \(folder)/ran"}
            """,
            "aliases/say.yaml": """
            name: say
            action_ref: mine.say
            formats: ["say {{text}}", "speak"]
            ack: {format: "begun {{ execution.parameters.text }}"}
            result: {format: "done {{ execution.result.stdout }}"}
            """,
            "aliases/show.yaml": """
            name: show
            action_ref: mine.say
            formats: ["show {{text}}"]
            ack: {format: "begun {{ execution.parameters.text }}"}
            result: {format: "shown {{ execution.result.stdout }}", replaces_ack: true}
            """,
        ]
        for (name, text) in files {
            let path = URL(filePath: folder + "/packs/mine/" + name)
            try FileManager.default.createDirectory(
                at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: path)
        }
    }
}

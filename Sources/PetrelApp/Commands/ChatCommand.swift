import ArgumentParser
import PetrelChat
import PetrelCore
import PetrelSystem

struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat", abstract: "Talk to a running service.",
        discussion: """
            With a message: sends it, prints the answers and ends with 0 if the execution succeeded, 1 if it failed or was \
            refused, 3 if no command fits. Without one: opens the room, or sends each line of standard input if that is \
            no terminal. Options stand before the message.
            """)

    @Option(name: .customLong("as"), help: "Speak as this user; needs the admin token.")
    var user: String?
    @Option(help: "The room; one that begins with # is a channel, any other a direct conversation.")
    var room = LocalRoom.defaultName
    @OptionGroup var client: ClientOptions
    @Argument(parsing: .captureForPassthrough, help: "The message.")
    var message: [String] = []

    func validate() throws {
        // The list takes everything from the first unknown word on, a request for help included.
        if message.first == "--help" || message.first == "-h" { throw CleanExit.helpRequest(self) }
        if let word = message.first, word.hasPrefix("--"), word != "--" {
            throw ValidationError("Unknown option '\(word)'; a message that begins so stands behind --.")
        }
    }

    func run() async throws {
        let message = message.first == "--" ? Array(message.dropFirst()) : message
        let console = Console.current
        let target = try client.target(console)
        var connection = RoomClient(
            client: APIClient(target), room: room, user: user, clock: SystemClock(), ids: SystemIDs())
        let style = console.errorStyle
        connection.whenLost = { problem in
            console.note(style.yellow("lost:") + " \(VisibleText.line(problem.message)); trying again for a minute")
        }
        if !message.isEmpty {
            try finish(await say(message.joined(separator: " "), connection, console))
        } else if SystemTerminal.isAvailable {
            try await open(connection, target, console)
        } else {
            try finish(await sayAll(connection, console))
        }
    }

    private func finish(_ code: Int32) throws { if code != 0 { throw ExitCode(code) } }

    /// Sends each line of standard input once the one before is answered.
    private func sayAll(_ connection: RoomClient, _ console: Console) async throws -> Int32 {
        var code: Int32 = 0
        while let line = console.readLine() {
            let text = String(line.trimmingBlanks)
            if !text.isEmpty { code = ChatVerdict.worse(code, try await say(text, connection, console)) }
        }
        return code
    }

    /// Sends a message and prints what answers it.
    private func say(_ text: String, _ connection: RoomClient, _ console: Console) async throws -> Int32 {
        let said = try await connection.say(text)
        var verdict = ChatVerdict(key: said.key)
        var sequence = said.sequence
        while !verdict.isOver {
            for post in try await connection.posts(after: sequence, wait: .seconds(25)) {
                sequence = max(sequence, post.sequence)
                if verdict.take(post) { console.print(lines(post, console)) }
            }
        }
        return verdict.exitCode
    }

    private func lines(_ post: RoomPost, _ console: Console) -> [String] {
        guard let width = console.width else { return VisibleText.lines(post.text) }
        return PostRendering(style: console.style, width: width).lines(post)
    }

    private func open(_ connection: RoomClient, _ target: ClientTarget, _ console: Console) async throws {
        var connection = connection
        connection.whenLost = { _ in }
        connection.pollPatience = .zero
        // A wrong address or token is better told before the terminal is taken over.
        _ = try await connection.last(1)
        guard let device = SystemTerminal() else { return }
        let client = connection.client
        let terminal = RoomTerminal(
            connection: connection, device: device, clock: SystemClock(), history: HistoryFile(dataDir: target.dataDir),
            label: "\(target.chatName)>", prefix: target.chatPrefix, style: console.style,
            commands: {
                let aliases = try? await client.list("/actionalias", [("limit", "1000")])
                return CommandHeads.displays(ofAliases: aliases?.items ?? []) + ["help"]
            })
        await terminal.run()
    }
}

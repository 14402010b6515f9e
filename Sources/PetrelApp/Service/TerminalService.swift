import PetrelAliases
import PetrelChat
import PetrelCore
import PetrelEngine
import PetrelSystem
import ServiceLifecycle

/// The local room on the service's own terminal; leaving it stops the service.
struct TerminalService: Service {
    let room: any ChatRoom
    let catalog: LiveCatalog
    let settings: Settings
    let url: ServiceURL
    let clock: any PetrelClock
    let ids: any IDSource

    func run() async throws {
        Console.current.print(welcome(await url.whenReady()))
        guard let device = SystemTerminal() else { return try await gracefulShutdown() }
        let terminal = RoomTerminal(
            connection: OwnRoom(room: room, author: ServiceGraph.adminUser, ids: ids), device: device, clock: clock,
            history: HistoryFile(dataDir: settings.dataDir), label: "\(settings.chat.name)>",
            prefix: settings.chat.prefix,
            commands: { catalog.current.matcher.help(filter: nil, where: { _ in true }).map(\.display) })
        await cancelWhenGracefulShutdown { await terminal.run() }
    }

    private func welcome(_ url: String) -> [String] {
        let prefix = settings.chat.prefix
        return [
            "Petrel \(Version.text) is running: \(url), data in \(settings.dataDir), log in petrel.log there.",
            "This is the local room. Try \(prefix)help or \(prefix)date. From another terminal: petrel chat '\(prefix)date'.",
            "Ctrl-D stops the service; commands that run go on and are taken up at the next start.",
            "",
        ]
    }
}

/// The room, without a network between; whoever sits at the service's terminal owns it.
struct OwnRoom: RoomConnection {
    static let name = LocalRoom.defaultName

    let room: any ChatRoom
    let author: String
    let ids: any IDSource

    func post(_ text: String) async throws(AppError) -> String {
        let key = ids.next()
        do throws(CoreError) {
            return try await room.say(text, room: Self.name, key: key, author: author, isOwner: true).key
        } catch { throw AppError(error) }
    }

    func posts(after sequence: Int, wait: Duration) async throws(AppError) -> [RoomPost] {
        do throws(CoreError) {
            return try await room.posts(room: Self.name, after: sequence, limit: 100, wait: wait)
        } catch { throw AppError(error) }
    }

    func last(_ count: Int) async throws(AppError) -> [RoomPost] {
        do throws(CoreError) {
            return try await room.posts(room: Self.name, after: -count, limit: count, wait: .zero)
        } catch { throw AppError(error) }
    }
}

extension AppError {
    /// What the core says, as an error of the App.
    init(_ error: CoreError) {
        self.init(.refused, error.message, hint: error.hint, isRetryable: error.isRetryable, underlying: error)
    }
}

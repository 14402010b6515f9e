public import PetrelCore
public import PetrelSystem
import Synchronization

/// Connections to other machines that several executions use one after the other, each held by an OpenSSH client of its
/// own.
///
/// A connection is made once a machine has been reached with the same credentials before; so a machine that can't be reached
/// costs one try, and one that is used once costs no more than without. Its name is a keyed digest of machine, user and
/// credentials: two that differ in any of them share nothing. A connection ends after a while without use, and in any case
/// after ten times that, so that a key that was taken away does not go on working.
public final class SSHConnections: Sendable {
    /// How connections are kept.
    public struct Options: Sendable {
        /// The folder of the sockets, for the service's user alone.
        public var folder: String
        /// How long a connection is kept without use; zero keeps none.
        public var persistence: Duration
        /// Folders in which the client is looked for, as in PATH.
        public var path: String

        /// Options from their parts.
        public init(folder: String, persistence: Duration, path: String = "/usr/local/bin:/usr/bin:/bin") {
            self.folder = folder
            self.persistence = persistence
            self.path = path
        }
    }

    /// One way to reach one machine.
    struct Route: Sendable {
        /// All that two executions must have in common to share a connection.
        var identity: [String]
        /// The client's command line up to the name of the machine.
        var client: [String]
        /// The machine's name.
        var host: String
        /// The variables of the client.
        var environment: [String: String]
    }

    private struct Entry {
        /// When the machine was reached last.
        var seen: Instant
        /// When the connection was made; nil: there is none.
        var made: Instant?
        var isMaking = false
    }

    private static let keyPrefix = "ssh."
    private static let maxConnections = 200
    /// What the client adds to a socket's name while it makes it, and the digest, within the 108 bytes of an address.
    private static let longestFolder = 108 - 1 - 24 - 18

    private let options: Options
    private let launcher: ShimLauncher
    private let clock: any PetrelClock
    private let ids: any IDSource
    private let digest: any Digest
    private let secret: [UInt8]
    private let entries = Mutex<[String: Entry]>([:])

    /// Connections whose clients are started by a launcher; `secret` is new with each start of the service.
    public init(
        options: Options, launcher: ShimLauncher, clock: any PetrelClock, ids: any IDSource, digest: any Digest,
        secret: [UInt8]
    ) {
        self.options = options
        self.launcher = launcher
        self.clock = clock
        self.ids = ids
        self.digest = digest
        self.secret = secret
    }

    private var isOn: Bool { options.persistence > .zero && options.folder.utf8.count <= Self.longestFolder }

    /// Tells what an earlier service left to end with the commands that still use it.
    public func start() async {
        for key in launcher.keys(withPrefix: Self.keyPrefix) {
            launcher.terminate(key: key)
            launcher.forget(key: key)
        }
        await endAll()
        if isOn { _ = makePrivateFolder(options.folder) }
    }

    /// Ends all connections; those in use, with their commands.
    public func stop() async { await endAll() }

    /// The sockets for these routes, in their order; nil where the client has to connect by itself.
    ///
    /// Makes connections that are worth it, all at the same time.
    func sockets(for routes: [Route], within limit: Duration) async -> [String?] {
        guard isOn else { return routes.map { _ in nil } }
        let names = routes.map(name)
        await withTaskGroup(of: Void.self) { group in
            for (name, route) in zip(names, routes) where begin(name) {
                group.addTask { await self.make(name, route, within: limit) }
            }
        }
        return entries.withLock { entries in
            names.map { entries[$0]?.made == nil ? nil : path($0) }
        }
    }

    /// Says that a machine was reached, or that it was not.
    func tell(_ route: Route, isReached: Bool) {
        guard isOn else { return }
        let name = name(route)
        let now = clock.now
        entries.withLock { entries in
            guard isReached else {
                entries[name] = nil
                return
            }
            entries[name, default: Entry(seen: now)].seen = now
            guard entries.count > 4 * Self.maxConnections else { return }
            entries = entries.filter { $0.value.made != nil || $0.value.isMaking || now - $0.value.seen < keptFor }
        }
    }

    private var keptFor: Duration { options.persistence * 10 }

    private func name(_ route: Route) -> String {
        let text = JSONWriter.bytes(.array(route.identity.map(Value.string)))
        return String(digest.hmacSHA256(text, key: secret).prefix(24))
    }

    private func path(_ name: String) -> String { options.folder + "/" + name }

    /// Whether a connection is to be made, by the caller.
    private func begin(_ name: String) -> Bool {
        let now = clock.now
        return entries.withLock { entries in
            guard var entry = entries[name], !entry.isMaking else { return false }
            if let made = entry.made, now - made < keptFor, isSocket(path(name)) { return false }
            let isFull = entries.count(where: { $0.value.made != nil }) >= Self.maxConnections
            guard now - entry.seen < keptFor, !isFull || entry.made != nil else { return false }
            entry.isMaking = true
            entries[name] = entry
            return true
        }
    }

    private func make(_ name: String, _ route: Route, within limit: Duration) async {
        // One that is too old serves on under no name.
        if isSocket(path(name)) { await end(name) }
        // A command and no -N: a client that could not take the name leaves with its command, instead of never.
        let words =
            route.client + [
                "-M", "-S", path(name), "-o", "ControlPersist=\(options.persistence.components.seconds)", "--",
                route.host,
                "true",
            ]
        let isMade = await run(words, environment: route.environment, within: limit) && isSocket(path(name))
        let now = clock.now
        entries.withLock { $0[name] = isMade ? Entry(seen: now, made: now) : nil }
    }

    private func endAll() async {
        let names = folderEntries(options.folder)
        await withTaskGroup(of: Void.self) { group in
            for name in names { group.addTask { await self.end(name) } }
        }
        entries.withLock { $0.removeAll() }
    }

    /// The client that holds it takes no more commands and leaves with the last.
    private func end(_ name: String) async {
        _ = await run(
            ["ssh", "-F", "none", "-S", path(name), "-O", "stop", "petrel"], environment: ["PATH": options.path],
            within: .seconds(2))
        _ = deleteFile(path(name))
    }

    private func run(_ words: [String], environment: [String: String], within limit: Duration) async -> Bool {
        let key = Self.keyPrefix + ids.next()
        let end = await launcher.launch(
            ShimJob(
                key: key, argv: words, environment: environment, cwd: "/", timeout: limit, grace: .zero,
                maxOutputBytes: 4096))
        launcher.forget(key: key)
        return end.exitCode == 0
    }
}

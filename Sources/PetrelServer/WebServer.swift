import Hummingbird
import HummingbirdCore
public import Logging
public import ServiceLifecycle

/// The HTTP port.
public struct WebServer: Service {
    private let application: Application<RouterResponder<PetrelRequestContext>>

    /// The port on an address.
    /// - Parameter onReady: called with the port once connections are accepted; with port 0 it is the one that was given.
    public init(
        api: API, host: String, port: Int, logger: Logger, onReady: @escaping @Sendable (Int) async -> Void
    ) {
        application = Application(
            responder: api.router().buildResponder(),
            // Above the longest wait of a poll; and so few connections that the rest of the service keeps its files.
            server: .http1(configuration: .init(idleTimeout: .seconds(75))),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: "petrel",
                availableConnectionsDelegate: MaximumAvailableConnections(512)),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? port) }, logger: logger)
    }

    /// Serves until graceful shutdown.
    public func run() async throws { try await application.run() }
}

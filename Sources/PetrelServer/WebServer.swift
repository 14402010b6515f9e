import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOSSL
public import ServiceLifecycle

/// The HTTP port, with TLS where it is set up.
public struct WebServer: Service {
    /// How the port is opened.
    public struct Options: Sendable {
        /// The address to listen on.
        public var host: String
        /// The port; with 0 a free one.
        public var port: Int
        /// Files with the certificate chain and its key, PEM; nil for plain HTTP.
        public var tls: (certificate: String, key: String)?
        /// Most connections at once; further ones wait to be accepted.
        public var maxConnections: Int

        /// Options of a port.
        public init(
            host: String, port: Int, tls: (certificate: String, key: String)? = nil, maxConnections: Int = 512
        ) {
            self.host = host
            self.port = port
            self.tls = tls
            self.maxConnections = maxConnections
        }
    }

    private let application: Application<PrefixResponder>

    /// The port on an address.
    /// - Parameter onReady: called with the port once connections are accepted.
    /// - Throws: when the certificate or its key can't be read.
    public init(
        api: API, options: Options, logger: Logger, onReady: @escaping @Sendable (Int) async -> Void
    ) throws {
        // Above the longest wait of a poll; and so few connections that the rest of the service keeps its files.
        // Whatever one address does, a quarter of the connections is left for others.
        let connections = ConnectionCounts(most: max(1, options.maxConnections * 3 / 4))
        let plain = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [RequestDeadline(connections)], idleTimeout: .seconds(75)))
        application = Application(
            responder: api.responder(),
            server: try options.tls.map { try .tls(plain, tlsConfiguration: Self.tls($0.certificate, $0.key)) }
                ?? plain,
            configuration: ApplicationConfiguration(
                address: .hostname(options.host, port: options.port), serverName: "petrel",
                availableConnectionsDelegate: MaximumAvailableConnections(options.maxConnections)),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? options.port) }, logger: logger)
    }

    /// Serves until graceful shutdown.
    public func run() async throws { try await application.run() }

    private static func tls(_ certificate: String, _ key: String) throws -> TLSConfiguration {
        let chain = try NIOSSLCertificate.fromPEMFile(certificate)
        let key = try NIOSSLPrivateKey(file: key, format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        return configuration
    }
}

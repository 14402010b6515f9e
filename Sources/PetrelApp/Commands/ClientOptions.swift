import ArgumentParser
import PetrelCore
import PetrelSystem

/// Flags that say which service a command talks to.
struct ServerOptions: ParsableArguments {
    @Option(help: "Address of the service, such as http://127.0.0.1:9101 (PETREL_SERVER).")
    var server: String?

    @Option(help: "Data folder of the service on this machine, where its admin token lies (PETREL_DATA_DIR).")
    var dataDir: String?

    @Option(help: "Settings file of the service on this machine (PETREL_CONFIG).")
    var config: String?

    /// The service that the flags and the environment name.
    func target(_ console: Console, token: String? = nil, apiKey: String? = nil) throws -> ClientTarget {
        let flags = ClientFlags(server: server, token: token, apiKey: apiKey, dataDir: dataDir, config: config)
        return try ClientTarget.find(
            flags, environment: console.environment, workingFolder: console.workingFolder)
    }
}

/// Flags of every command that talks to a running service.
struct ClientOptions: ParsableArguments {
    @OptionGroup var place: ServerOptions

    @Option(name: .shortAndLong, help: "Access token (PETREL_TOKEN).")
    var token: String?

    @Option(help: "API key in place of a token (ST2_API_KEY).")
    var apiKey: String?

    /// The service that the flags and the environment name.
    func target(_ console: Console) throws -> ClientTarget {
        try place.target(console, token: token, apiKey: apiKey)
    }

    /// A client for that service.
    func client(_ console: Console) throws -> APIClient { APIClient(try target(console)) }
}

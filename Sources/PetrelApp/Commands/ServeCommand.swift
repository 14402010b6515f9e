import ArgumentParser
import PetrelCore

/// What the command line of `petrel serve` says.
struct ServeOptions: ParsableArguments {
    @Option(help: "Settings file; without it every setting has its default (PETREL_CONFIG).")
    var config: String?

    @Option(help: "Data folder (PETREL_DATA_DIR).")
    var dataDir: String?

    /// The settings that these options, the environment and the settings file make.
    func settings(_ console: Console = .current) throws(AppErrors) -> LoadedSettings {
        try LoadedSettings.load(
            config: config, dataDir: dataDir, environment: console.environment, workingFolder: console.workingFolder)
    }
}

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "serve", abstract: "Run the service.")

    @OptionGroup var options: ServeOptions

    func run() async throws { try await ServiceRunner.run(options) }
}

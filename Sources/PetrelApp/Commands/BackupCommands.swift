import ArgumentParser
import PetrelCore
import PetrelStore
import PetrelSystem

/// The data folder that a command works on, by flag, environment or settings.
struct FolderOptions: ParsableArguments {
    @Option(help: "Data folder (PETREL_DATA_DIR).")
    var dataDir: String?
    @Option(help: "Settings file (PETREL_CONFIG).")
    var config: String?

    /// The settings with the folder.
    func settings(_ console: Console) throws -> Settings {
        try LoadedSettings.load(
            config: config, dataDir: dataDir, environment: console.environment, workingFolder: console.workingFolder
        ).settings
    }
}

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the data folder into one file, while the service runs or not.",
        discussion: "The file holds secrets: the admin token, keys and password hashes. Only you can read it.")

    @Argument(help: "The file to write; it must not be there yet.")
    var file: String
    @OptionGroup var options: FolderOptions

    func run() async throws {
        let console = Console.current
        let folder = try options.settings(console).dataDir
        let count = try Backup.write(folder: folder, to: PathText.absolute(file, in: console.workingFolder))
        console.print("\(file) holds the database of \(folder) and \(count) files.")
    }
}

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put a backup in place of what the data folder holds.",
        discussion: """
            If the service runs, the backup is put beside the database and takes its place at the next start. What was \
            there before goes to before-restore in the data folder.
            """)

    @Argument(help: "A file that petrel backup wrote.")
    var file: String
    @OptionGroup var options: FolderOptions

    func run() async throws {
        let console = Console.current
        let folder = try options.settings(console).dataDir
        let path = PathText.absolute(file, in: console.workingFolder)
        try Backup.check(path)
        try Backup.stage(path, for: folder)
        do {
            let lock = try FolderLock(folder: folder, now: SystemClock().now)
            _ = try Backup.applyStaged(in: folder)
            withExtendedLifetime(lock) {}
            console.print("\(folder) is as it was when \(file) was made. What it held before is in before-restore.")
        } catch let error as SystemError where error.code == .locked {
            console.print("A service runs on \(folder); the backup takes effect when it is started again.")
        }
    }
}

import ArgumentParser
import PetrelCore

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Check and explain settings.",
        subcommands: [Check.self, Explain.self, Sample.self])

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check", abstract: "Check a settings file and the environment without starting anything.")

        @Argument(help: "The settings file; PETREL_CONFIG without it.")
        var file: String?

        func run() throws {
            let console = Console.current
            let loaded = try LoadedSettings.load(
                config: file, environment: console.environment, workingFolder: console.workingFolder)
            for warning in loaded.warnings { console.note(ProblemText.warning(warning, style: console.errorStyle)) }
            console.print("\(loaded.file ?? "defaults and environment"): ok")
        }
    }

    struct Explain: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "explain", abstract: "Tell what a setting is, what it means and where its value came from.")

        @Argument(help: "The setting, such as http.port, or a section, such as http.")
        var key: String

        @OptionGroup var options: ServeOptions

        func run() throws {
            let console = Console.current
            let loaded = try options.settings(console)
            guard let text = SettingExplanation.text(key, in: loaded) else { throw SettingExplanation.unknown(key) }
            console.printRaw(text)
        }
    }

    struct Sample: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sample", abstract: "Print a settings file with every default.")

        func run() { Console.current.printRaw(SettingsSample.text(.petrel)) }
    }
}

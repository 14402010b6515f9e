import ArgumentParser
import PetrelCore

struct AliasCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alias", abstract: "Try aliases without a service.", subcommands: [Test.self])

    struct Test: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "test", abstract: "Check that messages match the aliases that they should.",
            discussion: "Each NAME.yaml needs a NAME.test.yaml beside it; docs/alias-tests.md says what stands there.")

        @Argument(help: "Folders with PACK/NAME.yaml in them, or single files.")
        var paths: [String]

        func run() throws {
            let console = Console.current
            var report = AliasTestReport()
            let files = try AliasTestFiles.find(paths, workingFolder: console.workingFolder)
            AliasTestRun(files).run(into: &report)
            for line in report.lines(console.style) { console.print(line) }
            if report.failed > 0 { throw ExitCode(1) }
        }
    }
}

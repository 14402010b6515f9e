import ArgumentParser
import PetrelCore

struct DebugCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "debug", abstract: "Tools for those who test Petrel itself.", shouldDisplay: false,
        subcommands: [FaultPoints.self, PackContent.self, Manual.self, Conduct.self, Match.self])

    struct FaultPoints: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "fault-points", abstract: "Print the names of the points at which PETREL_FAULT acts.")

        func run() { Console.current.print(FaultPoint.allCases.map(\.rawValue)) }
    }

    struct PackContent: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pack-content", abstract: "Print the built-in content of a source tree, as it is linked in.")

        @Argument(help: "The source tree.")
        var folder: String

        func run() throws {
            Console.current.print(JSONWriter.text(try BuiltInContent.collect(from: folder), .indented(1)))
        }
    }

    struct Manual: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "manual", abstract: "Write the pages for man into a folder.")

        @Argument(help: "The folder.")
        var folder: String

        func run() throws {
            let folder = PathText.absolute(folder, in: Console.current.workingFolder)
            for page in try ManualPages.current.pages {
                try LocalFile.write(Array(page.text.utf8), to: "\(folder)/\(page.name).1")
            }
        }
    }
}

import ArgumentParser
import PetrelCore

struct DebugCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "debug", abstract: "Tools for those who test Petrel itself.", shouldDisplay: false,
        subcommands: [FaultPoints.self])

    struct FaultPoints: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "fault-points", abstract: "Print the names of the points at which PETREL_FAULT acts.")

        func run() { Console.current.print(FaultPoint.allCases.map(\.rawValue)) }
    }
}

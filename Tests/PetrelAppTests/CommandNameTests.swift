import ArgumentParser
import Testing

@testable import PetrelApp

@Suite("Names of commands")
struct CommandNameTests {
    /// A name made from the type's costs a millisecond of each start, for every command that has none of its own.
    @Test("each command says its name")
    func named() {
        var open: [any ParsableCommand.Type] = [Petrel.self]
        var count = 0
        while let command = open.popLast() {
            count += 1
            #expect(command.configuration.commandName != nil, "\(command)")
            open += command.configuration.subcommands
        }
        #expect(count > 90)
    }
}

import ArgumentParser
import PetrelCore

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Show the audit trail, check it, copy it.",
        subcommands: [List.self, Verify.self, Export.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Show the newest rows, the newest at the end.")

        @Option(name: [.customShort("n"), .long], help: "How many.")
        var last = 50
        @OptionGroup var options: ListOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let listing = try await client.client(console).pages("/audit", [], limit: last)
            let columns = options.columns(standard: ["timestamp", "kind", "user", "subject", "decision"])
            console.print(console.output(options.output).list(listing.items.reversed(), columns: columns))
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Check that every row is as it was written and none is missing. Ends with 1 if not.")

        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let verdict = try await client.client(console).get("/audit/verify")
            let rows = verdict["rows"]?.integer ?? 0
            guard verdict["is_whole"]?.bool == true else {
                console.note("The audit trail was changed: \(verdict["problem"]?.string ?? "no reason given").")
                throw ExitCode(1)
            }
            console.print("The audit trail is whole: \(rows) rows.")
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Print all rows, one JSON object a line, the newest first.")

        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let client = try client.client(console)
            var offset = 0
            while true {
                let listing = try await client.list("/audit", [("limit", "100"), ("offset", String(offset))])
                for row in listing.items { console.print(JSONWriter.text(row)) }
                guard listing.items.count == 100 else { return }
                offset += 100
            }
        }
    }
}

import ArgumentParser
import PetrelCore

/// `petrel NOUN list`.
struct ResourceList<Noun: ResourceNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "list", abstract: "List \(Noun.plural).")
    }

    @Option(name: [.customShort("n"), .long], help: "How many.")
    var last: Int?
    @OptionGroup var filters: Noun.Filters
    @OptionGroup var options: ListOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let console = Console.current
        let columns = options.columns(standard: Noun.columns)
        let query = options.query(columns) + filters.query
        let listing = try await client.client(console).pages(Noun.path, query, limit: last ?? 10_000)
        console.print(console.output(options).list(listing.items, columns: columns))
        console.noteRest(of: listing, which: "first", Noun.plural, options.output)
    }
}

/// `petrel NOUN get REF …`.
struct ResourceGet<Noun: ResourceNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "get", abstract: "Show \(Noun.plural).")
    }

    @Argument(help: ArgumentHelp(stringLiteral: Noun.reference))
    var references: [String]
    @OptionGroup var options: GetOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let console = Console.current
        let client = try client.client(console)
        for reference in references {
            let found = try await client.get("\(Noun.path)/" + URLText.escaped(reference))
            let attributes = options.attributes(standard: Noun.attributes)
            console.print(console.output(options.output).single(found, attributes: attributes))
        }
    }
}

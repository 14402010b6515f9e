import ArgumentParser
import PetrelCore
import PetrelExpressions

/// `petrel NOUN delete REF …`.
struct ResourceDelete<Noun: ResourceNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "delete", abstract: "Delete \(Noun.plural).")
    }

    @Argument(help: ArgumentHelp(stringLiteral: Noun.reference))
    var references: [String]
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let console = Console.current
        let client = try client.client(console)
        for reference in references {
            _ = try await client.delete("\(Noun.path)/" + URLText.escaped(reference))
            console.print("\(Noun.word) \(VisibleText.line(reference)) was deleted")
        }
    }
}

/// `petrel NOUN create FILE`.
struct ResourceCreate<Noun: ResourceNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "create", abstract: "Make a \(Noun.word) from a file of YAML or JSON.")
    }

    @Argument(help: "The file.")
    var file: String
    @OptionGroup var options: GetOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let console = Console.current
        let made = try await client.client(console).post(Noun.path, ResourceFile.value(file, console))
        console.print(
            console.output(options.output).single(made, attributes: options.attributes(standard: Noun.attributes)))
    }
}

/// `petrel NOUN update REF FILE`.
struct ResourceUpdate<Noun: ResourceNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "update", abstract: "Replace a \(Noun.word) by what a file of YAML or JSON says.")
    }

    @Argument(help: "What is to be replaced.")
    var reference: String
    @Argument(help: "The file.")
    var file: String
    @OptionGroup var options: GetOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let console = Console.current
        let path = "\(Noun.path)/" + URLText.escaped(reference)
        let now = try await client.client(console).put(path, ResourceFile.value(file, console))
        console.print(
            console.output(options.output).single(now, attributes: options.attributes(standard: Noun.attributes)))
    }
}

/// What `enable` and `disable` do: read the whole resource and send it back with the switch turned.
struct ResourceSwitch {
    static func turn(
        _ path: String, _ reference: String, isOn: Bool, client: APIClient, dropping: [String] = []
    ) async throws(AppError) -> Value {
        let place = "\(path)/" + URLText.escaped(reference)
        var document = try await client.get(place).object ?? [:]
        for key in dropping { document[key] = nil }
        document["enabled"] = .bool(isOn)
        return try await client.put(place, .object(document))
    }
}

/// `petrel NOUN enable REF`.
struct ResourceEnable<Noun: ResourceNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "enable", abstract: "Switch a \(Noun.word) on.")
    }

    @Argument(help: ArgumentHelp(stringLiteral: Noun.reference))
    var reference: String
    @OptionGroup var options: GetOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let console = Console.current
        let now = try await ResourceSwitch.turn(
            Noun.path, reference, isOn: true, client: client.client(console))
        console.print(
            console.output(options.output).single(now, attributes: options.attributes(standard: Noun.attributes)))
    }
}

/// `petrel NOUN disable REF`.
struct ResourceDisable<Noun: ResourceNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "disable", abstract: "Switch a \(Noun.word) off.")
    }

    @Argument(help: ArgumentHelp(stringLiteral: Noun.reference))
    var reference: String
    @OptionGroup var options: GetOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let console = Console.current
        let now = try await ResourceSwitch.turn(
            Noun.path, reference, isOn: false, client: client.client(console))
        console.print(
            console.output(options.output).single(now, attributes: options.attributes(standard: Noun.attributes)))
    }
}

/// A resource as a file says it.
enum ResourceFile {
    /// Reads YAML, of which JSON is a part.
    static func value(_ path: String, _ console: Console) throws(AppError) -> Value {
        let full = PathText.absolute(path, in: console.workingFolder)
        let text = try LocalFile.text(full, maxBytes: Limits.contentFile.maxBytes)
        do throws(ExpressionError) {
            return try YAMLReader.document(Array(text.utf8), file: path, limits: .contentFile).value
        } catch {
            throw AppError(.badFile, error.message, hint: error.hint, location: error.location ?? Location(file: path))
        }
    }
}

import ArgumentParser
import PetrelCore
import PetrelEngine

struct InquiryCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        typealias Filters = NoFilters
        static let word = "inquiry"
        static let path = "/inquiries"
        static let columns = ["id", "roles", "users", "route", "ttl"]
        static let attributes = ["id", "roles", "users", "route", "ttl", "schema"]
        static let reference = "Ids."
    }

    static let configuration = CommandConfiguration(
        commandName: "inquiry", abstract: "Show and answer the questions of workflows.",
        subcommands: [List.self, ResourceGet<Noun>.self, Respond.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List inquiries that wait for an answer.")

        @Option(name: [.customShort("n"), .long], help: "How many.")
        var last = 50
        @OptionGroup var options: ListOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let columns = options.columns(standard: Noun.columns)
            let listing = try await client.client(console).list(Noun.path, [("limit", String(last))])
            console.print(console.output(options.output).list(listing.items, columns: columns))
            console.noteRest(of: listing, which: "first", Noun.plural, options.output)
        }
    }

    struct Respond: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "respond", abstract: "Answer an inquiry.",
            discussion: "Without -r and values, each field is asked for in the terminal.")

        @Argument(help: "The inquiry's id.")
        var id: String
        @Argument(help: "Values as name=value; the value alone when one is asked for.")
        var values: [String] = []
        @Option(name: .shortAndLong, help: "The answer as JSON.")
        var response: String?
        @OptionGroup var output: OutputOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let client = try client.client(console)
            let path = "/inquiries/" + URLText.escaped(id)
            let answer = InquiryAnswer(schema: try await client.get(path)["schema"] ?? [:])
            let given = try given(answer, console)
            let result = try await client.put(path, ["id": .string(id), "response": .object(given)])
            console.print(console.output(output).single(result, attributes: ["id", "response"]))
        }

        private func given(_ answer: InquiryAnswer, _ console: Console) throws -> ValueObject {
            if let response {
                guard let object = try? JSONReader.value(response, limits: .requestBody), let members = object.object
                else { throw AppError(.usage, "the answer is no JSON object", hint: "-r '{\"name\": true}'") }
                return members
            }
            do {
                guard values.isEmpty else { return try answer.read(values.joined(separator: " ")) }
                guard console.isInputTerminal else {
                    throw AppError(.usage, "no answer was given", hint: "Use -r JSON, or name=value")
                }
                return try asked(answer, console)
            } catch let error as EngineError {
                throw AppError(.usage, error.message, hint: error.hint)
            }
        }

        /// Asks for each field; an empty line leaves out one that need not be given.
        private func asked(_ answer: InquiryAnswer, _ console: Console) throws -> ValueObject {
            var given = ValueObject()
            for ((name, field), line) in zip(answer.fields, answer.lines) {
                while true {
                    console.printRaw(VisibleText.line(line) + "\n\(VisibleText.line(name))> ")
                    guard let text = console.readLine() else { throw ExitCode(1) }
                    if text.isEmpty, field["required"]?.bool != true { break }
                    do throws(EngineError) {
                        given[name] = try answer.value(text, of: name)
                        break
                    } catch { console.note(VisibleText.line(error.message)) }
                }
            }
            return given
        }
    }
}

import ArgumentParser
import PetrelAliases
import PetrelCore

extension DebugCommand {
    /// Reads commands by many formats, as a chat does: a figure for `make bench`.
    struct Match: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "match", abstract: "Match commands against many formats and print how long it took.")

        @Option(help: "How many formats; as many begin with each word as there are words.")
        var formats = 1000
        @Option(help: "How many commands.")
        var commands = 5000

        func run() throws {
            let clock = ContinuousClock()
            let width = max(1, Int(Double(formats).squareRoot()))
            let begin = clock.now
            let matcher = AliasMatcher(aliases: (0..<formats).map { alias($0, width) })
            let load = clock.now - begin
            var times: [Duration] = []
            for number in 0..<commands {
                let wanted = number * 7919 % formats
                let text = "verb\(wanted % width) thing\(wanted / width) to prod with \(number) copies"
                let begin = clock.now
                let found = try matcher.candidates(for: text)
                times.append(clock.now - begin)
                guard found.count == 1, found[0].alias.ref.name == "a\(wanted)" else {
                    throw ValidationError("\"\(text)\" fits \(found.count) formats")
                }
            }
            times.sort()
            Console.current.print(
                "match formats=\(formats) p50_us=\(Self.shown(times[times.count / 2])) "
                    + "p99_us=\(Self.shown(times[times.count * 99 / 100])) load_ms=\(Int(load.inSeconds * 1000))")
        }

        private static func shown(_ time: Duration) -> String { String(Double(Int(time.inSeconds * 1e7)) / 10) }

        private func alias(_ number: Int, _ width: Int) -> ActionAlias {
            let text = "verb\(number % width) thing\(number / width) to {{environment}} with {{count}} copies"
            return ActionAlias(
                id: ContentID(stored: "000000000000000000000001"), ref: ContentRef(pack: "bench", name: "a\(number)"),
                summary: "", isEnabled: true, actionRef: "core.noop",
                formats: [AliasFormat(display: text, representations: [text])], immutableParameters: [:],
                leastRole: .operator, metadataFile: "", document: [:])
        }
    }
}

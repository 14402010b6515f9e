import ArgumentParser
import PetrelCore

/// A kind of thing that the API serves: what `list`, `get`, `create` and the others need to know of it.
protocol ResourceNoun {
    /// Flags that choose what is listed.
    associatedtype Filters: ResourceFilters

    /// What one is called in help: "action".
    static var word: String { get }
    /// Where they are served, such as `/actions`.
    static var path: String { get }
    /// What a listing shows.
    static var columns: [String] { get }
    /// What one shows.
    static var attributes: [String] { get }
    /// What identifies one, for help.
    static var reference: String { get }
}

extension ResourceNoun {
    static var attributes: [String] { ["all"] }
    static var reference: String { "References, such as core.local, or ids." }
    static var plural: String { word.hasSuffix("y") ? word.dropLast() + "ies" : word + "s" }
}

/// Flags that choose what is listed.
protocol ResourceFilters: ParsableArguments {
    /// What they add to the query.
    var query: [(name: String, value: String)] { get }
}

/// No flags.
struct NoFilters: ResourceFilters {
    var query: [(name: String, value: String)] { [] }
}

/// The flag `--pack`.
struct PackFilter: ResourceFilters {
    @Option(name: .shortAndLong, help: "Only those of this pack.")
    var pack: String?

    var query: [(name: String, value: String)] { given(("pack", pack)) }
}

/// The flags of a span of time.
struct TimeSpanFlags: ParsableArguments {
    @Option(name: [.customLong("tg", withSingleDash: true), .customLong("timestamp-gt")], help: "Only later ones.")
    var after: String?
    @Option(name: [.customLong("tl", withSingleDash: true), .customLong("timestamp-lt")], help: "Only earlier ones.")
    var before: String?
}

/// The parameters of a query of which flags were given.
func given(_ parameters: (name: String, value: String?)...) -> [(name: String, value: String)] {
    parameters.compactMap { parameter in parameter.value.map { (parameter.name, $0) } }
}

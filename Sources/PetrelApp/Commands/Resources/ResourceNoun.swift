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

    var query: [(name: String, value: String)] { pack.map { [("pack", $0)] } ?? [] }
}

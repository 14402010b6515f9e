import ArgumentParser
import PetrelCore

/// Flags of every command that lists resources.
struct ListOptions: ParsableArguments {
    @Option(
        name: .shortAndLong, parsing: .upToNextOption,
        help: "Attributes to show, such as ref description; dotted ones reach into objects; \"all\" shows all.")
    var attr: [String] = []

    @Option(
        name: .shortAndLong, parsing: .upToNextOption,
        help: "Characters that the columns may take, one number for all or one for each.")
    var width: [Int] = []

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard width.allSatisfy({ $0 > 0 }) else { throw ValidationError("--width must be above 0.") }
    }

    /// The columns to show.
    func columns(standard: [String]) -> [String] { attr.isEmpty ? standard : attr.contains("all") ? ["all"] : attr }

    /// The query that asks for no more than the columns.
    func query(_ columns: [String]) -> [(name: String, value: String)] {
        columns == ["all"] ? [] : [("include_attributes", columns.joined(separator: ","))]
    }
}

/// Flags of every command that shows single resources.
struct GetOptions: ParsableArguments {
    @Option(name: .shortAndLong, parsing: .upToNextOption, help: "Attributes to show; \"all\" shows all.")
    var attr: [String] = []

    @OptionGroup var output: OutputOptions

    /// The attributes to show.
    func attributes(standard: [String]) -> [String] { attr.isEmpty ? standard : attr.contains("all") ? ["all"] : attr }
}

extension Console {
    /// The printer of a listing, with the columns as wide as its flags say.
    func output(_ options: ListOptions) -> ResourceOutput {
        var output = output(options.output)
        output.columnWidths = options.width
        return output
    }

    /// The printer of resources that fits this console.
    func output(_ options: OutputOptions) -> ResourceOutput {
        ResourceOutput(format: options.format, style: style, width: width, isBordered: St2Link.isActive)
    }

    /// Tells that a listing is longer than what was shown.
    func noteRest(of listing: Listing, which: String, _ things: String, _ options: OutputOptions) {
        guard listing.total > listing.items.count, options.format == .text, !listing.items.isEmpty else { return }
        note("Note: only the \(which) \(listing.items.count) of \(listing.total) \(things) are shown; -n N shows more.")
    }
}

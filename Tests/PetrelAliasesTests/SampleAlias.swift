import PetrelAliases
public import PetrelCore

/// An alias with as little as a test needs.
func sampleAlias(
    _ name: String, pack: String = "ops", isEnabled: Bool = true, _ formats: AliasFormat...
) -> ActionAlias {
    ActionAlias(
        id: ContentID(stored: "000000000000000000000001"), ref: ContentRef(pack: pack, name: name),
        summary: "Does \(name)",
        isEnabled: isEnabled, actionRef: "core.noop", formats: formats, immutableParameters: [:], leastRole: .operator,
        metadataFile: "aliases/\(name).yaml", document: [:])
}

extension AliasFormat: ExpressibleByStringInterpolation {
    /// A format whose help line is its only pattern.
    public init(stringLiteral text: String) { self.init(display: text, representations: [text]) }
}

/// The error of some work, or nil.
func aliasProblem(_ work: () throws(AliasError) -> Void) -> AliasError? {
    do throws(AliasError) {
        try work()
        return nil
    } catch { return error }
}

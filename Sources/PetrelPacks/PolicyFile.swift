import PetrelCore

/// Reads a policy's metadata file.
enum PolicyFile {
    private static let keys = [
        "name", "pack", "description", "enabled", "resource_ref", "policy_type", "parameters", "metadata_file", "ref",
        "uid", "id",
    ]

    /// The policy that a file declares; `check` knows the types of policies and what each can be told.
    static func policy(
        _ metadata: Metadata, file: String, pack: String, id: ContentID, check: ContentLoader.PolicyCheck
    ) throws(PackError) -> Policy {
        try metadata.allowOnly(keys)
        try metadata.checkPack(pack)
        let policy = Policy(
            id: id, ref: ContentRef(pack: pack, name: try metadata.text("name")),
            summary: try metadata.optionalText("description"),
            isEnabled: try metadata.truth("enabled", default: true),
            resourceRef: try metadata.text("resource_ref"), type: try metadata.text("policy_type"),
            parameters: try metadata.object("parameters"),
            metadataFile: file.split(separator: "/").suffix(2).joined(separator: "/"))
        do throws(CoreError) { return try check(policy) } catch {
            throw metadata.problem(["parameters"], error.message, hint: error.hint)
        }
    }
}

public import PetrelCore

/// Reads an action's metadata file.
public enum ActionFile {
    private static let keys = [
        "name", "runner_type", "description", "enabled", "entry_point", "pack", "parameters", "output_schema", "tags",
        "notify", "metadata_file", "ref", "uid", "id", "idempotent",
    ]
    /// What an action may change on a parameter that its runner declares.
    private static let changeable = ["default", "description", "enum", "immutable", "required"]

    /// The action that a file declares.
    /// - Parameters:
    ///   - file: the file's path, for messages; its last two parts become `metadata_file`.
    ///   - runners: the known runner types.
    /// - Throws: ``PackError`` with the place in the file.
    public static func read(
        _ bytes: [UInt8], file: String, pack: String, packPath: String, runners: [RunnerType], id: ContentID
    ) throws(PackError) -> Action {
        try action(
            Metadata(bytes, file: file), file: file, pack: pack, packPath: packPath, runners: runners, id: id)
    }

    static func action(
        _ metadata: Metadata, file: String, pack: String, packPath: String, runners: [RunnerType], id: ContentID
    ) throws(PackError) -> Action {
        try metadata.allowOnly(keys)
        try metadata.checkPack(pack)
        let runnerName = try metadata.text("runner_type")
        guard let runner = runners.first(where: { $0.name == runnerName }) else {
            let known = runners.map(\.name).sorted().joined(separator: ", ")
            throw metadata.problem(
                ["runner_type"], "RunnerType \(runnerName) is not found.", hint: "Known runners: \(known)")
        }
        let parameters = try ParameterSchema(metadata: metadata).parameters()
        try check(parameters, against: runner, metadata, ref: "\(pack).\(try metadata.text("name"))")
        return Action(
            id: id, ref: ContentRef(pack: pack, name: try metadata.text("name")),
            summary: try metadata.optionalText("description"), isEnabled: try metadata.truth("enabled", default: true),
            runner: runnerName, entryPoint: try metadata.optionalText("entry_point") ?? "", parameters: parameters,
            packPath: packPath, metadataFile: file.split(separator: "/").suffix(2).joined(separator: "/"),
            document: metadata.members)
    }

    private static func check(_ parameters: Parameters, against runner: RunnerType, _ metadata: Metadata, ref: String)
        throws(PackError)
    {
        for (name, parameter) in parameters {
            let path = ["parameters", name]
            if let base = runner.parameters[name] {
                if base.isImmutable != nil, parameter.isImmutable != nil {
                    throw metadata.problem(
                        path, "Param \(name) is declared immutable in runner. Cannot override in action.")
                }
                for (attribute, value) in parameter.schema
                where !changeable.contains(attribute) && base.schema[attribute] != value {
                    throw metadata.problem(
                        path + [attribute],
                        "The attribute \"\(attribute)\" for the runner parameter \"\(name)\" in action \"\(ref)\" "
                            + "cannot be overridden.")
                }
            }
            let hasDefault = parameter.defaultValue != nil || runner.parameters[name]?.defaultValue != nil
            if parameter.isImmutable != nil, !hasDefault {
                throw metadata.problem(path, "Immutable param \(name) requires a default value.")
            }
        }
    }
}

public import PetrelCore
import PetrelExpressions

// Readers of the files that decide on events: rules, trigger types and sensors.

/// Reads a rule's metadata file.
public enum RuleFile {
    /// The rule that a file declares.
    /// - Throws: ``PackError`` with the place in the file.
    public static func read(_ bytes: [UInt8], file: String, pack: String, id: ContentID) throws(PackError) -> Rule {
        try rule(Metadata(bytes, file: file), file: file, pack: pack, id: id)
    }

    static func rule(_ metadata: Metadata, file: String, pack: String, id: ContentID) throws(PackError) -> Rule {
        try metadata.checkPack(pack)
        let rule: Rule
        do throws(ContentFault) {
            rule = try Rule(id: id, pack: pack, metadataFile: shortName(file), document: metadata.members)
        } catch { throw metadata.problem(error) }
        do throws(ExpressionError) { try RuleCriteria.validate(rule.criteria) } catch {
            throw metadata.problem(["criteria"], error.message, hint: error.hint)
        }
        return rule
    }
}

/// Reads the metadata file of a trigger type.
enum TriggerTypeFile {
    static func triggerType(_ metadata: Metadata, file: String, pack: String, id: ContentID) throws(PackError)
        -> TriggerType
    {
        try metadata.allowOnly([
            "name", "pack", "description", "parameters_schema", "payload_schema", "tags", "ref", "uid", "id",
            "metadata_file", "enabled",
        ])
        try metadata.checkPack(pack)
        do throws(ContentFault) {
            return try TriggerType(id: id, pack: pack, metadataFile: shortName(file), document: metadata.members)
        } catch { throw metadata.problem(error) }
    }
}

/// Reads a sensor's metadata file.
enum SensorFile {
    static func sensor(
        _ metadata: Metadata, file: String, pack: String, packPath: String, id: ContentID,
        typeIDs: (String) -> ContentID
    ) throws(PackError) -> SensorType {
        try metadata.allowOnly([
            "class_name", "entry_point", "description", "enabled", "poll_interval", "trigger_types", "pack", "name",
            "ref", "uid", "id", "metadata_file", "artifact_uri",
        ])
        try metadata.checkPack(pack)
        do throws(ContentFault) {
            return try SensorType(
                id: id, pack: pack, packPath: packPath, metadataFile: shortName(file), document: metadata.members,
                typeIDs: typeIDs)
        } catch { throw metadata.problem(error) }
    }
}

extension Metadata {
    fileprivate func problem(_ fault: ContentFault) -> PackError {
        problem(fault.path, fault.message, hint: fault.hint)
    }
}

/// The last two parts of a path.
private func shortName(_ file: String) -> String { file.split(separator: "/").suffix(2).joined(separator: "/") }

/// A sensor: a program of a pack that watches something and tells of events.
public struct SensorType: Sendable, Hashable {
    /// The id by which the API knows it; edits don't change it.
    public var id: ContentID
    /// Its pack and the name of its class.
    public var ref: ContentRef
    /// The metadata's `description`.
    public var summary: String?
    /// Whether it runs.
    public var isEnabled: Bool
    /// The Python file, relative to the pack's `sensors/` folder.
    public var entryPoint: String
    /// Seconds between two looks; nil for one that waits by itself.
    public var pollInterval: Double?
    /// The trigger types of which it tells.
    public var triggerTypes: [TriggerType]
    /// The folder of its pack.
    public var packPath: String
    /// The last two parts of the metadata file's path.
    public var metadataFile: String
    /// The metadata as written.
    public var document: ValueObject

    private static let builtInPrefix = "builtin:"

    /// The sensor of Petrel's own that the entry point names, as `builtin:NAME`; nil for one that is a Python file.
    public var builtInName: String? {
        entryPoint.hasPrefix(Self.builtInPrefix) ? String(entryPoint.dropFirst(Self.builtInPrefix.count)) : nil
    }

    /// StackStorm's bound: more often is work for a sensor that waits by itself.
    private static let shortestInterval = 4.0

    /// The sensor that a document declares.
    public init(
        id: ContentID, pack: String, packPath: String, metadataFile: String = "", document: ValueObject,
        typeIDs: (String) -> ContentID
    ) throws(ContentFault) {
        let keys = DocumentKeys(members: document)
        self.id = id
        ref = ContentRef(pack: pack, name: try keys.text("class_name"))
        summary = try keys.optionalText("description")
        isEnabled = try keys.truth("enabled", default: true)
        entryPoint = try keys.text("entry_point")
        if let interval = document["poll_interval"], !interval.isNull {
            guard let seconds = interval.number, seconds >= Self.shortestInterval else {
                throw ContentFault(["poll_interval"], "Minimum possible poll_interval is 4 seconds")
            }
            pollInterval = seconds
        } else {
            pollInterval = nil
        }
        var types: [TriggerType] = []
        for (index, entry) in (document["trigger_types"]?.array ?? []).enumerated() {
            let path = ["trigger_types", String(index)]
            guard let members = entry.object else {
                throw ContentFault(path, "a trigger type must hold keys and values")
            }
            let name = try DocumentKeys(members: members).text("name", at: path)
            let owner = members["pack"]?.string ?? pack
            types.append(try TriggerType(id: typeIDs("\(owner).\(name)"), pack: owner, document: members))
        }
        triggerTypes = types
        self.packPath = packPath
        self.metadataFile = metadataFile
        self.document = document
    }
}

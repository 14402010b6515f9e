/// A kind of event: what its triggers are told apart by, and what its instances carry.
public struct TriggerType: Sendable, Hashable {
    /// The id by which the API knows it; edits don't change it.
    public var id: ContentID
    /// Its name, unique among trigger types.
    public var ref: ContentRef
    /// The metadata's `description`.
    public var summary: String?
    /// JSON Schema of the parameters that a rule gives; empty for a type without any.
    public var parametersSchema: ValueObject
    /// JSON Schema of what an instance carries; empty for anything.
    public var payloadSchema: ValueObject
    /// The last two parts of the metadata file's path; empty for one that no file declares.
    public var metadataFile: String
    /// The metadata as written.
    public var document: ValueObject

    /// A trigger type from its parts.
    public init(
        id: ContentID, ref: ContentRef, summary: String?, parametersSchema: ValueObject = [:],
        payloadSchema: ValueObject = [:], metadataFile: String = "", document: ValueObject = [:]
    ) {
        self.id = id
        self.ref = ref
        self.summary = summary
        self.parametersSchema = parametersSchema
        self.payloadSchema = payloadSchema
        self.metadataFile = metadataFile
        self.document = document
    }

    /// Whether it has one trigger of its own name, because nothing tells its triggers apart.
    public var hasShadowTrigger: Bool { parametersSchema.isEmpty }

    /// The type that a document declares, in a file of a pack, in a sensor's `trigger_types` or through the API.
    public init(id: ContentID, pack: String, metadataFile: String = "", document: ValueObject) throws(ContentFault) {
        let keys = DocumentKeys(members: document)
        self.init(
            id: id, ref: ContentRef(pack: pack, name: try keys.text("name")),
            summary: try keys.optionalText("description"), parametersSchema: try keys.object("parameters_schema"),
            payloadSchema: try keys.object("payload_schema"), metadataFile: metadataFile, document: document)
    }
}

/// A trigger type with the parameters that tell it from others of the type: what rules wait for.
public struct Trigger: Sendable, Hashable {
    /// The id by which the API knows it; made from type and parameters, so that it never changes.
    public var id: String
    /// Its name; that of its type where the type has no parameters.
    public var ref: ContentRef
    /// The type's reference.
    public var type: ContentRef
    /// The parameters exactly as they were written.
    public var parameters: ValueObject
    /// What it is for, where somebody said it.
    public var summary: String?
    /// What a timer does about times that it missed.
    public var misfire: Misfire?
    /// 32 hexadecimal digits that stand for the parameters.
    public var parametersHash: String

    /// A trigger from its parts.
    public init(
        id: String, ref: ContentRef, type: ContentRef, parameters: ValueObject = [:], summary: String? = nil,
        misfire: Misfire? = nil, parametersHash: String
    ) {
        self.id = id
        self.ref = ref
        self.type = type
        self.parameters = parameters
        self.summary = summary
        self.misfire = misfire
        self.parametersHash = parametersHash
    }
}

/// What a timer does about the times that it missed while the service was down.
public enum Misfire: String, Sendable, CaseIterable {
    /// Nothing: it goes on with the next time.
    case skip
    /// It fires one time for all of them.
    case once
    /// It fires for each, at most a thousand.
    case all
}

/// The name of an action or alias with its pack, `pack.name`.
public struct ContentRef: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var pack: String
    public var name: String

    /// A reference from its parts.
    public init(pack: String, name: String) {
        self.pack = pack
        self.name = name
    }

    /// A reference from `pack.name`: the pack is what stands before the first dot. Nil without a dot or with an empty part.
    public init?(_ text: String) {
        guard let dot = text.firstIndex(of: "."), dot != text.startIndex, text.index(after: dot) != text.endIndex else {
            return nil
        }
        self.init(pack: String(text[..<dot]), name: String(text[text.index(after: dot)...]))
    }

    public var description: String { "\(pack).\(name)" }
    public static func < (left: Self, right: Self) -> Bool { (left.pack, left.name) < (right.pack, right.name) }
}

/// One parameter of an action or a runner, in StackStorm's dialect of JSON Schema.
public struct Parameter: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        case array, boolean, integer, null, number, object, string
    }
    /// The declared type; nil accepts anything and casts nothing.
    public var kind: Kind?
    public var summary: String?
    /// The default, nil when there is none.
    public var defaultValue: Value?
    public var isRequired: Bool
    public var isSecret: Bool
    /// Whether callers may not give it; nil when the metadata says nothing.
    public var isImmutable: Bool?
    /// Its place on a script's command line.
    public var position: Int?
    /// The values allowed.
    public var choices: [Value]?
    /// The schema as written, for the API and for checks that this type doesn't name.
    public var schema: ValueObject

    /// A parameter from its parts.
    public init(
        kind: Kind? = nil, summary: String? = nil, defaultValue: Value? = nil, isRequired: Bool = false,
        isSecret: Bool = false, isImmutable: Bool? = nil, position: Int? = nil, choices: [Value]? = nil,
        schema: ValueObject
    ) {
        self.kind = kind
        self.summary = summary
        self.defaultValue = defaultValue
        self.isRequired = isRequired
        self.isSecret = isSecret
        self.isImmutable = isImmutable
        self.position = position
        self.choices = choices
        self.schema = schema
    }
}

/// Parameters by name, in the order of the metadata.
public typealias Parameters = OrderedDictionary<String, Parameter>

/// A kind of runner: how an action is carried out and which parameters that takes.
public struct RunnerType: Sendable {
    public var name: String
    public var summary: String
    public var parameters: Parameters
    /// StackStorm's package and module of the runner, shown by the API.
    public var package: String
    public var module: String
    public var outputKey: String?

    /// A runner type as a runner declares it.
    public init(
        name: String, summary: String, parameters: Parameters, package: String, module: String, outputKey: String? = nil
    ) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
        self.package = package
        self.module = module
        self.outputKey = outputKey
    }
}

/// A pack: a folder of content under one name.
public struct Pack: Sendable, Hashable {
    public var id: ContentID
    public var ref: String
    /// The folder it was read from.
    public var path: String
    /// Whether it ships with Petrel.
    public var isBuiltIn: Bool
    /// pack.yaml as written.
    public var metadata: ValueObject

    /// A pack as it was read.
    public init(id: ContentID, ref: String, path: String, isBuiltIn: Bool, metadata: ValueObject) {
        self.id = id
        self.ref = ref
        self.path = path
        self.isBuiltIn = isBuiltIn
        self.metadata = metadata
    }
}

/// An action: something that can be run, declared in a pack's `actions/` folder.
public struct Action: Sendable, Hashable {
    public var id: ContentID
    public var ref: ContentRef
    public var summary: String?
    public var isEnabled: Bool
    public var runner: String
    /// The script's path, as written; relative to the pack's `actions/` folder.
    public var entryPoint: String
    public var parameters: Parameters
    /// The folder of the pack that it belongs to.
    public var packPath: String
    /// Path of the metadata file, relative to the pack.
    public var metadataFile: String
    /// The metadata as written.
    public var document: ValueObject

    /// An action as it was read.
    public init(
        id: ContentID, ref: ContentRef, summary: String?, isEnabled: Bool, runner: String, entryPoint: String,
        parameters: Parameters, packPath: String, metadataFile: String, document: ValueObject
    ) {
        self.id = id
        self.ref = ref
        self.summary = summary
        self.isEnabled = isEnabled
        self.runner = runner
        self.entryPoint = entryPoint
        self.parameters = parameters
        self.packPath = packPath
        self.metadataFile = metadataFile
        self.document = document
    }
}

/// One entry of an alias's `formats`.
public struct AliasFormat: Sendable, Hashable {
    /// The help line; nil hides the format from help.
    public var display: String?
    /// The patterns that messages are matched against.
    public var representations: [String]
    /// Whether every place in the message that fits starts an execution of its own.
    public var matchesMultiple: Bool

    /// A format from its parts.
    public init(display: String?, representations: [String], matchesMultiple: Bool = false) {
        self.display = display
        self.representations = representations
        self.matchesMultiple = matchesMultiple
    }
}

/// An action alias: what people type, and which action it runs.
public struct ActionAlias: Sendable, Hashable {
    public var id: ContentID
    public var ref: ContentRef
    public var summary: String?
    public var isEnabled: Bool
    /// `pack.action`, as written; it need not exist when the alias is loaded.
    public var actionRef: String
    public var formats: [AliasFormat]
    /// Parameters that are always added and that the asker may not give.
    public var immutableParameters: ValueObject
    /// The least role that may use it: `extra.petrel.role` of the metadata, else operator.
    public var leastRole: Role
    public var metadataFile: String
    /// The metadata as written.
    public var document: ValueObject

    /// An alias as it was read.
    public init(
        id: ContentID, ref: ContentRef, summary: String?, isEnabled: Bool, actionRef: String, formats: [AliasFormat],
        immutableParameters: ValueObject, leastRole: Role, metadataFile: String, document: ValueObject
    ) {
        self.id = id
        self.ref = ref
        self.summary = summary
        self.isEnabled = isEnabled
        self.actionRef = actionRef
        self.formats = formats
        self.immutableParameters = immutableParameters
        self.leastRole = leastRole
        self.metadataFile = metadataFile
        self.document = document
    }
}

/// The name of an action or alias with its pack, `pack.name`.
public struct ContentRef: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The pack's ref.
    public var pack: String
    /// The name within the pack; it may have dots in it.
    public var name: String

    /// A reference from its parts.
    public init(pack: String, name: String) {
        self.pack = pack
        self.name = name
    }

    /// A reference from `pack.name`: the pack is what stands before the first dot.
    ///
    /// Nil without a dot or with an empty part.
    public init?(_ text: String) {
        guard let dot = text.firstIndex(of: "."), dot != text.startIndex, text.index(after: dot) != text.endIndex else {
            return nil
        }
        self.init(pack: String(text[..<dot]), name: String(text[text.index(after: dot)...]))
    }

    /// `pack.name`.
    public var description: String { "\(pack).\(name)" }
    /// By pack, then by name.
    public static func < (left: Self, right: Self) -> Bool { (left.pack, left.name) < (right.pack, right.name) }
}

/// One parameter of an action or a runner, in StackStorm's dialect of JSON Schema.
public struct Parameter: Sendable, Hashable {
    /// The types of the dialect, spelled as metadata spells them.
    public enum Kind: String, Sendable, CaseIterable {
        case array, boolean, integer, null, number, object, string
    }
    /// The declared type; nil accepts anything and casts nothing.
    public var kind: Kind?
    /// The metadata's `description`.
    public var summary: String?
    /// The default, nil when there is none.
    public var defaultValue: Value?
    /// Whether a caller must give it; a default makes up for one that is missing.
    public var isRequired: Bool
    /// Whether its value is starred wherever parameters are shown.
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
    /// The name that actions give as `runner_type`.
    public var name: String
    /// The API's `description`.
    public var summary: String
    /// What every action of this type takes, beside its own parameters.
    public var parameters: Parameters
    /// StackStorm's package of the runner, shown by the API.
    public var package: String
    /// The module in that package, shown by the API.
    public var module: String
    /// The API's `output_key`: the member of a result that is the output proper; nil where there is none.
    public var outputKey: String?
    /// The API's `output_schema`: the schema of a whole result.
    public var outputSchema: ValueObject

    /// A runner type as a runner declares it.
    public init(
        name: String, summary: String, parameters: Parameters, package: String, module: String,
        outputKey: String? = nil,
        outputSchema: ValueObject = [:]
    ) {
        self.outputSchema = outputSchema
        self.name = name
        self.summary = summary
        self.parameters = parameters
        self.package = package
        self.module = module
        self.outputKey = outputKey
    }
}

extension RunnerType {
    /// The runner types whose executions start others and take no place among those that run.
    public static let workflows = ["action-chain", "orquesta"]

    /// Whether a runner type is one of ``workflows``.
    public static func isWorkflow(_ name: String) -> Bool { workflows.contains(name) }
}

/// A pack: a folder of content under one name.
public struct Pack: Sendable, Hashable {
    /// The id by which the API knows it; edits don't change it.
    public var id: ContentID
    /// The name by which content refers to it: lower-case letters, digits and `_`.
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
    /// The id by which the API knows it; edits don't change it.
    public var id: ContentID
    /// The name by which it is run, unique among actions.
    public var ref: ContentRef
    /// The metadata's `description`.
    public var summary: String?
    /// Whether it may be run; a disabled one is refused when it is requested.
    public var isEnabled: Bool
    /// The name of its runner type.
    public var runner: String
    /// The script's path, as written; relative to the pack's `actions/` folder.
    public var entryPoint: String
    /// Its own parameters; those of its runner type are not among them.
    public var parameters: Parameters
    /// The folder of the pack that it belongs to.
    public var packPath: String
    /// Path of the metadata file, relative to the pack.
    public var metadataFile: String
    /// The metadata as written.
    public var document: ValueObject
    /// The text of the workflow that it runs; nil for an action that runs none, or whose file is missing.
    public var definition: String?

    /// An action as it was read.
    public init(
        id: ContentID, ref: ContentRef, summary: String?, isEnabled: Bool, runner: String, entryPoint: String,
        parameters: Parameters, packPath: String, metadataFile: String, document: ValueObject,
        definition: String? = nil
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
        self.definition = definition
    }

    /// Whether it starts executions of its own, one for each task.
    public var isWorkflow: Bool { RunnerType.isWorkflow(runner) }
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
    /// The id by which the API knows it; edits don't change it.
    public var id: ContentID
    /// Its name, unique among aliases.
    public var ref: ContentRef
    /// The metadata's `description`.
    public var summary: String?
    /// Whether messages are matched against it; a disabled one is in no help either.
    public var isEnabled: Bool
    /// `pack.action`, as written; it need not exist when the alias is loaded.
    public var actionRef: String
    /// What people can type, in the order of the metadata.
    public var formats: [AliasFormat]
    /// Parameters that are always added and that the asker may not give.
    public var immutableParameters: ValueObject
    /// The least role that may use it: `extra.petrel.role` of the metadata, else operator.
    public var leastRole: Role
    /// The last two parts of the metadata file's path.
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

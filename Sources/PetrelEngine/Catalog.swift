public import PetrelAliases
public import PetrelCore
import Synchronization

/// All content as it is at one moment: what can be run and what people can type.
public struct Catalog: Sendable {
    /// All packs, by ref.
    public let packs: [Pack]
    /// All aliases, disabled ones too, by pack and name.
    public let aliases: [ActionAlias]
    /// The policies of the packs' files, by pack and name.
    public let policies: [Policy]
    /// What packs can be told and are told, by pack.
    public let configs: [String: PackConfig]
    /// Finds the aliases that fit a message.
    public let matcher: AliasMatcher
    private let memo = ActionMemo()
    private let actionsByRef: [ContentRef: Action]
    private let actionsByID: [ContentID: Action]

    /// Content by what was loaded.
    public init(
        packs: [Pack] = [], actions: [Action] = [], aliases: [ActionAlias] = [], policies: [Policy] = [],
        configs: [PackConfig] = []
    ) {
        self.policies = policies.sorted { $0.ref < $1.ref }
        self.configs = Dictionary(configs.map { ($0.pack, $0) }, uniquingKeysWith: { first, _ in first })
        self.packs = packs.sorted { $0.ref < $1.ref }
        self.aliases = aliases.sorted { $0.ref < $1.ref }
        matcher = AliasMatcher(aliases: self.aliases)
        actionsByRef = Dictionary(actions.map { ($0.ref, $0) }, uniquingKeysWith: { first, _ in first })
        actionsByID = Dictionary(actions.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// All actions, by pack and name.
    public var actions: [Action] { actionsByRef.values.sorted { $0.ref < $1.ref } }

    /// The action with a reference `pack.name` or an id.
    public func action(_ refOrID: String) -> Action? {
        if let ref = ContentRef(refOrID) { return actionsByRef[ref] }
        return ContentID(refOrID).flatMap { actionsByID[$0] }
    }

    /// What executions keep of an action.
    public func definition(of action: Action) -> ActionDefinition {
        // One that was found before the content was replaced may differ from the one that goes by its name now.
        guard actionsByRef[action.ref] == action else { return ActionDefinition(action.apiDocument) }
        return memo.definition(of: action)
    }

    /// The pipeline of an action's parameters on the runner that it names.
    public func pipeline(of action: Action, on runner: RunnerType) -> ParameterPipeline {
        guard actionsByRef[action.ref] == action else { return ParameterPipeline(action: action, runner: runner) }
        return memo.pipeline(of: action, on: runner)
    }

    /// The alias with a reference `pack.name` or an id.
    public func alias(_ refOrID: String) -> ActionAlias? {
        if let ref = ContentRef(refOrID) { return aliases.first { $0.ref == ref } }
        return aliases.first { $0.id.text == refOrID }
    }
}

/// What was made of actions for those who asked, by action.
private final class ActionMemo: Sendable {
    private let definitions = Mutex<[ContentRef: ActionDefinition]>([:])
    private let pipelines = Mutex<[ContentRef: ParameterPipeline]>([:])

    func definition(of action: Action) -> ActionDefinition {
        definitions.withLock { kept(action.ref, in: &$0) { ActionDefinition(action.apiDocument) } }
    }

    func pipeline(of action: Action, on runner: RunnerType) -> ParameterPipeline {
        pipelines.withLock { kept(action.ref, in: &$0) { ParameterPipeline(action: action, runner: runner) } }
    }

    private func kept<Made>(_ ref: ContentRef, in made: inout [ContentRef: Made], _ make: () -> Made) -> Made {
        if let known = made[ref] { return known }
        let new = make()
        made[ref] = new
        return new
    }
}

/// The catalog that is in force, replaced as a whole when content changes.
public final class LiveCatalog: Sendable {
    private let state: Mutex<(catalog: Catalog, generation: Int)>

    /// A live catalog that begins with some content.
    public init(_ catalog: Catalog = Catalog()) { state = Mutex((catalog, 0)) }

    /// The content of this moment.
    public var current: Catalog { state.withLock(\.catalog) }

    /// Counts how often the content was replaced.
    public var generation: Int { state.withLock(\.generation) }

    /// Puts other content in force.
    public func replace(with catalog: Catalog) {
        state.withLock { state in
            state.catalog = catalog
            state.generation += 1
        }
    }
}

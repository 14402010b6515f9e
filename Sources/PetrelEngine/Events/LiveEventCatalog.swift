public import PetrelCore
import Synchronization

/// The event catalog that is in force, replaced as a whole when content changes.
public final class LiveEventCatalog: Sendable {
    private struct State {
        var catalog: EventCatalog
        /// How often content was changed by the API: a load that began before such a change must not undo it.
        var edits = 0
        /// Counts the catalogs that were in force.
        var generation = 0
    }

    private let digest: any Digest
    private let state: Mutex<State>

    /// A live catalog that knows the built-in trigger types only.
    public init(digest: any Digest) {
        self.digest = digest
        state = Mutex(State(catalog: EventCatalog(digest: digest)))
    }

    /// The content of this moment.
    public var current: EventCatalog { state.withLock(\.catalog) }

    /// Another number for each catalog, to see at a glance whether there is a new one.
    var generation: Int { state.withLock(\.generation) }

    /// How often the API has changed content so far.
    public var edits: Int { state.withLock(\.edits) }

    /// Puts loaded content in force, unless the API has changed some since the load began.
    /// - Returns: false if it has: load again.
    public func replace(with content: EventCatalog.Content, loadedAtEdit edit: Int) -> Bool {
        let catalog = EventCatalog(content, digest: digest)
        return state.withLock { state in
            guard state.edits == edit else { return false }
            state.catalog = catalog
            state.generation += 1
            return true
        }
    }

    /// Counts a change that is about to be stored.
    func beginEdit() { state.withLock { $0.edits += 1 } }

    /// Changes the content in force.
    func edit(_ change: (inout EventCatalog.Content) -> Void) {
        state.withLock { state in
            var content = state.catalog.content
            change(&content)
            state.catalog = EventCatalog(content, digest: digest)
            state.edits += 1
            state.generation += 1
        }
    }
}

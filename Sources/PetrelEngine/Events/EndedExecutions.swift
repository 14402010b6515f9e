public import PetrelCore
import PetrelExpressions
import Synchronization

/// Tells rules, and the channels that notices name, of executions that have ended, and rules of inquiries.
///
/// An end is owed from the transaction that stored it, and not owed any more from the one that stores what it gave.
public final class EndedExecutions: Sendable {
    private static let batch = 64

    private let store: any EventStore
    private let catalog: LiveEventCatalog
    private let dispatch: EventDispatch
    private let documents: ExecutionDocuments
    private let channels: any ChatNotices
    private let digest: any Digest
    private let inquiries: InquiryNews
    private let events: EventHub
    private let clock: any PetrelClock

    /// The stage over its neighbours.
    public init(
        store: any EventStore, catalog: LiveEventCatalog, dispatch: EventDispatch, documents: ExecutionDocuments,
        channels: any ChatNotices, digest: any Digest, events: EventHub, clock: any PetrelClock
    ) {
        inquiries = InquiryNews(store: store, catalog: catalog, dispatch: dispatch)
        self.store = store
        self.catalog = catalog
        self.dispatch = dispatch
        self.documents = documents
        self.channels = channels
        self.digest = digest
        self.events = events
        self.clock = clock
    }

    /// Tells of ends until the task is cancelled.
    public func run() async {
        let isWatching = Mutex<Bool?>(nil)
        await wake(
            on: events, clock: clock,
            where: { event in
                switch event {
                case .executionChanged(let execution):
                    // The store keeps no other ends for this.
                    execution.status.isCompleted
                        && (isWatching.withLock { $0 ?? true } || !Notice.sections(of: execution).isEmpty)
                case .questionOwed: true
                default: false
                }
            }
        ) {
            // Each time anew: rules come and go.
            let isWanted = self.catalog.current.hasRules(for: BuiltInTriggerTypes.action)
            if isWanted != isWatching.withLock(\.self), (try? await self.store.watchEnds(isWanted)) != nil {
                isWatching.withLock { $0 = isWanted }
            }
            await self.tellAll()
            return nil
        }
    }

    /// Tells of all ends and inquiries that are owed now.
    public func tellAll() async {
        await inquiries.tellAll()
        while !Task.isCancelled {
            guard let owed = try? await store.owedEnds(limit: Self.batch), !owed.isEmpty else { return }
            let isStuck = await withTaskGroup(of: Bool.self) { group in
                for execution in owed { group.addTask { await self.tell(execution) } }
                return await group.reduce(true) { $0 && !$1 }
            }
            if isStuck { return }
        }
    }

    /// - Returns: whether the end is not owed any more.
    private func tell(_ execution: Execution) async -> Bool {
        let current = catalog.current
        var news: [NewEvent] = []
        if let trigger = current.awaited(BuiltInTriggerTypes.action) {
            news.append(event(trigger, actionPayload(execution), execution))
        }
        do throws(EngineError) {
            for notice in Notice.all(of: execution, now: clock.now) {
                if try await isPosted(notice) { continue }
                guard let trigger = current.trigger(BuiltInTriggerTypes.notify.description) else { continue }
                news.append(event(trigger, notice.payload, execution))
            }
            if news.isEmpty {
                do throws(CoreError) { try await store.dropEnds([execution.id]) } catch { throw EngineError(error) }
            } else {
                _ = try await dispatch.dispatch(news, from: .end(execution.id))
            }
            return true
        } catch { return false }
    }

    /// - Returns: false for a route that names no channel of an adapter; it is left to rules.
    private func isPosted(_ notice: Notice) async throws(EngineError) -> Bool {
        guard let post = notice.post(in: channels.adapters, digest: digest) else { return false }
        do throws(CoreError) { try await channels.post(post) } catch { throw EngineError(error) }
        return true
    }

    private func event(_ trigger: Trigger, _ payload: Value, _ execution: Execution) -> NewEvent {
        NewEvent([trigger], payload: payload, origin: execution.origin, cause: EventCause(execution))
    }

    private func actionPayload(_ execution: Execution) -> Value {
        let shown = documents.document(execution)
        return [
            "execution_id": .string(execution.id.text), "status": .string(execution.status.rawValue),
            "start_timestamp": .string(execution.startedAt.pythonText),
            "action_name": .string(execution.action.description), "action_ref": .string(execution.action.description),
            "runner_ref": .string(execution.runner), "parameters": shown["parameters"] ?? [:],
            "result": execution.result ?? .null,
        ]
    }
}

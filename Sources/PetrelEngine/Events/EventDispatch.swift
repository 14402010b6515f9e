public import PetrelCore
public import PetrelExpressions
import Synchronization

/// Takes events in and carries out the rules that fit them.
///
/// An event is stored before it is acknowledged. When there is room, the rules are looked at first and everything, down to
/// the claimed executions, is one transaction; else the instance waits in the store and ``run()`` handles it. Either way
/// enforcements, executions and the instance's status are stored together, so that each rule acts once for each instance.
public final class EventDispatch: Sendable {
    /// How events are handled.
    public struct Options: Sendable {
        /// For whom rules run actions.
        public var systemUser: Identity
        /// Whether payloads of types that Petrel doesn't ship are held against their schemas too.
        public var validatesPayloads: Bool
        /// How many events may lead to one another before rules are not carried out any more; 0 for any number.
        ///
        /// A rule of key changes that sets a key, or of ends whose action ends, would go on for ever else.
        public var longestChain: Int

        /// Options as the settings say.
        public init(systemUser: Identity, validatesPayloads: Bool = true, longestChain: Int = 100) {
            self.systemUser = systemUser
            self.validatesPayloads = validatesPayloads
            self.longestChain = longestChain
        }
    }

    /// How many events may be on their way at once before further ones are only stored.
    private static let mostAtOnce = 64
    /// How many executions an event may start before its rules are left to the loop.
    private static let mostDirect = 16

    private let options: Options
    private let store: any EventStore
    private let catalog: LiveEventCatalog
    private let submission: Submission
    private let events: EventHub
    private let clock: any PetrelClock
    private let ids: any IDSource
    private let lookups: [String: any LookupRoot]
    private let underWay = Mutex(0)

    /// The stage over its neighbours; `lookups` are what patterns of rules see beside the trigger.
    public init(
        options: Options, store: any EventStore, catalog: LiveEventCatalog, submission: Submission, events: EventHub,
        clock: any PetrelClock, ids: any IDSource, lookups: [String: any LookupRoot] = ["st2kv": NoKeys()]
    ) {
        self.options = options
        self.store = store
        self.catalog = catalog
        self.submission = submission
        self.events = events
        self.clock = clock
        self.ids = ids
        self.lookups = lookups
    }

    /// Stores an event, durably when this returns, and sees to its rules.
    /// - Returns: its instances, one for each trigger; none if the source has given the event before.
    /// - Throws: `invalidParameter` for a payload against the type's schema; `unavailable` when it can't be stored.
    @discardableResult
    public func dispatch(_ event: NewEvent, from source: EventSource = .outside) async throws(EngineError)
        -> [TriggerInstance]
    {
        try await dispatch([event], from: source)
    }

    /// Stores several events of one source in one transaction.
    @discardableResult
    public func dispatch(_ news: [NewEvent], from source: EventSource) async throws(EngineError) -> [TriggerInstance] {
        let current = catalog.current
        for event in news { try check(event, current) }
        let instances = news.flatMap(instances)
        let isDirect = underWay.withLock { count in
            count += 1
            return count <= Self.mostAtOnce
        }
        defer { underWay.withLock { $0 -= 1 } }
        let handlings = isDirect ? decide(instances, current) : nil
        do throws(CoreError) {
            let stored = handlings == nil ? instances : instances.map(\.handled)
            guard try await store.accept(stored, from: source, handlings: handlings ?? []) else {
                drop(handlings ?? [])
                return []
            }
        } catch {
            drop(handlings ?? [])
            throw EngineError(error)
        }
        if let handlings { begin(handlings) } else { events.publish(.eventsWaiting) }
        return instances
    }

    /// Tells of an event of one of Petrel's own trigger types, such as `core.st2.generic.inquiry`, if a rule waits for it.
    public func emit(
        _ type: ContentRef, payload: Value, origin: Origin, cause: EventCause? = nil,
        from source: EventSource = .outside
    ) async throws(EngineError) {
        guard let trigger = catalog.current.awaited(type) else { return }
        try await dispatch(NewEvent([trigger], payload: payload, origin: origin, cause: cause), from: source)
    }

    /// What a trigger's reference or id stands for: the trigger, or those of a type.
    public func triggers(named name: String) -> [Trigger] {
        let current = catalog.current
        if let trigger = current.trigger(name) { return [trigger] }
        guard let type = current.triggerType(name) else { return [] }
        return current.triggers.filter { $0.type == type.ref && $0.parameters.isEmpty }
    }

    /// Handles what waits in the store until the task is cancelled: what came in too fast, and what a dead service left.
    public func run() async {
        let waiting = events.events(buffer: .bufferingNewest(1)) { if case .eventsWaiting = $0 { true } else { false } }
        await withDiscardingTaskGroup { group in
            // The tick finds what a lost signal left behind.
            group.addTask {
                while !Task.isCancelled {
                    try? await self.clock.sleep(for: .seconds(1))
                    self.events.publish(.eventsWaiting)
                }
            }
            await handleWaiting()
            for await _ in waiting { await handleWaiting() }
            group.cancelAll()
        }
    }

    /// Handles all instances that wait now.
    public func handleWaiting() async {
        while !Task.isCancelled {
            guard let waiting = try? await store.pendingInstances(limit: Self.mostAtOnce), !waiting.isEmpty else {
                return
            }
            let current = catalog.current
            // At once, so that one flush serves them all; none is begun by two since the next look comes afterwards.
            let isStuck = await withTaskGroup(of: Bool.self) { group in
                for instance in waiting { group.addTask { await self.handle(instance, current) } }
                return await group.reduce(true) { $0 && !$1 }
            }
            if isStuck { return }
        }
    }

    /// Handles one instance.
    /// - Returns: whether its handling is stored.
    private func handle(_ instance: TriggerInstance, _ current: EventCatalog) async -> Bool {
        let handling = decide(instance, current)
        do throws(CoreError) {
            guard try await store.handle(handling) else {
                drop([handling])
                return true
            }
            begin([handling])
            return true
        } catch {
            // The store says in /readyz that it can't be written; the next tick tries again.
            drop([handling])
            return false
        }
    }

    // MARK: Deciding

    private func check(_ event: NewEvent, _ current: EventCatalog) throws(EngineError) {
        for type in Set(event.triggers.map(\.type)) where options.validatesPayloads || type.pack == "core" {
            if let violation = current.violation(of: event.payload, for: type) {
                throw EngineError(
                    .invalidParameter, "The payload does not fit trigger type \"\(type)\": \(violation)",
                    hint: "petrel trigger get \(type) shows its payload_schema")
            }
        }
    }

    private func instances(_ event: NewEvent) -> [TriggerInstance] {
        event.triggers.map { TriggerInstance(event, of: $0, at: clock.now, ids: ids) }
    }

    /// What is to be done about all of them; nil when it is too much to be done before the answer.
    private func decide(_ instances: [TriggerInstance], _ current: EventCatalog) -> [InstanceHandling]? {
        var handlings: [InstanceHandling] = []
        var count = 0
        for instance in instances {
            let verdicts = matching(current).verdicts(on: instance)
            count += verdicts.count
            guard count <= Self.mostDirect else {
                drop(handlings)
                return nil
            }
            handlings.append(handling(instance, verdicts))
        }
        return handlings
    }

    private func decide(_ instance: TriggerInstance, _ current: EventCatalog) -> InstanceHandling {
        guard current.trigger(instance.trigger.description) != nil else {
            return InstanceHandling(instance: instance.id, status: .failed, enforcements: [], executions: [])
        }
        return handling(instance, matching(current).verdicts(on: instance))
    }

    private func matching(_ current: EventCatalog) -> RuleMatching {
        RuleMatching(catalog: current, now: clock.now, lookups: lookups)
    }

    private func handling(_ instance: TriggerInstance, _ verdicts: [RuleMatching.Verdict]) -> InstanceHandling {
        var handling = InstanceHandling(instance: instance.id, status: .processed, enforcements: [], executions: [])
        for verdict in verdicts {
            switch verdict {
            case .broken(let rule, let reason):
                handling.enforcements.append(enforcement(rule, instance, .failure(reason)))
            case .fits(let rule) where isTooLong(instance):
                let reason =
                    "Rule \"\(rule.ref)\" was not carried out: \(instance.depth) events led to this one, each through "
                    + "the one before. Does a rule start itself?"
                handling.enforcements.append(enforcement(rule, instance, .failure(reason)))
            case .fits(let rule):
                do throws(EngineError) {
                    let record = try submission.prepare(request(rule, instance))
                    handling.executions.append(record)
                    handling.enforcements.append(enforcement(rule, instance, .success(record.execution.id)))
                } catch {
                    let reason =
                        error.code == .unknownAction ? "Action \"\(rule.actionRef)\" doesn't exist" : error.message
                    handling.enforcements.append(enforcement(rule, instance, .failure(reason)))
                }
            }
        }
        return handling
    }

    private func isTooLong(_ instance: TriggerInstance) -> Bool {
        options.longestChain > 0 && instance.depth > options.longestChain
    }

    private enum Result { case success(ExecutionID), failure(String) }

    private func enforcement(_ rule: Rule, _ instance: TriggerInstance, _ result: Result) -> RuleEnforcement {
        var enforcement = RuleEnforcement(
            id: ids.next(), rule: rule.ref, ruleID: rule.id, instance: instance.id, execution: nil, at: clock.now,
            status: .failed)
        switch result {
        case .failure(let reason): enforcement.failureReason = reason
        case .success(let execution):
            enforcement.status = .succeeded
            enforcement.execution = execution
        }
        return enforcement
    }

    private func request(_ rule: Rule, _ instance: TriggerInstance) -> ExecutionRequest {
        var context: ValueObject = [
            "trigger_instance": ["id": .string(instance.id.text), "name": .string(instance.trigger.description)],
            "rule": ["id": .string(rule.id.text), "name": .string(rule.ref.description)],
            "trace_context": instance.trace.context,
        ]
        if instance.depth > 0 { context["petrel"] = ["depth": .integer(instance.depth)] }
        if !rule.notify.isEmpty { context["notify"] = .object(rule.notify) }
        var request = ExecutionRequest(
            action: rule.actionRef, parameters: rule.actionParameters, cast: .api, identity: options.systemUser,
            origin: instance.origin, context: context)
        request.roots = [
            "trigger": instance.payload,
            "rule": [
                "id": .string(rule.id.text), "ref": .string(rule.ref.description), "name": .string(rule.ref.name),
            ],
        ]
        return request
    }

    // MARK: After the commit

    private func begin(_ handlings: [InstanceHandling]) {
        for handling in handlings { for record in handling.executions { submission.begin(record) } }
    }

    private func drop(_ handlings: [InstanceHandling]) {
        for handling in handlings { for record in handling.executions { submission.drop(record) } }
    }
}

extension TriggerInstance {
    fileprivate var handled: TriggerInstance {
        var copy = self
        copy.status = .processed
        return copy
    }
}

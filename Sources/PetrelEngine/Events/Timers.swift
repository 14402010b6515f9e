public import PetrelCore
import PetrelExpressions
import Synchronization

/// Fires the timers that rules ask for, each time once, whatever crashes and however the clock is set.
///
/// What a timer has fired is stored with the instance that it gives, and only if nobody else has stored it before.
public final class Timers: Sendable {
    /// How timers work.
    public struct Options: Sendable {
        /// The time zone of timers that name none.
        public var zone: String
        /// What is done about missed times where a rule doesn't say it.
        public var misfire: Misfire

        /// Options as the settings say.
        public init(zone: String, misfire: Misfire = .once) {
            self.zone = zone
            self.misfire = misfire
        }
    }

    private static let longestSleep = Duration.seconds(1)

    private let store: any EventStore
    private let catalog: LiveEventCatalog
    private let dispatch: EventDispatch
    private let clock: any PetrelClock
    private let table: Mutex<TimerTable>
    /// The catalog whose timers the table holds.
    private let generation = Mutex(-1)

    /// The timers of a catalog's rules.
    public init(
        options: Options, store: any EventStore, catalog: LiveEventCatalog, dispatch: EventDispatch,
        clock: any PetrelClock
    ) {
        self.store = store
        self.catalog = catalog
        self.dispatch = dispatch
        self.clock = clock
        table = Mutex(TimerTable(zone: options.zone, misfire: options.misfire))
    }

    /// Fires timers until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            await tick()
            try? await clock.sleep(for: pause)
        }
    }

    /// Takes changes of the rules over and fires what is due now.
    func tick() async {
        guard await takeChanges() else { return }
        let now = clock.now
        for firing in table.withLock({ $0.noticeClockSetBack(now: now) }) { await fire(firing, news: []) }
        let due = table.withLock { $0.due(now: now) }
        for firing in due.skipped { await fire(firing, news: []) }
        for firing in due.firings {
            FaultPoint.timerBeforeFire.pass()
            await fire(firing, news: [event(firing)])
            FaultPoint.timerAfterFire.pass()
        }
    }

    /// At most a second, so that a clock that was set is noticed.
    private var pause: Duration {
        guard let next = table.withLock(\.next) else { return Self.longestSleep }
        return min(max(next - clock.now, .milliseconds(1)), Self.longestSleep)
    }

    /// - Returns: false when the store can't be used now.
    private func takeChanges() async -> Bool {
        let newest = catalog.generation
        guard newest != generation.withLock({ $0 }) else { return true }
        let current = catalog.current
        let wanted = BuiltInTriggerTypes.timers.flatMap(current.awaitedTriggers)
        let now = clock.now
        do throws(CoreError) {
            var states = try await store.timerStates()
            let remembered = Set(states.map(\.trigger))
            let refs = Set(wanted.map(\.ref.description))
            let fresh = refs.subtracting(remembered).map { TimerState(trigger: $0, startedAt: now, firedAt: now) }
            // A timer whose rule is switched off begins anew when it is switched on again.
            try await store.changeTimers(start: fresh, forget: Array(remembered.subtracting(refs)))
            states += fresh
            table.withLock { [states] in $0.replace(wanted, states: states) }
            generation.withLock { $0 = newest }
            return true
        } catch { return false }
    }

    /// Stores a firing; one that can't be stored now is due again at the next tick.
    private func fire(_ firing: TimerTable.Firing, news: [NewEvent]) async {
        do throws(EngineError) {
            _ = try await dispatch.dispatch(news, from: .timer(firing.state, firedAt: firing.firedAt))
            table.withLock { $0.note(firing) }
        } catch { table.withLock { $0.lastSeen = nil } }
    }

    private func event(_ firing: TimerTable.Firing) -> NewEvent {
        let kind = firing.trigger.type.name.split(separator: ".").last.map(String.init) ?? ""
        return NewEvent(
            [firing.trigger],
            payload: ["executed_at": .string(firing.firedAt.pythonText), "schedule": nil], origin: .timer,
            traceTag: "\(kind)-\(firing.trigger.ref.name)")
    }
}

extension Instant {
    /// As Python prints a time in UTC: `2024-01-01 00:00:00.123456+00:00`, without a fraction that is zero.
    var pythonText: String {
        let text = description.dropLast().replacing("T", with: " ", maxReplacements: 1)
        return (text.hasSuffix(".000000") ? String(text.dropLast(7)) : String(text)) + "+00:00"
    }

    /// The form of notices: `2024-01-01T00:00:00.000000+00:00`.
    var offsetText: String { description.dropLast() + "+00:00" }
}

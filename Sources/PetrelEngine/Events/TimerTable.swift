import HeapModule
import PetrelCore
import PetrelExpressions

/// When each timer is due: a table that is told the time, without a clock of its own.
struct TimerTable: Sendable {
    /// One firing.
    struct Firing: Sendable {
        var trigger: Trigger
        /// What was remembered when this was decided.
        var state: TimerState
        /// Up to when the timer has fired afterwards.
        var firedAt: Instant
    }

    private struct Entry: Sendable {
        var trigger: Trigger
        var schedule: Schedule
        var state: TimerState
        var next: Instant?
    }

    /// When a timer was due when this was noted; good only as long as its entry says the same.
    private struct Due: Comparable, Sendable {
        var at: Instant
        var key: String

        static func < (left: Due, right: Due) -> Bool { left.at < right.at }
    }

    /// What is missed by more than this was missed because nobody was there.
    private static let late = Duration.seconds(60)
    /// Most firings that make up for missed ones.
    private static let mostMadeUp = 1000

    private let zone: String
    private let misfire: Misfire
    private var entries: [String: Entry] = [:]
    private var order = Heap<Due>()
    /// Timers whose firings were given out and not noted: they are due again.
    private var open: Set<String> = []
    /// The time of the last look; nil when the next one has to look at every timer.
    var lastSeen: Instant?

    init(zone: String, misfire: Misfire) {
        self.zone = zone
        self.misfire = misfire
    }

    /// The time of the next firing of all; those that could not be stored before are left out.
    var next: Instant? { order.min?.at }

    /// Takes the timers that there are now.
    ///
    /// Timers that are known go on as they were.
    mutating func replace(_ triggers: [Trigger], states: [TimerState]) {
        let known = Dictionary(states.map { ($0.trigger, $0) }, uniquingKeysWith: { first, _ in first })
        var entries: [String: Entry] = [:]
        for trigger in triggers {
            let key = trigger.ref.description
            if let entry = self.entries[key], entry.trigger == trigger {
                entries[key] = entry
                continue
            }
            guard let state = known[key], let schedule = schedule(of: trigger, state)
            else { continue }
            entries[key] = Entry(
                trigger: trigger, schedule: schedule, state: state, next: schedule.next(after: state.firedAt))
        }
        self.entries = entries
        open = []
        order = Heap(entries.compactMap { key, entry in entry.next.map { Due(at: $0, key: key) } })
    }

    /// Notes that the clock was set back: an interval counts from now on; dates and cron wait for the times to come.
    mutating func noticeClockSetBack(now: Instant) -> [Firing] {
        defer { lastSeen = now }
        if let lastSeen, lastSeen <= now { return [] }
        return entries.values.compactMap { entry in
            guard entry.trigger.type == BuiltInTriggerTypes.intervalTimer, entry.state.firedAt > now + Self.late else {
                return nil
            }
            return Firing(trigger: entry.trigger, state: entry.state, firedAt: now)
        }
    }

    /// What is due: for each timer one firing, or several that make up for missed ones.
    ///
    /// A timer that skips what it missed has a firing in `skipped`, whose state only is to be stored.
    mutating func due(now: Instant) -> (firings: [Firing], skipped: [Firing]) {
        var firings: [Firing] = []
        var skipped: [Firing] = []
        while let due = order.min, due.at <= now {
            _ = order.popMin()
            if entries[due.key]?.next == due.at { open.insert(due.key) }
        }
        for key in open {
            guard let entry = entries[key], let first = entry.next, first <= now else { continue }
            let firing = Firing(trigger: entry.trigger, state: entry.state, firedAt: now)
            switch entry.trigger.misfire ?? misfire {
            case .once: firings.append(firing)
            case .skip: if now - first > Self.late { skipped.append(firing) } else { firings.append(firing) }
            case .all: firings += madeUp(entry, firing, now: now)
            }
        }
        return (firings.sorted { $0.trigger.ref < $1.trigger.ref }, skipped)
    }

    private func madeUp(_ entry: Entry, _ firing: Firing, now: Instant) -> [Firing] {
        var times: [Instant] = []
        var next = entry.next
        while let time = next, time <= now, times.count < Self.mostMadeUp {
            times.append(time)
            next = entry.schedule.next(after: time)
        }
        var state = entry.state
        return times.enumerated().map { index, time in
            // Of more than can be made up for, the rest is skipped with the last one.
            let firedAt = index == times.count - 1 ? now : time
            defer { state.firedAt = firedAt }
            return Firing(trigger: entry.trigger, state: state, firedAt: firedAt)
        }
    }

    /// Notes that a firing, or a skip, was stored.
    mutating func note(_ firing: Firing) {
        let key = firing.trigger.ref.description
        guard var entry = entries[key] else { return }
        entry.state.firedAt = firing.firedAt
        if firing.firedAt < entry.state.startedAt {
            entry.state.startedAt = firing.firedAt
            entry.schedule = schedule(of: entry.trigger, entry.state) ?? entry.schedule
        }
        entry.next = entry.schedule.next(after: firing.firedAt)
        entries[key] = entry
        if let next = entry.next { order.insert(Due(at: next, key: key)) }
        open.remove(key)
    }

    private func schedule(of trigger: Trigger, _ state: TimerState) -> Schedule? {
        try? Schedule(
            trigger: trigger.type.description, parameters: trigger.parameters, start: state.startedAt, localZone: zone)
    }
}

public import PetrelCore
import Synchronization

/// A sensor of Petrel's own: it looks when something changed, and at least every second.
protocol BuiltInSensor: Sendable {
    /// What the entry point calls it, after `builtin:`.
    static var name: String { get }
    /// The trigger types of which it tells.
    var types: [ContentRef] { get }
    /// The folders whose changes concern it.
    func folders(_ triggers: [Trigger]) -> Set<String>
    /// Looks at what triggers ask for and tells of what is new.
    /// - Returns: whether there is more to be told at once.
    func look(_ triggers: [Trigger]) async -> Bool
}

extension BuiltInSensor {
    /// Under which name it is remembered what was told for a trigger.
    func stateName(of trigger: Trigger) -> String { Self.name + " " + trigger.ref.description }
}

/// Runs the sensors of Petrel's own: `linux.FileWatchSensor` and `linux.ProcessWatchSensor`.
///
/// Each tells of what rules wait for, and remembers how far it is in the transaction that stores the events.
public final class BuiltInSensors: Sendable {
    private let sensors: [String: any BuiltInSensor]
    private let memory: WatchMemory
    private let wanted: @Sendable () -> [SensorType]
    private let catalog: LiveEventCatalog
    private let machine: any WatchedMachine
    private let clock: any PetrelClock
    /// The catalog whose triggers are remembered.
    private let generation = Mutex(-1)

    /// The sensors of this machine.
    /// - Parameter wanted: those that should run in this process now; others among them are passed over.
    public init(
        wanted: @escaping @Sendable () -> [SensorType], store: any EventStore, catalog: LiveEventCatalog,
        dispatch: EventDispatch, machine: any WatchedMachine, clock: any PetrelClock, digest: any Digest
    ) {
        memory = WatchMemory(store: store, dispatch: dispatch)
        sensors = [
            FileWatchSensor.name: FileWatchSensor(memory: memory, machine: machine, digest: digest),
            ProcessWatchSensor.name: ProcessWatchSensor(memory: memory, machine: machine),
        ]
        self.wanted = wanted
        self.catalog = catalog
        self.machine = machine
        self.clock = clock
    }

    /// Watches until the task is cancelled.
    public func run() async {
        let (ticks, tick) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    tick.yield()
                    try? await self.clock.sleep(for: .seconds(1))
                }
            }
            var watched: Set<String> = []
            var watch: (any ChangeWatch)?
            for await _ in ticks {
                let folders = folders()
                if folders != watched {
                    // The stream of the watch before ends with it.
                    watch = folders.isEmpty ? nil : machine.watch(folders.sorted())
                    watched = folders
                    if let changes = watch?.changes { group.addTask { for await _ in changes { tick.yield() } } }
                }
                if await look() { tick.yield() }
            }
            watch = nil
            group.cancelAll()
        }
    }

    /// Looks at everything that rules want watched.
    /// - Returns: whether there is more to be told at once.
    func look() async -> Bool {
        await forgetOthers()
        var hasMore = false
        for (sensor, triggers) in running where await sensor.look(triggers) { hasMore = true }
        return hasMore
    }

    private func folders() -> Set<String> {
        running.reduce(into: []) { $0.formUnion($1.sensor.folders($1.triggers)) }
    }

    /// The sensors that run here, each with the triggers for which rules wait.
    private var running: [(sensor: any BuiltInSensor, triggers: [Trigger])] {
        let names = wanted().compactMap(\.builtInName)
        guard !names.isEmpty else { return [] }
        let current = catalog.current
        return names.compactMap { name in
            guard let sensor = sensors[name] else { return nil }
            let triggers = sensor.types.flatMap { current.awaitedTriggers(of: $0) }
            return triggers.isEmpty ? nil : (sensor, triggers)
        }
    }

    /// Forgets what no rule wants any more: it begins anew when one does again.
    private func forgetOthers() async {
        let newest = catalog.generation
        guard newest != generation.withLock({ $0 }) else { return }
        let current = catalog.current
        for (name, sensor) in sensors {
            let triggers = sensor.types.flatMap { current.awaitedTriggers(of: $0) }
            await memory.forget(prefix: name + " ", except: Set(triggers.map(sensor.stateName)))
        }
        generation.withLock { $0 = newest }
    }
}

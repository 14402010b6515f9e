import PetrelCore
import PetrelEngine
import PetrelRunners
import PetrelServer
import PetrelStore
import PetrelSystem

/// The parts of the service that take events in and carry out rules.
struct EventGraph {
    let catalog: LiveEventCatalog
    let content: EventContent
    let dispatch: EventDispatch
    let timers: Timers
    let ends: EndedExecutions
    let signatures: WebhookSignatures
    /// Which sensors run in this process.
    let leases: SensorLeases
    /// Those of them that are Petrel's own.
    let builtInSensors: BuiltInSensors
    private let store: SQLiteStorage
    private let clock: SystemClock

    /// The user for whom rules run actions, where the settings name none; StackStorm's packs know it by that name.
    static let systemUser = "stanley"

    /// What the events part is built on.
    struct Base {
        var settings: Settings
        var catalog: LiveEventCatalog
        var owner: String
        var store: SQLiteStorage
        var submission: Submission
        var datastore: Datastore
        var documents: ExecutionDocuments
        var notices: any ChatNotices
        var events: EventHub
        var clock: SystemClock
        var ids: SystemIDs
        var digest: SystemDigest
    }

    init(_ base: Base) throws(AppError) {
        let rules = base.settings.rules
        store = base.store
        clock = base.clock
        catalog = base.catalog
        content = EventContent(
            store: base.store, catalog: catalog, events: base.events, clock: base.clock, ids: base.ids)
        dispatch = EventDispatch(
            options: .init(
                systemUser: Identity(user: base.settings.engine.systemUser ?? Self.systemUser, role: .operator),
                validatesPayloads: rules.validatesPayloads, longestChain: rules.longestChain),
            store: base.store, catalog: catalog, submission: base.submission, events: base.events, clock: base.clock,
            ids: base.ids,
            lookups: ["st2kv": base.datastore.lookup(user: base.settings.engine.systemUser ?? Self.systemUser)])
        timers = Timers(
            options: .init(zone: rules.timeZone ?? hostTimeZone(), misfire: rules.misfire), store: base.store,
            catalog: catalog, dispatch: dispatch, clock: base.clock)
        ends = EndedExecutions(
            store: base.store, catalog: catalog, dispatch: dispatch, documents: base.documents,
            channels: base.notices, digest: base.digest, events: base.events, clock: base.clock)
        signatures = WebhookSignatures(
            try Self.signed(rules.signedWebhooks, folder: base.settings.dataDir), digest: base.digest,
            clock: base.clock)
        let leases = SensorLeases(owner: base.owner, store: base.store, clock: base.clock) { [catalog] in
            rules.runsSensors ? catalog.current.sensors.filter(\.isEnabled) : []
        }
        self.leases = leases
        builtInSensors = BuiltInSensors(
            wanted: { leases.sensors }, store: base.store, catalog: catalog, dispatch: dispatch,
            machine: SystemMachine(), clock: base.clock, digest: base.digest)
    }

    /// Each entry is `URL SCHEME FILE`.
    private static func signed(_ entries: [String], folder: String) throws(AppError) -> [SignedWebhook] {
        var hooks: [SignedWebhook] = []
        for entry in entries {
            let words = entry.split(separator: " ").map(String.init)
            guard words.count == 3, let scheme = WebhookScheme(rawValue: words[1]) else {
                let schemes = WebhookScheme.allCases.map(\.rawValue).joined(separator: ", ")
                throw AppError(
                    .badSetting, "\"webhooks.signed\" can't hold \"\(entry)\"",
                    hint: "Write URL SCHEME FILE; schemes: \(schemes); FILE holds the secret")
            }
            hooks.append(
                SignedWebhook(
                    url: words[0], scheme: scheme, secret: try SecretFile.text(PathText.absolute(words[2], in: folder)))
            )
        }
        return hooks
    }
}

/// The name of this machine's time zone; UTC where it can't be found out.
private func hostTimeZone() -> String {
    if let name = currentEnvironment().text("TZ") { return name.hasPrefix(":") ? String(name.dropFirst()) : name }
    let path = realPath("/etc/localtime") ?? ""
    guard let range = path.firstRange(of: "zoneinfo/") else { return "UTC" }
    return String(path[range.upperBound...])
}

extension EventGraph {
    /// Tells rules that the process of a sensor was started.
    func began(_ run: SensorRun, _ pid: Int, _ command: String) async {
        // What can't be stored now is not told: the sensor's events can't be either.
        try? await dispatch.emitSensorSpawn(run.sensor, pid: pid, command: command, at: clock.now, key: run.key)
    }

    /// Tells rules, and the audit trail, that the process of a sensor has ended.
    /// - Returns: whether that is stored.
    func ended(_ run: SensorRun, _ code: Int, _ words: String) async -> Bool {
        let audit = AuditRecord(
            at: clock.now, kind: .service, user: "", subject: "sensor \(run.sensor)", decision: "ended",
            detail: ["exit_code": .integer(code), "output": .string(words)])
        do {
            try await dispatch.emitSensorExit(run.sensor, code: code, at: clock.now, key: run.key)
            try await store.record([audit])
            return true
        } catch { return false }
    }
}

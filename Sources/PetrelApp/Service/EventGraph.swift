import PetrelCore
import PetrelEngine
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
    private let store: SQLiteStorage

    /// The user for whom rules run actions, where the settings name none; StackStorm's packs know it by that name.
    static let systemUser = "stanley"

    /// What the events part is built on.
    struct Base {
        var settings: Settings
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
        catalog = LiveEventCatalog(digest: base.digest)
        content = EventContent(
            store: base.store, catalog: catalog, events: base.events, clock: base.clock, ids: base.ids)
        dispatch = EventDispatch(
            options: .init(
                systemUser: Identity(user: base.settings.engine.systemUser ?? Self.systemUser, role: .operator),
                validatesPayloads: rules.validatesPayloads),
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
    /// Tells rules, and the log of the sensor, that its process has ended.
    func tell(_ sensor: SensorType, _ code: Int, _ words: String) async {
        let triggers = dispatch.triggers(named: "core.st2.sensor.process_exit")
        let payload: Value = [
            "id": .string(sensor.ref.name), "timestamp": .integer(Int(SystemClock().now.microseconds / 1_000_000)),
            "exit_code": .integer(code),
        ]
        // Only rules would hear of it, and the next exit tells them again.
        _ = try? await dispatch.dispatch(NewEvent(triggers, payload: payload, origin: .sensor))
        let audit = AuditRecord(
            at: SystemClock().now, kind: .service, user: "", subject: "sensor \(sensor.ref)", decision: "ended",
            detail: ["exit_code": .integer(code), "output": .string(words)])
        try? await store.record([audit])
    }
}

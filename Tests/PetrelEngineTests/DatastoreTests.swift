import PetrelCore
import PetrelEngine
import PetrelStore
import PetrelTestKit
import Testing

/// Encrypts by turning the text round; a test must see through it.
private struct ReversingCipher: TextCipher {
    func encrypted(_ text: String) -> String { "#" + String(text.reversed()) }
    func decrypted(_ ciphertext: String) throws(CoreError) -> String {
        guard ciphertext.hasPrefix("#") else { throw CoreError(.invalidInput, "no ciphertext") }
        return String(ciphertext.dropFirst().reversed())
    }
}

@Suite("The datastore in templates and configurations")
struct DatastoreTests {
    private let fixture: EngineFixture
    private let datastore: Datastore

    init() throws {
        fixture = try EngineFixture(automatic: RunOutcome(status: .succeeded, result: [:]))
        datastore = Datastore(
            store: fixture.store, cipher: ReversingCipher(), events: fixture.events, clock: fixture.clock,
            ids: fixture.ids)
    }

    private func set(_ scope: KeyScope, _ name: String, _ value: String, isSecret: Bool = false) async throws {
        _ = try await datastore.set(.init(key: KeyName(scope, name), value: value, isSecret: isSecret), by: "ann")
    }

    private func pipeline(_ schema: ValueObject) -> (Submission, LiveCatalog) {
        let parameters = Parameters(
            uniqueKeysWithValues: schema.map { name, value in
                (
                    name,
                    Parameter(
                        kind: .string, defaultValue: value["default"], isSecret: value["secret"]?.bool ?? false,
                        schema: value.object ?? [:])
                )
            })
        fixture.catalog.replace(with: Catalog(actions: [Samples.action(parameters: parameters)]))
        let submission = Submission(
            store: fixture.store, catalog: fixture.catalog, runners: fixture.runners, scheduler: fixture.scheduler,
            events: fixture.events, clock: fixture.clock, ids: fixture.ids, datastore: datastore)
        return (submission, fixture.catalog)
    }

    private func submit(_ parameters: ValueObject, schema: ValueObject, role: Role = .operator) async throws
        -> ValueObject
    {
        let request = ExecutionRequest(
            action: "test.act", parameters: parameters, cast: .api, identity: Identity(user: "ann", role: role),
            origin: .api)
        return try await pipeline(schema).0.submit(request).parameters
    }

    @Test("keys of the system and of the user are found; a missing one is empty")
    func lookups() async throws {
        try await set(.system, "a.b", "shared")
        try await set(.user("ann"), "own", "hers")
        try await set(.user("bob"), "own", "his")
        let text: Value = "{{ st2kv.system.a.b }}-{{ st2kv.user.own }}-{{ st2kv.system.none }}."
        #expect(try await submit(["x": text], schema: ["x": [:]]) == ["x": "shared-hers-."])
    }

    @Test("templates of metadata decrypt; those that a caller brings only for an administrator")
    func decryption() async throws {
        try await set(.system, "pw", "swordfish", isSecret: true)
        let text: Value = "{{ st2kv.system.pw | decrypt_kv }}"
        #expect(try await submit([:], schema: ["x": ["default": text]]) == ["x": "swordfish"])
        #expect(try await submit(["x": "{{ st2kv.system.pw }}"], schema: ["x": [:]]) == ["x": "#hsifdrows"])
        await #expect(throws: EngineError.self) { try await submit(["x": text], schema: ["x": [:]]) }
        #expect(try await submit(["x": text], schema: ["x": [:]], role: .admin) == ["x": "swordfish"])
    }

    @Test("a secret can't be kept without a key, and every change is recorded")
    func changes() async throws {
        let plain = Datastore(
            store: fixture.store, cipher: nil, events: fixture.events, clock: fixture.clock, ids: fixture.ids)
        let error = await #expect(throws: CoreError.self) {
            try await plain.set(.init(key: KeyName(.system, "x"), value: "y", isSecret: true), by: "ann")
        }
        #expect(error?.message.hasPrefix("Crypto key not found") == true)
        try await set(.system, "x", "1")
        _ = try await datastore.remove(KeyName(.system, "x"), by: "ann")
        #expect(try await fixture.store.auditRecords(limit: 5, offset: 0).map(\.decision) == ["deleted", "set"])
    }

    @Test("a configuration has its templates rendered, secrets decrypted and defaults filled in")
    func configurations() async throws {
        try await set(.system, "token", "swordfish", isSecret: true)
        try await set(.system, "region", "eu")
        let config = PackConfig(
            pack: "test",
            schema: [
                "token": ["type": "string", "secret": true], "count": ["type": "integer", "default": 3],
                "servers": [
                    "type": "array",
                    "items": [
                        "type": "object",
                        "properties": [
                            "port": ["type": "integer", "default": 22], "key": ["type": "string", "secret": true],
                        ],
                    ],
                ],
                "nested": ["type": "object", "properties": ["deep": ["type": "string", "default": "x"]]],
                "named": [
                    "type": "object",
                    "patternProperties": ["^web": ["type": "object", "properties": ["n": ["default": 1]]]],
                    "additionalProperties": ["type": "object", "properties": ["n": ["default": 2]]],
                ],
            ],
            values: [
                "token": "{{ st2kv.system.token }}", "place": "{{ st2kv.system.region }}-1",
                "servers": [["key": "{{ st2kv.system.token }}"]], "named": ["web1": [:], "other": [:]],
            ])
        let effective = try config.effective(datastore: datastore, user: "ann")
        #expect(effective["token"] == "swordfish" && effective["place"] == "eu-1" && effective["count"] == 3)
        #expect(effective["servers"]?.array?.first?["port"] == 22)
        #expect(effective["servers"]?.array?.first?["key"] == "swordfish")
        #expect(effective["nested"] == ["deep": "x"])
        #expect(effective["named"] == ["web1": ["n": 1], "other": ["n": 2]])
        let shown = config.masked(effective)
        #expect(shown["token"] == .string(secretMask))
        #expect(shown["servers"]?.array?.first?["key"] == .string(secretMask) && shown["place"] == "eu-1")
        #expect(config.problem(of: ["count": "many"], file: "f") != nil)
        #expect(config.problem(of: ["count": "{{ st2kv.system.n }}", "more": 1], file: "f") == nil)
    }
}

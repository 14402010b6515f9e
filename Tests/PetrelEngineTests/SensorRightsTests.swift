import PetrelCore
import PetrelTestKit
import Testing

@testable import PetrelEngine

@Suite("What a sensor's token may do")
struct SensorRightsTests {
    private let sensor: Identity = {
        var identity = Identity(user: "sensor_service", role: .admin)
        identity.sensor = ContentRef(pack: "watch", name: "Counter")
        return identity
    }()

    private func isAllowed(_ permission: Permission, _ uid: ResourceUID? = nil, owner: String? = nil) -> Bool {
        Access().decide(AccessRequest(sensor, permission, owner: owner, uid: uid)).isAllowed
    }

    @Test("it reads triggers and keys and nothing else, whatever role its user has", arguments: Permission.allCases)
    func withoutResource(_ permission: Permission) {
        let few: [Permission] = [.triggerList, .triggerView, .keyList, .keyView]
        #expect(isAllowed(permission) == few.contains(permission))
    }

    @Test("it tells of events of its own pack's trigger types only")
    func dispatch() {
        #expect(isAllowed(.triggerEmit, .triggerType(ContentRef(pack: "watch", name: "counted"))))
        for (pack, name) in [("core", "st2.sensor.process_exit"), ("watcher", "counted"), ("watch2", "x")] {
            #expect(!isAllowed(.triggerEmit, .triggerType(ContentRef(pack: pack, name: name))))
        }
        #expect(!isAllowed(.triggerEmit, .trigger(ContentRef(pack: "watch", name: "counted"))))
        #expect(!isAllowed(.webhookSend, .webhook("st2")))
    }

    @Test("it changes the keys of its pack, reads those of all, and touches nobody's own")
    func keys() {
        // Whoever decides on a key says that it is the pack's by naming the asker as its owner.
        #expect(isAllowed(.keySet, .systemKey("watch.a"), owner: "sensor_service"))
        #expect(isAllowed(.keyDelete, .systemKey("watch.a"), owner: "sensor_service"))
        #expect(!isAllowed(.keySet, .systemKey("other.a")))
        #expect(isAllowed(.keyView, .systemKey("other.a")))
        #expect(!isAllowed(.keyView, .userKey("a", of: "ann")))
        #expect(!isAllowed(.keyView, .userKey("a", of: "sensor_service")))
        #expect(!isAllowed(.keySet, .userKey("a", of: "sensor_service"), owner: "sensor_service"))
    }

    @Test("its token is that of one sensor, as long as that one is switched on")
    func tokens() throws {
        let catalog = LiveEventCatalog(digest: PlainDigest())
        var sensor = try SensorType(
            id: ContentID(stored: "0000000000000000000000a1"), pack: "watch", packPath: "/",
            document: ["class_name": "Counter", "entry_point": "s.py"], typeIDs: { _ in ContentID(stored: "") })
        _ = catalog.replace(with: .init(sensors: [sensor]), loadedAtEdit: catalog.edits)
        let tokens = SensorTokens(key: Secret([1, 2]), digest: PlainDigest(), catalog: catalog)
        let token = tokens.token(for: sensor).reveal()
        #expect(tokens.sensor(of: token) == sensor.ref)
        #expect(SensorTokens(key: Secret([3]), digest: PlainDigest(), catalog: catalog).sensor(of: token) == nil)
        for wrong in ["", "pxs-", token.dropLast() + "", token + "0", token.replacing("a1", with: "a2")] {
            #expect(tokens.sensor(of: wrong) == nil)
        }
        sensor.isEnabled = false
        _ = catalog.replace(with: .init(sensors: [sensor]), loadedAtEdit: catalog.edits)
        #expect(tokens.sensor(of: token) == nil)
    }
}

import PetrelCore
import PetrelEngine

/// Sensors: listed, switched on and off.
struct SensorRoutes: Sendable {
    let content: EventContent

    private static let body = JSONBodySchema(
        ["enabled": ["type": "boolean", "default": false]], allowsOthers: true)

    var routes: [Route] {
        [
            Route(
                .get, "sensortypes", .type(.sensorList), "List sensors",
                query: QueryParameter.paging + QueryParameter.attributes + QueryParameter.ids + QueryParameter.pack + [
                    .boolean("enabled", "Only enabled ones, or only the others"),
                    .string("trigger", "Only those that tell of this trigger type"),
                ]
            ) { request throws(APIError) in
                let (names, ids, pack) = (request.list("name"), request.list("id"), request.text("pack"))
                let (trigger, enabled) = (request.text("trigger"), try request.truth("enabled"))
                let chosen = content.current.sensors.filter { sensor in
                    (pack == nil || pack == sensor.ref.pack) && (names.isEmpty || names.contains(sensor.ref.name))
                        && (ids.isEmpty || ids.contains(sensor.id.text))
                        && (enabled == nil || enabled == sensor.isEnabled)
                        && (trigger == nil || sensor.triggerTypes.contains { $0.ref.description == trigger })
                }
                return try Listing(request, mandatory: ["id", "ref"]).page(chosen.map(\.apiDocument), defaultLimit: nil)
            },
            Route(.get, "sensortypes/:ref", .resource(.sensorView), "One sensor") { request throws(APIError) in
                APIResponse(.object(try find(request).apiDocument))
            },
            Route(
                .put, "sensortypes/:ref", .resource(.sensorModify), "Switch a sensor on or off", body: .json(Self.body)
            ) { request throws(APIError) in
                let sensor = try find(request)
                guard sensor.ref.pack != "core" else {
                    throw APIError(.badRequest, "Resources belonging to system level packs can't be manipulated")
                }
                let isOn = request.object["enabled"]?.bool ?? false
                let changed = try await deciding { () async throws(EngineError) in
                    try await content.turn(sensor, isOn: isOn, by: request.identity.user)
                }
                return APIResponse(.object(changed.apiDocument))
            },
        ]
    }

    private func find(_ request: APIRequest) throws(APIError) -> SensorType {
        let ref = request.part("ref")
        guard let sensor = content.current.sensor(ref) else {
            throw APIError(.notFound, "Resource with a reference or id \"\(ref)\" not found")
        }
        try request.authorize(.sensor(sensor.ref))
        return sensor
    }
}

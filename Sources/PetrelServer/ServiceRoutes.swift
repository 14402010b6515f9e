import PetrelCore
import PetrelEngine

/// StackStorm's registry of services; here all of them are one process.
struct ServiceRoutes: Sendable {
    private static let active = ["api", "auth", "stream"]
    private static let passive = [
        "actionrunner", "scheduler", "workflow_engine", "notifier", "rulesengine", "sensorcontainer", "timer_engine",
        "garbagecollector",
    ]

    let hostname: String
    let pid: Int
    let instance: String

    var routes: [Route] {
        [
            Route(.get, "service_registry/groups", .type(.serviceList), "The services that StackStorm would have") {
                _ in
                APIResponse(["groups": .array((Self.active + Self.passive).map(Value.string))])
            },
            Route(
                .get, "service_registry/groups/:group/members", .type(.serviceList), "The processes of a service"
            ) { request throws(APIError) in
                let group = request.part("group")
                guard (Self.active + Self.passive).contains(group) else {
                    throw APIError(.notFound, "Group with ID \"\(group)\" not found.")
                }
                return APIResponse(["members": [.object(member(of: group))]])
            },
        ]
    }

    private func member(of group: String) -> ValueObject {
        [
            "group_id": .string(group), "member_id": .string(instance),
            "capabilities": [
                "hostname": .string(hostname), "pid": .integer(pid), "name": .string(group),
                "type": Self.active.contains(group) ? "active" : "passive",
            ],
        ]
    }
}

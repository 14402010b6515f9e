import PetrelCore

/// The trigger types that Petrel itself gives rise to, by StackStorm's names and with its schemas.
enum BuiltInTriggerTypes {
    static let intervalTimer = ContentRef(pack: "core", name: "st2.IntervalTimer")
    static let dateTimer = ContentRef(pack: "core", name: "st2.DateTimer")
    static let cronTimer = ContentRef(pack: "core", name: "st2.CronTimer")
    static let webhook = ContentRef(pack: "core", name: "st2.webhook")
    static let action = ContentRef(pack: "core", name: "st2.generic.actiontrigger")
    static let notify = ContentRef(pack: "core", name: "st2.generic.notifytrigger")
    static let inquiry = ContentRef(pack: "core", name: "st2.generic.inquiry")
    static let fileWritten = ContentRef(pack: "core", name: "st2.action.file_written")
    static let keyCreate = ContentRef(pack: "core", name: "st2.key_value_pair.create")
    static let keyUpdate = ContentRef(pack: "core", name: "st2.key_value_pair.update")
    static let keyValueChange = ContentRef(pack: "core", name: "st2.key_value_pair.value_change")
    static let keyDelete = ContentRef(pack: "core", name: "st2.key_value_pair.delete")
    static let sensorSpawn = ContentRef(pack: "core", name: "st2.sensor.process_spawn")
    static let sensorExit = ContentRef(pack: "core", name: "st2.sensor.process_exit")
    static let timers = [intervalTimer, dateTimer, cronTimer]

    /// All of them.
    static func all(digest: any Digest) -> [TriggerType] {
        table.map { row in
            TriggerType(
                id: ContentID(stored: String(digest.sha256(Array("trigger_type:core:\(row.name)".utf8)).prefix(24))),
                ref: ContentRef(pack: "core", name: row.name), summary: row.summary, parametersSchema: row.parameters,
                payloadSchema: row.payload, document: ["name": .string(row.name), "pack": "core", "tags": []])
        }
    }

    private struct Row {
        var name: String
        var summary: String
        var parameters: ValueObject = [:]
        var payload: ValueObject
    }

    private static let table = [
        Row(
            name: "st2.IntervalTimer", summary: "Fires again and again after a pause.",
            parameters: parameters([
                "timezone": text,
                "unit": ["enum": ["weeks", "days", "hours", "minutes", "seconds"], "required": true],
                "delta": ["type": "integer", "required": true],
            ]), payload: timer),
        Row(
            name: "st2.DateTimer", summary: "Fires one time, at a date.",
            parameters: parameters([
                "timezone": text, "date": ["type": "string", "format": "date-time", "required": true],
            ]), payload: timer),
        Row(
            name: "st2.CronTimer", summary: "Fires when the time fits all fields.",
            parameters: parameters([
                "timezone": text, "year": field(), "month": field(1, 12), "day": field(1, 31), "week": field(1, 53),
                "day_of_week": field(0, 6), "hour": field(0, 23), "minute": field(0, 59), "second": field(0, 59),
            ]), payload: timer),
        Row(
            name: "st2.webhook", summary: "A request came in under a URL below /webhooks.",
            parameters: parameters(["url": ["type": "string", "required": true]]),
            payload: object(["headers": ["type": "object"], "headers_lower": ["type": "object"], "body": [:]])),
        Row(
            name: "st2.generic.actiontrigger", summary: "An execution has ended.",
            payload: members([
                "execution_id", "status", "start_timestamp", "action_name", "action_ref", "runner_ref", "parameters",
                "result",
            ])),
        Row(
            name: "st2.generic.notifytrigger", summary: "The end of an execution is to be told on a route.",
            payload: members([
                "execution_id", "status", "start_timestamp", "end_timestamp", "action_ref", "runner_ref", "channel",
                "route", "message", "data",
            ])),
        Row(
            name: "st2.generic.inquiry", summary: "Somebody is asked, and a workflow waits for the answer.",
            payload: parameters([
                "id": ["type": "string", "required": true, "description": "The inquiry's execution."],
                "route": ["type": "string", "required": true, "description": "Where it is to be told."],
            ])),
        Row(
            name: "st2.action.file_written", summary: "The file of an action was written.",
            payload: members(["ref", "file_path", "host_info"])),
        Row(
            name: "st2.key_value_pair.create", summary: "A key of the datastore was made.",
            payload: members(["object"])),
        Row(
            name: "st2.key_value_pair.update", summary: "A key of the datastore was set.", payload: members(["object"])),
        Row(
            name: "st2.key_value_pair.value_change", summary: "The value of a key of the datastore became another.",
            payload: members(["old_object", "new_object"])),
        Row(
            name: "st2.key_value_pair.delete", summary: "A key of the datastore was deleted.",
            payload: members(["object"])),
        Row(
            name: "st2.sensor.process_spawn", summary: "The process of a sensor was started.",
            payload: members(["id", "timestamp", "pid", "cmd"])),
        Row(
            name: "st2.sensor.process_exit", summary: "The process of a sensor has ended.",
            payload: members(["id", "timestamp", "exit_code"])),
    ]

    private static let text: Value = ["type": "string"]
    private static let timer = object([
        "executed_at": ["type": ["string", "null"], "format": "date-time", "default": nil],
        "schedule": ["type": ["object", "null"], "default": nil],
    ])

    private static func object(_ properties: ValueObject) -> ValueObject {
        ["type": "object", "properties": .object(properties)]
    }

    private static func parameters(_ properties: ValueObject) -> ValueObject {
        ["type": "object", "properties": .object(properties), "additionalProperties": false]
    }

    private static func members(_ names: [String]) -> ValueObject {
        object(ValueObject(uniqueKeysWithValues: names.map { ($0, [:]) }))
    }

    /// A field of a cron timer: an expression, or a number within bounds.
    private static func field(_ least: Int? = nil, _ most: Int? = nil) -> Value {
        var number: ValueObject = ["type": "integer"]
        if let least { number["minimum"] = .integer(least) }
        if let most { number["maximum"] = .integer(most) }
        return ["anyOf": [["type": "string"], .object(number)]]
    }
}

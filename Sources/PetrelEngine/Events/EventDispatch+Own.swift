public import PetrelCore

// What Petrel itself tells rules of, in the payloads of StackStorm's own trigger types.

extension EventDispatch {
    /// Tells that the file of an action was written through the API.
    public func emitFileWritten(
        _ path: String, of action: ContentRef, on host: String, cause: EventCause?
    ) async throws(EngineError) {
        try await emit(
            BuiltInTriggerTypes.fileWritten,
            payload: [
                "ref": .string(action.description), "file_path": .string(path),
                "host_info": ["hostname": .string(host)],
            ], origin: cause?.origin ?? .api, cause: cause)
    }

    /// Tells that the process of a sensor was started.
    /// - Parameter key: the name of this run of the sensor: each is told of once.
    public func emitSensorSpawn(
        _ sensor: ContentRef, pid: Int, command: String, at: Instant, key: String
    ) async throws(EngineError) {
        try await emit(
            BuiltInTriggerTypes.sensorSpawn,
            payload: [
                "id": .string(sensor.name), "timestamp": .integer(at.wholeSeconds), "pid": .integer(pid),
                "cmd": .string(command),
            ], origin: .sensor, from: .once("spawn \(key)", at: at))
    }

    /// Tells that the process of a sensor has ended.
    public func emitSensorExit(_ sensor: ContentRef, code: Int, at: Instant, key: String) async throws(EngineError) {
        try await emit(
            BuiltInTriggerTypes.sensorExit,
            payload: [
                "id": .string(sensor.name), "timestamp": .integer(at.wholeSeconds), "exit_code": .integer(code),
            ], origin: .sensor, from: .once("exit \(key)", at: at))
    }
}

extension Instant {
    fileprivate var wholeSeconds: Int { Int(microseconds / 1_000_000) }
}

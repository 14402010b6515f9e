import PetrelCore

/// What the token of a sensor may do; roles don't count for it.
///
/// It tells of events of its pack's trigger types, reads the triggers that rules wait for, reads the datastore's keys of all
/// and changes those that begin with its pack's name and a dot. It may do nothing else, so that a sensor which somebody has
/// taken over can't run actions.
enum SensorRights {
    static func decision(on request: AccessRequest, by sensor: ContentRef) -> AccessDecision {
        if isAllowed(request, sensor) {
            return AccessDecision(isAllowed: true, reason: "the sensor \(sensor) needs it")
        }
        return AccessDecision(
            isAllowed: false,
            reason:
                "\(request.subject) is not what a sensor needs (\(request.permission)); the token is that of \(sensor)")
    }

    private static func isAllowed(_ request: AccessRequest, _ sensor: ContentRef) -> Bool {
        switch request.permission {
        case .triggerList, .triggerView: true
        case .triggerEmit: request.resourceUID?.isTriggerType(ofPack: sensor.pack) ?? false
        case .keyList, .keyView: request.resourceUID?.holder == nil
        // The owner of a system key is whoever speaks for the pack that the key's name begins with.
        case .keySet, .keyDelete:
            request.resourceUID?.type == .key && request.resourceUID?.holder == nil
                && request.owner == request.identity.user
        default: false
        }
    }
}

extension ResourceUID {
    fileprivate func isTriggerType(ofPack pack: String) -> Bool {
        type == .triggerType && description.hasPrefix("\(ResourceType.triggerType.rawValue):\(pack):")
    }
}

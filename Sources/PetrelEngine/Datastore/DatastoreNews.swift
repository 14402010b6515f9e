import PetrelCore

/// What rules are told of a change of the datastore, in the transaction of that change.
struct DatastoreNews: Sendable {
    let catalog: EventCatalog?
    let cause: EventCause?
    let events: EventHub
    let clock: any PetrelClock
    let ids: any IDSource

    /// One pending instance for each trigger that the change concerns and for which a rule waits.
    @Sendable
    func instances(_ change: KeyChange) -> [TriggerInstance] {
        payloads(change).compactMap { type, payload in
            guard let trigger = catalog?.awaited(type) else { return nil }
            let event = NewEvent([trigger], payload: payload, origin: cause?.origin ?? .api, cause: cause)
            return TriggerInstance(event, of: trigger, at: clock.now, ids: ids)
        }
    }

    /// Has the instances handled that were stored, if any could have been.
    func publish() {
        let types = [
            BuiltInTriggerTypes.keyCreate, BuiltInTriggerTypes.keyUpdate, BuiltInTriggerTypes.keyValueChange,
            BuiltInTriggerTypes.keyDelete,
        ]
        if types.contains(where: { catalog?.awaited($0) != nil }) { events.publish(.eventsWaiting) }
    }

    private func payloads(_ change: KeyChange) -> [(ContentRef, Value)] {
        let old = change.old.map { Value.object($0.apiDocument) }
        let new = change.new.map { Value.object($0.apiDocument) }
        switch (old, new) {
        case (nil, let new?): return [(BuiltInTriggerTypes.keyCreate, ["object": new])]
        case (let old?, nil): return [(BuiltInTriggerTypes.keyDelete, ["object": old])]
        case (let old?, let new?):
            let update = (BuiltInTriggerTypes.keyUpdate, Value.object(["object": new]))
            guard change.old?.value != change.new?.value else { return [update] }
            return [update, (BuiltInTriggerTypes.keyValueChange, ["old_object": old, "new_object": new])]
        case (nil, nil): return []
        }
    }
}

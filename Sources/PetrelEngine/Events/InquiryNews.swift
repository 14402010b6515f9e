import PetrelCore

/// Tells rules of inquiries that wait for an answer.
///
/// An inquiry is owed from the transaction that made it, and not owed any more from the one that stores the instance.
struct InquiryNews: Sendable {
    private static let batch = 64

    let store: any EventStore
    let catalog: LiveEventCatalog
    let dispatch: EventDispatch

    /// Tells of all inquiries that are owed now.
    func tellAll() async {
        while !Task.isCancelled {
            guard let owed = try? await store.owedInquiries(limit: Self.batch), !owed.isEmpty else { return }
            guard let trigger = catalog.current.awaited(BuiltInTriggerTypes.inquiry) else {
                guard (try? await store.dropInquiries(owed.map(\.id))) != nil else { return }
                continue
            }
            for inquiry in owed {
                let event = NewEvent(
                    [trigger],
                    payload: [
                        "id": .string(inquiry.id.text), "route": .string(inquiry.result?["route"]?.string ?? ""),
                    ], origin: inquiry.origin, cause: EventCause(inquiry))
                // What can't be stored now is told at the next tick.
                guard (try? await dispatch.dispatch([event], from: .inquiry(inquiry.id))) != nil else { return }
            }
        }
    }
}

import PetrelChat
import PetrelCore
import PetrelEngine

/// Builds the chat adapters; a new platform is one line here.
struct AdapterCatalog {
    let store: any RoomStore
    let events: EventHub
    let clock: any PetrelClock

    /// The adapter of a `chat.adapters` entry.
    func adapter(_ entry: Settings.Adapter) -> any ChatAdapter {
        switch entry.platform {
        default: LocalRoom(name: entry.name, store: store, events: events, clock: clock)
        }
    }
}

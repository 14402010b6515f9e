public import PetrelCore

/// Turns chat people into Petrel's identities.
public struct Identities: Sendable {
    private let store: any IdentityStore
    private let defaultRole: Role

    /// Identities from stored mappings; whoever has none gets the default role.
    public init(store: any IdentityStore, defaultRole: Role) {
        self.store = store
        self.defaultRole = defaultRole
    }

    /// Who a chat person is, by the platform's stable id, never by name.
    public func identity(of person: ChatPerson) async throws(CoreError) -> Identity {
        // The owner's word comes from the adapter that runs at the service's terminal or checked the admin token.
        if person.isOwner { return Identity(user: person.id, role: .admin, person: person) }
        if let mapping = try await store.mapping(adapter: person.adapter, personID: person.id) {
            return Identity(user: mapping.user, role: mapping.role, person: person)
        }
        return Identity(user: "\(person.adapter):\(person.id)", role: defaultRole, person: person)
    }
}

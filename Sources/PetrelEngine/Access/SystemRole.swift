public import PetrelCore

/// The roles that Petrel brings along; no file can define or change them.
public enum SystemRole: String, Sendable, CaseIterable {
    /// May do everything; StackStorm's name for the first administrator.
    case systemAdmin = "system_admin"
    /// May do everything.
    case admin
    /// May see everything that StackStorm's API shows, and do nothing.
    case observer
    /// May see what there is and run the aliases that ask for no administrator. Ours.
    case `operator`
    /// May run the harmless aliases and see help. Ours.
    case starter

    /// The level that the role is worth; nil for observer, which stands beside the levels.
    public var level: Role? {
        switch self {
        case .systemAdmin, .admin: .admin
        case .operator: .operator
        case .starter: .starter
        case .observer: nil
        }
    }

    /// What the role is for, in one sentence.
    public var summary: String {
        switch self {
        case .systemAdmin: "Does everything; cannot be taken from its user through the API."
        case .admin: "Does everything."
        case .observer: "Sees everything but secrets, does nothing."
        case .operator: "Sees what there is and runs the aliases that ask for no administrator."
        case .starter: "Runs harmless aliases and sees help."
        }
    }
}

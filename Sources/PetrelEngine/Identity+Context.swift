import PetrelCore

extension Identity {
    /// How an execution's context keeps for whom it runs, under `rbac`.
    var contextDocument: Value {
        var document: ValueObject = ["user": .string(user), "roles": [.string(role.rawValue)]]
        if let ceiling { document["ceiling"] = .string(ceiling.rawValue) }
        return .object(document)
    }

    /// Whom an execution's context names: what it starts is asked for by the same person.
    init(context: ValueObject) {
        let kept = context["rbac"]
        self.init(
            user: context["user"]?.string ?? "",
            role: kept?["roles"]?.array?.first?.string.flatMap(Role.init) ?? .none,
            ceiling: kept?["ceiling"]?.string.flatMap(Role.init))
    }
}

public import PetrelCore

extension KeyValue {
    /// The entry as the API shows it: a secret as its ciphertext.
    public var apiDocument: ValueObject { apiDocument(value: value, isEncrypted: isSecret) }

    /// The entry as the API shows it, with the value as it is to be seen.
    public func apiDocument(value: String, isEncrypted: Bool) -> ValueObject {
        var shown: ValueObject = [
            "id": .string(id), "uid": .string("key_value_pair:\(key.scope.name):\(key.storedName)"),
            "name": .string(key.name), "value": .string(value), "secret": .bool(isSecret),
            "encrypted": .bool(isEncrypted), "scope": .string(key.scope.name),
        ]
        if let user = key.scope.user { shown["user"] = .string(user) }
        if let summary { shown["description"] = .string(summary) }
        if let expiresAt { shown["expire_timestamp"] = .string(expiresAt.description) }
        return shown
    }
}

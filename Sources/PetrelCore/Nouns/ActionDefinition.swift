import Synchronization

/// An action's document as it was when executions were made of it, which share one.
public final class ActionDefinition: Sendable {
    /// The action as the API shows it to who may see its file.
    public let document: ValueObject
    /// The same without the defaults of secret parameters: whoever sees an execution need not be one who sees the file.
    public let maskedDocument: ValueObject
    /// Whether something of an execution may have to be starred for its sake: a parameter that is secret, or an output
    /// schema, which may call members of the result so.
    public let mayHaveSecrets: Bool
    private let stored = Mutex<(text: String, hash: String)?>(nil)
    private let shown = Mutex<String?>(nil)

    /// A definition of a document.
    public init(_ document: ValueObject) {
        self.document = document
        maskedDocument = Self.masked(document)
        mayHaveSecrets =
            !(document["output_schema"]?.object?.isEmpty ?? true)
            || (document["parameters"]?.object ?? [:]).values.contains { $0["secret"]?.bool == true }
    }

    /// The JSON text of the masked document, made when first asked for.
    public var maskedText: String {
        shown.withLock { shown in
            if let shown { return shown }
            let text = JSONWriter.text(.object(maskedDocument))
            shown = text
            return text
        }
    }

    /// The document's JSON text and its SHA-256, made when first asked for.
    public func storedForm(by digest: any Digest) -> (text: String, hash: String) {
        stored.withLock { stored in
            if let stored { return stored }
            let text = JSONWriter.text(.object(document))
            let made = (text, digest.sha256(Array(text.utf8)))
            stored = made
            return made
        }
    }

    private static func masked(_ document: ValueObject) -> ValueObject {
        guard let declared = document["parameters"]?.object else { return document }
        var shown = declared
        for (name, parameter) in declared where parameter["secret"]?.bool == true {
            guard var members = parameter.object, let value = members["default"], !value.isNull else { continue }
            members["default"] = .string(secretMask)
            shown[name] = .object(members)
        }
        var masked = document
        masked["parameters"] = .object(shown)
        return masked
    }
}

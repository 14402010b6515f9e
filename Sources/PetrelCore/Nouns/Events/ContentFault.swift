/// What is wrong in a document that declares content, and at which key.
///
/// Whoever read the document knows the file and says the place.
public struct ContentFault: Error, Hashable {
    /// The keys that lead to the fault; empty for the whole document.
    public var path: [String]
    /// What is wrong, with the value.
    public var message: String
    /// What the author can do; nil where there is nothing to advise.
    public var hint: String?

    /// A fault at a key.
    public init(_ path: [String], _ message: String, hint: String? = nil) {
        self.path = path
        self.message = message
        self.hint = hint
    }
}

/// Reads the keys of a document by their types.
struct DocumentKeys {
    let members: ValueObject

    func text(_ key: String, at path: [String] = []) throws(ContentFault) -> String {
        guard let text = try optionalText(key, at: path), !text.isEmpty else {
            throw ContentFault(path, "'\(key)' is a required property", hint: "Add a line \"\(key): …\"")
        }
        return text
    }

    func optionalText(_ key: String, at path: [String] = []) throws(ContentFault) -> String? {
        switch members[key] {
        case nil, .null: return nil
        case .string(let text): return text
        case .integer(let number): return String(number)
        case .some(let value):
            throw ContentFault(path + [key], "'\(key)' must be text, not \(value.typeName)")
        }
    }

    func truth(_ key: String, default standard: Bool) throws(ContentFault) -> Bool {
        switch members[key] {
        case nil, .null: return standard
        case .bool(let truth): return truth
        case .some(let value):
            throw ContentFault([key], "'\(key)' must be true or false, not \(value.typeName)")
        }
    }

    func object(_ key: String, at path: [String] = []) throws(ContentFault) -> ValueObject {
        switch members[key] {
        case nil, .null: return [:]
        case .object(let members): return members
        case .some(let value):
            throw ContentFault(path + [key], "'\(key)' must hold keys and values, not \(value.typeName)")
        }
    }
}

import PetrelCore
import PetrelExpressions

/// A metadata file that was read: its keys by type, and errors that say where.
struct Metadata {
    let members: ValueObject
    let warnings: [PackError]
    private let file: String
    /// nil for a version that was recalled from the store and has no lines.
    private let document: YAMLDocument?

    /// Reads a file's bytes.
    init(_ bytes: [UInt8], file: String) throws(PackError) {
        self.file = file
        let document: YAMLDocument
        do throws(ExpressionError) {
            document = try YAMLReader.document(bytes, file: file, limits: .contentFile)
        } catch {
            throw PackError(.badYAML, error.message, hint: error.hint, location: error.location ?? Location(file: file))
        }
        guard let members = document.value.object else {
            throw PackError(
                .badYAML, "the file must hold keys and values, not \(document.value.typeName)",
                hint: "Begin with lines such as \"name: …\"", location: Location(file: file, line: 1))
        }
        self.document = document
        self.members = members
        warnings = document.warnings.map { PackError(.warning, $0.message, hint: $0.hint, location: $0.location) }
    }

    /// Metadata as it was good before.
    init(recalled members: ValueObject, file: String) {
        self.members = members
        self.file = file
        document = nil
        warnings = []
    }

    /// An error at a key.
    func problem(_ path: [String], _ message: String, hint: String? = nil) -> PackError {
        PackError(.badMetadata, message, hint: hint, location: document?.location(of: path) ?? Location(file: file))
    }

    /// Refuses keys that are not in the list.
    func allowOnly(_ keys: [String], at path: [String] = [], in object: ValueObject? = nil) throws(PackError) {
        for key in (object ?? members).keys where !keys.contains(key) {
            let near = keys.min { distance($0, key) < distance($1, key) }
            let hint = near.flatMap { distance($0, key) <= 2 ? "Did you mean \"\($0)\"?" : nil }
            throw problem(
                path + [key], "Additional properties are not allowed ('\(key)' was unexpected)",
                hint: hint ?? "Known here: \(keys.joined(separator: ", "))")
        }
    }

    /// The text of a key that must be there.
    func text(_ key: String) throws(PackError) -> String {
        guard let text = try optionalText(key), !text.isEmpty else {
            throw problem([], "'\(key)' is a required property", hint: "Add a line \"\(key): …\"")
        }
        return text
    }

    /// The text of a key; a number is taken as its text.
    func optionalText(_ key: String) throws(PackError) -> String? {
        switch members[key] {
        case .string(let text): return text
        case .integer(let number): return String(number)
        case .double(let number): return String(describing: number)
        case nil, .null: return nil
        case .some(let value): throw problem([key], "'\(key)' must be text, not \(value.typeName)")
        }
    }

    /// The truth of a key, or a default.
    func truth(_ key: String, default standard: Bool) throws(PackError) -> Bool {
        switch members[key] {
        case .bool(let truth): return truth
        case nil, .null: return standard
        case .some(let value): throw problem([key], "'\(key)' must be true or false, not \(value.typeName)")
        }
    }

    /// The object of a key; empty when it is absent.
    func object(_ key: String) throws(PackError) -> ValueObject {
        switch members[key] {
        case .object(let object): return object
        case nil, .null: return [:]
        case .some(let value): throw problem([key], "'\(key)' must hold keys and values, not \(value.typeName)")
        }
    }

    /// Refuses a `pack` key that names another pack than the folder.
    func checkPack(_ pack: String) throws(PackError) {
        guard let named = try optionalText("pack"), named != pack else { return }
        throw problem(
            ["pack"], "Model is in pack \"\(pack)\" but field \"pack\" is different: \(named)",
            hint: "Leave the key out")
    }
}

/// Edit distance, for suggestions; both words are short.
private func distance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left), Array(right))
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
        var previous = row[0]
        row[0] = i + 1
        for (j, b) in right.enumerated() {
            let cost = min(row[j + 1] + 1, row[j] + 1, previous + (a == b ? 0 : 1))
            previous = row[j + 1]
            row[j + 1] = cost
        }
    }
    return row[right.count]
}

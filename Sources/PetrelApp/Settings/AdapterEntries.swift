import PetrelCore

extension ChatPlatform {
    /// The keys that an entry may have.
    fileprivate var keys: [String] {
        ["name", "platform"] + options.flatMap { $0.isSecret ? [$0.path, $0.path + "_file"] : [$0.path] }
    }
}

/// The entries of `chat.adapters`, checked against the platforms that there are.
struct AdapterEntries: Sendable {
    private(set) var adapters: [Settings.Adapter] = []
    private(set) var problems: [AppError] = []
    private var catalog: SettingsCatalog = .petrel
    private var folder = "."

    /// No source gave entries: the default ones.
    init() { adapters = [Settings.Adapter(name: "local", platform: "local")] }

    /// Reads entries.
    /// - Parameter location: the place of a key of the document.
    init(
        _ value: Value, _ setting: Setting, _ catalog: SettingsCatalog, folder: String,
        location: ([String]) -> Location
    ) {
        self.catalog = catalog
        self.folder = folder
        guard let entries = value.array else {
            let message = "\"\(setting.path)\" must be \(setting.kind.expectation), not \(value.typeName)"
            problems = [AppError(.badSetting, message, location: location(setting.keys))]
            return
        }
        for (index, entry) in entries.enumerated() {
            let path = setting.keys + [String(index)]
            read(entry, label: "\(setting.path)[\(index)]") { location(path + $0) }
        }
    }

    private mutating func read(_ entry: Value, label: String, location: ([String]) -> Location) {
        guard let members = entry.object else {
            return refuse(
                "\"\(label)\" must hold keys and values, not \(entry.typeName)",
                hint: "Such as {name: local, platform: local}", location([]))
        }
        guard let platform = platform(members["platform"], label: label, location) else { return }
        guard let name = name(members["name"], of: platform, label: label, location) else { return }
        var adapter = Settings.Adapter(name: name, platform: platform.name)
        for (key, value) in members where key != "name" && key != "platform" {
            readOption(key, value, of: platform, into: &adapter, label: label, location)
        }
        for key in platform.required where adapter.secrets[key] == nil && adapter.text(key) == nil {
            let isSecret = platform.options.contains { $0.path == key && $0.isSecret }
            // A secret that could not be read has been told of already.
            guard members[key] == nil, members[key + "_file"] == nil else { continue }
            refuse(
                "\"\(label).\(key)\" is missing",
                hint: isSecret ? "Name a file that holds it alone: \(key)_file" : nil, location([]))
        }
        adapters.append(adapter)
    }

    private mutating func platform(
        _ value: Value?, label: String, _ location: ([String]) -> Location
    ) -> ChatPlatform? {
        let known = catalog.platforms.map(\.name)
        if let name = value?.string, let platform = catalog.platforms.first(where: { $0.name == name }) {
            return platform
        }
        let shown = value.map { "can't be \(JSONWriter.text($0))" } ?? "is missing"
        refuse(
            "\"\(label).platform\" \(shown)", hint: "Platforms of this version: \(known.joined(separator: ", "))",
            location(value == nil ? [] : ["platform"]))
        return nil
    }

    private mutating func name(
        _ value: Value?, of platform: ChatPlatform, label: String, _ location: ([String]) -> Location
    ) -> String? {
        guard let name = value?.string, (1...40).contains(name.utf8.count), name.utf8.allSatisfy(isNameByte) else {
            let shown = value.map { "can't be \(JSONWriter.text($0))" } ?? "is missing"
            refuse(
                "\"\(label).name\" \(shown)", hint: "Use up to 40 lower-case letters, digits, - and _",
                location(value == nil ? [] : ["name"]))
            return nil
        }
        if adapters.contains(where: { $0.name == name }) {
            refuse("two adapters are named \"\(name)\"", hint: "Give each its own name", location(["name"]))
        } else if platform.isSingle, adapters.contains(where: { $0.platform == platform.name }) {
            refuse("there are two adapters of the platform \"\(platform.name)\"", hint: "Keep one", location([]))
        }
        return name
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x5F
    }

    private mutating func readOption(
        _ key: String, _ value: Value, of platform: ChatPlatform, into adapter: inout Settings.Adapter, label: String,
        _ location: ([String]) -> Location
    ) {
        let isFile = key.hasSuffix("_file") && !platform.options.contains { $0.path == key }
        let plainKey = isFile ? String(key.dropLast(5)) : key
        guard let option = platform.options.first(where: { $0.path == plainKey }), option.isSecret || !isFile else {
            let known = platform.keys
            let near = Suggestion.nearest(to: key, in: known).map { "Did you mean \"\($0)\"?" }
            return refuse(
                "there is no setting \"\(label).\(key)\"",
                hint: near ?? "Known here: \(known.joined(separator: ", "))", location([key]))
        }
        guard isFile ? value.string != nil : option.kind.allows(value) else {
            let expectation = isFile ? "the path of a file" : option.kind.expectation
            let shown = option.isSecret ? "this \(value.typeName)" : JSONWriter.text(value)
            return refuse("\"\(label).\(key)\" must be \(expectation), not \(shown)", location([key]))
        }
        guard adapter.secrets[plainKey] == nil else {
            return refuse(
                "\"\(label).\(plainKey)\" and \"\(label).\(plainKey)_file\" are both given", hint: "Keep one",
                location([key]))
        }
        if isFile { return readSecret(value.string ?? "", option, into: &adapter) }
        if option.isSecret {
            adapter.secrets[key] = Secret(value.string ?? "")
            return
        }
        adapter.options[key] = value
        guard option.kind == .optionalPath, let path = value.string, !path.isEmpty else { return }
        adapter.options[key] = .string(PathText.absolute(path, in: folder))
    }

    private mutating func readSecret(_ path: String, _ option: Setting, into adapter: inout Settings.Adapter) {
        do throws(AppError) {
            adapter.secrets[option.path] = try SecretFile.text(PathText.absolute(path, in: folder))
        } catch {
            problems.append(error)
        }
    }

    private mutating func refuse(_ message: String, hint: String? = nil, _ location: Location) {
        problems.append(AppError(.badSetting, message, hint: hint, location: location))
    }
}

import PetrelCore
import PetrelExpressions

/// Collects the values of all settings from their sources, least important source first, and all that is wrong in them.
struct SettingsReader {
    let catalog: SettingsCatalog
    /// The folder that relative paths of flags and of the environment are seen from.
    let workingFolder: String
    /// The folder that relative paths of the file and of the defaults are seen from.
    private(set) var baseFolder: String
    private(set) var values: SettingValues
    private(set) var problems: [AppError] = []
    private(set) var warnings: [AppError] = []
    private(set) var adapters = AdapterEntries()

    /// A reader that has seen the defaults only.
    init(catalog: SettingsCatalog, workingFolder: String) {
        self.catalog = catalog
        self.workingFolder = workingFolder
        baseFolder = workingFolder
        values = SettingValues(standardOf: catalog)
    }

    /// Reads the settings file.
    mutating func read(file: String) {
        baseFolder = PathText.folder(of: PathText.absolute(file, in: workingFolder))
        do throws(AppError) {
            let bytes = try LocalFile.bytes(
                PathText.absolute(file, in: workingFolder), maxBytes: Limits.contentFile.maxBytes)
            read(bytes, file: file)
        } catch {
            problems.append(AppError(error.code, error.message, hint: error.hint, location: Location(file: file)))
        }
    }

    /// Reads the text of a settings file.
    mutating func read(_ bytes: [UInt8], file: String) {
        do throws(ExpressionError) {
            let document = try YAMLReader.document(bytes, file: file, limits: .contentFile)
            warnings += document.warnings.map { AppError(.settingsWarning, $0.message, location: $0.location) }
            read(document.value, at: [], of: document)
        } catch {
            problems.append(
                AppError(
                    .badSetting, error.message, hint: error.hint, location: error.location ?? Location(file: file)))
        }
    }

    /// Reads the environment; a variable that only looks like a setting is worth a warning, for others may have set it.
    mutating func read(environment: [String: String]) {
        for setting in catalog.settings {
            read(environment[setting.environmentName], setting, from: .environment(setting.environmentName))
            if setting.isSecret, let path = environment[setting.environmentName + "_FILE"], !path.isEmpty {
                readSecret(path, in: workingFolder, setting)
            }
        }
        warn(about: environment.keys)
    }

    /// Takes a value that a flag gave.
    mutating func read(flag: String, _ path: String, _ text: String?) {
        guard let setting = catalog.setting(path) else { return }
        read(text, setting, from: .flag(flag))
    }

    /// Makes relative paths of the defaults absolute and checks the adapters, once all sources are read.
    mutating func finish() {
        for setting in catalog.settings {
            guard let value = values[setting.path], value.origin == .standard else { continue }
            values[setting.path] = SettingValue(
                absolute(value.reveal(), setting, in: baseFolder), of: setting, from: .standard)
        }
    }
}

extension SettingsReader {
    private mutating func read(_ value: Value, at path: [String], of document: YAMLDocument) {
        let name = path.joined(separator: ".")
        if let setting = catalog.setting(name) { return read(value, setting, of: document) }
        switch value {
        case .null: return
        case .object(let members):
            for (key, member) in members { readMember(key, member, of: path, document) }
        default:
            let what = path.isEmpty ? "the file" : "\"\(name)\""
            problems.append(
                AppError(
                    .badSetting, "\(what) must hold keys and values, not \(value.typeName)",
                    hint: "Known here: \(catalog.keys(in: path.isEmpty ? nil : name).joined(separator: ", "))",
                    location: document.location(of: path)))
        }
    }

    private mutating func readMember(_ key: String, _ value: Value, of path: [String], _ document: YAMLDocument) {
        let inner = path + [key]
        let name = inner.joined(separator: ".")
        if !key.contains("."), catalog.setting(name) != nil || catalog.isSection(name) {
            return read(value, at: inner, of: document)
        }
        if name.hasSuffix("_file"), let setting = catalog.setting(String(name.dropLast(5))), setting.isSecret {
            return readSecretKey(value, setting, at: inner, document)
        }
        problems.append(
            AppError(
                .unknownSetting, "there is no setting \"\(name)\"", hint: suggestion(for: key, in: path),
                location: document.location(of: inner)))
    }

    private func suggestion(for key: String, in path: [String]) -> String {
        let section = path.isEmpty ? nil : path.joined(separator: ".")
        let here = catalog.keys(in: section)
        if catalog.setting(key) != nil { return "Write it as " + nested(key) }
        if let near = Suggestion.nearest(to: key, in: here) {
            return "Did you mean \"\((path + [near]).joined(separator: "."))\"?"
        }
        if let elsewhere = catalog.settings.first(where: { $0.keys.last == key }) {
            return "Did you mean \"\(elsewhere.path)\"?"
        }
        return "Known here: \(here.joined(separator: ", "))"
    }

    private func nested(_ path: String) -> String {
        let keys = path.split(separator: ".")
        return keys.joined(separator: ": {") + ": …" + String(repeating: "}", count: keys.count - 1)
    }

    private mutating func read(_ value: Value, _ setting: Setting, of document: YAMLDocument) {
        guard !value.isNull else { return }
        let place = document.location(of: setting.keys)
        if setting.kind == .adapters {
            adapters = AdapterEntries(value, setting, catalog, folder: baseFolder) { document.location(of: $0) }
            problems += adapters.problems
        } else if !setting.kind.allows(value) {
            return refuse(value, setting, location: place)
        }
        values[setting.path] = SettingValue(absolute(value, setting, in: baseFolder), of: setting, from: .file(place))
    }

    private mutating func readSecretKey(
        _ value: Value, _ setting: Setting, at path: [String], _ document: YAMLDocument
    ) {
        let place = document.location(of: path)
        guard let file = value.string, !file.isEmpty else {
            let name = path.joined(separator: ".")
            problems.append(AppError(.badSetting, "\"\(name)\" must be the path of a file", location: place))
            return
        }
        if case .file = values[setting.path]?.origin {
            problems.append(
                AppError(
                    .badSetting, "\"\(setting.path)\" and \"\(setting.path)_file\" are both given", hint: "Keep one",
                    location: place))
        }
        readSecret(file, in: baseFolder, setting)
    }

    private mutating func readSecret(_ path: String, in folder: String, _ setting: Setting) {
        let path = PathText.absolute(path, in: folder)
        do throws(AppError) {
            let secret = try SecretFile.text(path)
            values[setting.path] = SettingValue(.string(secret.reveal()), of: setting, from: .secretFile(path))
        } catch {
            problems.append(error)
        }
    }

    private mutating func read(_ text: String?, _ setting: Setting, from origin: SettingOrigin) {
        guard let text, !text.isEmpty else { return }
        if setting.kind == .adapters || (setting.kind == .paths || setting.kind == .words) && text.hasPrefix("[") {
            return readYAML(text, setting, from: origin)
        }
        guard let value = setting.kind.value(of: text), setting.kind.allows(value) else {
            return refuse(.string(text), setting, location: Location(file: origin.description), isTyped: false)
        }
        values[setting.path] = SettingValue(absolute(value, setting, in: workingFolder), of: setting, from: origin)
    }

    private mutating func readYAML(_ text: String, _ setting: Setting, from origin: SettingOrigin) {
        let place = Location(file: origin.description)
        do throws(ExpressionError) {
            let document = try YAMLReader.document(
                Array(text.utf8), file: origin.description, limits: .contentFile)
            guard setting.kind.allows(document.value) else { return refuse(document.value, setting, location: place) }
            if setting.kind == .adapters {
                adapters = AdapterEntries(document.value, setting, catalog, folder: workingFolder) { _ in place }
                problems += adapters.problems
            }
            values[setting.path] = SettingValue(
                absolute(document.value, setting, in: workingFolder), of: setting, from: origin)
        } catch {
            problems.append(AppError(.badSetting, error.message, hint: error.hint, location: error.location))
        }
    }

    private mutating func refuse(_ value: Value, _ setting: Setting, location: Location, isTyped: Bool = true) {
        let shown = setting.isSecret ? "this \(value.typeName)" : JSONWriter.text(value)
        problems.append(
            AppError(
                .badSetting, "\"\(setting.path)\" must be \(setting.kind.expectation), not \(shown.prefix(100))",
                hint: setting.kind.hint(for: value, isTyped: isTyped), location: location))
    }

    private func absolute(_ value: Value, _ setting: Setting, in folder: String) -> Value {
        switch (setting.kind, value) {
        case (.path, .string(let path)): .string(PathText.absolute(path, in: folder))
        case (.optionalPath, .string(let path)) where !path.isEmpty: .string(PathText.absolute(path, in: folder))
        case (.paths, .array(let paths)):
            .array(paths.map { .string(PathText.absolute($0.string ?? "", in: folder)) })
        default: value
        }
    }

    private mutating func warn(about names: some Sequence<String>) {
        let known = catalog.settings.flatMap { [$0.environmentName, $0.environmentName + "_FILE"] }
        let sections = Set(catalog.settings.filter { $0.keys.count > 1 }.map { "PETREL_\($0.keys[0].uppercased())_" })
        for name in names.sorted() where !known.contains(name) && sections.contains(where: name.hasPrefix) {
            let near = Suggestion.nearest(to: name, in: catalog.settings.map(\.environmentName))
            warnings.append(
                AppError(
                    .settingsWarning, "the environment variable \(name) belongs to no setting",
                    hint: near.map { "Did you mean \($0)?" }))
        }
    }
}

extension Setting.Kind {
    /// What helps with a value of the wrong type; where everything is text, quotes are none of the trouble.
    fileprivate func hint(for value: Value, isTyped: Bool) -> String? {
        switch (self, value) {
        case (.choice(let words), .string(let text)):
            return Suggestion.nearest(to: text, in: words).map { "Did you mean \($0)?" }
        default: return isTyped ? hint(forTyped: value) : nil
        }
    }

    private func hint(forTyped value: Value) -> String? {
        switch (self, value) {
        case (.integer(let range), .string(let text)) where Int(text).map(range.contains) ?? false:
            "Leave the quotes out"
        case (.flag, .string): "Write true or false without quotes"
        case (.text, .integer), (.text, .double), (.text, .bool): "Put it in quotes"
        case (.paths, .string(let text)), (.words, .string(let text)): "Write it as a list: [\(text)]"
        default: nil
        }
    }
}

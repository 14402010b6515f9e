import PetrelCore

/// Where the value of a setting came from.
enum SettingOrigin: Sendable, Hashable, CustomStringConvertible {
    case standard
    case file(Location)
    /// A variable of the environment.
    case environment(String)
    /// A file that a `…_file` key or variable named.
    case secretFile(String)
    /// A flag of the command line.
    case flag(String)

    var description: String {
        switch self {
        case .standard: "the default"
        case .file(let place): place.description
        case .environment(let name): "environment variable \(name)"
        case .secretFile(let path): "file \(path)"
        case .flag(let name): "flag \(name)"
        }
    }
}

/// The value of one setting and its origin.
struct SettingValue: Sendable {
    var setting: Setting
    var origin: SettingOrigin
    private let wrapped: Secret<Value>

    /// A value that was checked.
    init(_ value: Value, of setting: Setting, from origin: SettingOrigin) {
        self.setting = setting
        self.origin = origin
        wrapped = Secret(value)
    }

    /// The value itself, also of a secret.
    func reveal() -> Value { wrapped.reveal() }

    /// The value as it may be shown.
    var shown: String { setting.isSecret ? secretMask : SettingsSample.text(of: wrapped.reveal()) }
}

/// The value of every setting, by name.
struct SettingValues: Sendable {
    private var values: [String: SettingValue]

    /// The defaults of a catalogue.
    init(standardOf catalog: SettingsCatalog) {
        values = Dictionary(
            catalog.settings.map { ($0.path, SettingValue($0.standard, of: $0, from: .standard)) },
            uniquingKeysWith: { _, last in last })
    }

    /// The value of a setting; a later source replaces what an earlier one said.
    subscript(path: String) -> SettingValue? {
        get { values[path] }
        set { values[path] = newValue }
    }

    /// The text of a setting of that kind.
    func text(_ path: String) -> String { values[path]?.reveal().string ?? "" }
    /// The number of a setting of that kind.
    func integer(_ path: String) -> Int { values[path]?.reveal().integer ?? 0 }
    /// The truth of a setting of that kind.
    func flag(_ path: String) -> Bool { values[path]?.reveal().bool ?? false }
    /// The texts of a setting of that kind.
    func texts(_ path: String) -> [String] { values[path]?.reveal().array?.compactMap(\.string) ?? [] }
}

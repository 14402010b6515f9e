import PetrelCore

/// What `petrel config explain` says of a setting.
enum SettingExplanation {
    /// The explanation of a setting or of all in a section, or nil when there is no such name.
    static func text(_ path: String, in loaded: LoadedSettings, catalog: SettingsCatalog = .petrel) -> String? {
        let settings = catalog.settings.filter { $0.path == path || $0.path.hasPrefix(path + ".") }
        guard !settings.isEmpty else { return nil }
        return settings.map { text($0, loaded.values[$0.path]) }.joined(separator: "\n")
    }

    /// The error for a name that is no setting.
    static func unknown(_ path: String, catalog: SettingsCatalog = .petrel) -> AppError {
        let names = catalog.settings.map(\.path)
        let last = path.split(separator: ".").last.map(String.init) ?? path
        let near =
            Suggestion.nearest(to: path, in: names + catalog.keys(in: nil)) ?? names.first { $0.hasSuffix("." + last) }
        return AppError(
            .unknownSetting, "there is no setting \"\(path)\"",
            hint: near.map { "Did you mean \"\($0)\"?" } ?? "See them all with: petrel config sample")
    }

    private static func text(_ setting: Setting, _ value: SettingValue?) -> String {
        let standard = setting.isSecret ? "none" : SettingsSample.text(of: setting.standard)
        var rows = [
            ("value", value?.shown ?? standard), ("from", value?.origin.description ?? ""), ("default", standard),
            ("must be", setting.kind.expectation), ("environment", setting.environmentName),
        ]
        if setting.isSecret { rows.append(("file", "\(setting.path)_file, \(setting.environmentName)_FILE")) }
        rows.append(("a change", setting.needsRestart ? "needs a restart" : "takes effect at once"))
        let lines = rows.map { "  " + $0.0.padding(to: 12) + VisibleText.line($0.1) }
        return ([setting.path, "  " + setting.summary] + lines).joined(separator: "\n") + "\n"
    }
}

extension String {
    /// The text with blanks behind it up to a width on a terminal.
    func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - DisplayWidth.of(self)))
    }
}

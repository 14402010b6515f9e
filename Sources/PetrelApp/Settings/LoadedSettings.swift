import PetrelCore

/// Settings together with where each came from.
struct LoadedSettings: Sendable {
    var settings: Settings
    var values: SettingValues
    var warnings: [AppError]
    /// The settings file, as it was named; nil without one.
    var file: String?

    /// Reads defaults, file, environment and flags, the later ones winning.
    ///
    /// There is no file unless `config` or `PETREL_CONFIG` names one.
    /// - Throws: ``AppErrors`` with everything that is wrong.
    static func load(
        config: String? = nil, dataDir: String? = nil, environment: [String: String], workingFolder: String,
        catalog: SettingsCatalog = .petrel
    ) throws(AppErrors) -> LoadedSettings {
        var reader = SettingsReader(catalog: catalog, workingFolder: workingFolder)
        let file = config ?? environment["PETREL_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
        if let file { reader.read(file: file) }
        reader.read(environment: environment)
        reader.read(flag: "--data-dir", "data_dir", dataDir)
        reader.finish()
        guard reader.problems.isEmpty else { throw AppErrors(reader.problems) }
        return LoadedSettings(
            settings: Settings(reader.values, adapters: reader.adapters.adapters), values: reader.values,
            warnings: reader.warnings, file: file)
    }
}

import FoundationEssentials
import Glibc
import PetrelCore
import PetrelExpressions
import PetrelSystem

/// The small files of the data folder that hold secrets or say where the service is.
struct ServiceFiles {
    let folder: String
    let random: any RandomSource

    /// Makes the data folder, for its owner alone.
    func makeFolder() throws(AppError) {
        do {
            guard !LocalFile.kind(folder).exists else { return try checkFolder() }
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            chmod(folder, 0o700)
        } catch {
            throw AppError(
                .badFile, "the data folder can't be made: \(error)",
                hint: "Choose another with --data-dir or the setting data_dir, or change its rights",
                location: Location(file: folder), underlying: error)
        }
        try checkFolder()
    }

    private func checkFolder() throws(AppError) {
        guard access(folder, W_OK | X_OK) == 0 else {
            throw AppError(
                .badFile, "the data folder can't be written",
                hint: "Choose another with --data-dir or the setting data_dir, or change its rights",
                location: Location(file: folder))
        }
    }

    /// The administrator's token; a first start makes it.
    func adminToken() throws(AppError) -> Secret<String> { try secret("admin-token", bytes: 32) }

    /// The key of the tokens that running actions get.
    func tokenKey() throws(AppError) -> Secret<[UInt8]> {
        Secret(Array(try secret("token-key", bytes: 32).reveal().utf8))
    }

    /// The key of the audit trail's chain.
    func auditKey() throws(AppError) -> Secret<[UInt8]> {
        Secret(Array(try secret("audit-key", bytes: 32).reveal().utf8))
    }

    /// Writes a file that others read, such as the URL of this start.
    func write(_ text: String, to name: String) throws(AppError) {
        // By rename, so that nobody reads half of it.
        let path = folder + "/" + name
        try LocalFile.write(Array((text + "\n").utf8), to: path + ".new")
        guard rename(path + ".new", path) == 0 else {
            throw AppError(.badFile, "\(path) can't be written", location: Location(file: path))
        }
    }

    /// Writes the configuration of a pack.
    func writeConfig(of pack: String, _ values: ValueObject) throws(CoreError) {
        _ = makePrivateFolder(folder + "/configs")
        do throws(AppError) { try write(YAMLWriter.text(.object(values)), to: "configs/\(pack).yaml") } catch {
            throw CoreError(.unavailable, error.message, hint: error.hint, underlying: error)
        }
    }

    func remove(_ name: String) { unlink(folder + "/" + name) }

    private func secret(_ name: String, bytes: Int) throws(AppError) -> Secret<String> {
        let path = folder + "/" + name
        if LocalFile.kind(path).exists { return try SecretFile.text(path) }
        try write(random.hexadecimal(bytes), to: name)
        return try SecretFile.text(path)
    }
}

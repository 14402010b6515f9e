import PetrelCore

/// Files that hold one secret and nothing else.
enum SecretFile {
    /// The text of the file without the blanks and line ends around it; at most 64 KiB, never empty.
    static func text(_ path: String) throws(AppError) -> Secret<String> {
        let text = try LocalFile.text(path, maxBytes: 1 << 16).trimmingBlanks
        guard !text.isEmpty else {
            throw AppError(
                .badSetting, "\(path) is empty", hint: "Write the secret into it", location: Location(file: path))
        }
        return Secret(String(text))
    }
}

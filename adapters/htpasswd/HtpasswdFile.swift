public import PetrelCore
import PetrelSystem

/// User names and password hashes in a file as Apache's `htpasswd` writes it: `name:hash` lines, bcrypt, apr1, SHA-1 or any
/// hash of the system's library.
///
/// The file is read at each log-in; without one nobody can log in.
public struct HtpasswdFile: PasswordBackend {
    private static let maxBytes = 4 << 20
    /// Checked where there is no such user, so that the time does not tell that.
    private static let decoy = "$2y$05$abcdefghijklmnopqrstuuDdGMKs5NLi/3DDCQMpHVWb1bHEGhf4a"

    private let path: String

    /// The back-end over a file, which need not be there yet.
    public init(path: String) { self.path = path }

    /// Hashes are checked away from Swift's threads: that takes tens of milliseconds by design.
    public func isValid(_ password: Secret<String>, of user: String) async throws(CoreError) -> Bool {
        guard let hash = hash(of: user) else {
            _ = await PasswordHash.verify(password.reveal(), against: Self.decoy)
            return false
        }
        return await PasswordHash.verify(password.reveal(), against: hash)
    }

    private func hash(of user: String) -> String? {
        guard !user.isEmpty, let bytes = readFile(path, limit: Self.maxBytes) else { return nil }
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, Array(parts[0]) == Array(user.utf8) else { continue }
            let hash = String(decoding: parts[1], as: UTF8.self)
            return hash.hasSuffix("\r") ? String(hash.dropLast()) : hash
        }
        return nil
    }
}

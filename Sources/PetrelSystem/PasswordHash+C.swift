import CCrypt
import Glibc
import PetrelCore

/// Checks passwords against the hashes of the system's password library: bcrypt, SHA-512-crypt, yescrypt and others;
/// and Apache's own two.
public enum PasswordHash {
    /// Whether a password fits a hash; false also for a hash of an unknown kind, and while thousands of checks wait.
    ///
    /// Takes tens of milliseconds by design, on a thread of its own pool.
    public static func verify(_ password: String, against hash: String) async -> Bool {
        await withCheckedContinuation { continuation in
            let isTaken = WorkerPool.passwords.run { continuation.resume(returning: isMatch(password, hash)) }
            if !isTaken { continuation.resume(returning: false) }
        }
    }

    static func isMatch(_ password: String, _ hash: String) -> Bool {
        guard !hash.isEmpty, !password.utf8.contains(0), !hash.utf8.contains(0) else { return false }
        if let isMatch = ApacheHash.isMatch(password, hash) { return isMatch }
        // 32 KiB, which crypt_r wants zeroed.
        let data = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
        defer { data.deallocate() }
        memset(data, 0, MemoryLayout<crypt_data>.size)
        defer { explicit_bzero(data, MemoryLayout<crypt_data>.size) }
        guard let result = crypt_r(password, hash, data) else { return false }
        let text = String(cString: result)
        // A failure is told by a text that begins with a star and fits no hash.
        return !text.hasPrefix("*") && isEqualInConstantTime(text, hash)
    }
}

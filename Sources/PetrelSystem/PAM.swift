import CPetrel
public import PetrelCore

/// The machine's own check of passwords.
public enum PAM {
    /// PAM's numbers for a wrong password, an unknown user, an account that may not be used, and too many tries.
    private static let refusals: Set<Int32> = [6, 7, 10, 11, 12, 13]

    /// Whether a password is a user's and the account may be used, by the rules of a service in `/etc/pam.d`.
    ///
    /// Modules may take seconds, so it runs on a thread of its own pool.
    /// - Throws: ``SystemError`` when PAM is not there or fails.
    public static func isValid(_ password: String, of user: String, service: String) async throws(SystemError) -> Bool {
        guard !user.utf8.contains(0), !password.utf8.contains(0), !user.isEmpty else { return false }
        let result: Int32? = await withCheckedContinuation { continuation in
            let isTaken = WorkerPool.passwords.run {
                continuation.resume(returning: petrel_pam_check(service, user, password))
            }
            if !isTaken { continuation.resume(returning: nil) }
        }
        switch result {
        case 0: return true
        case .some(let number) where refusals.contains(number): return false
        case -1:
            throw SystemError(
                .unreachable, "this machine has no PAM library (libpam.so.0)", hint: "Install libpam0g, or use htpasswd"
            )
        case .some(let number):
            throw SystemError(.unreachable, "PAM failed with error \(number) for the service \(service)")
        case nil: throw SystemError(.unreachable, "too many passwords wait to be checked")
        }
    }
}

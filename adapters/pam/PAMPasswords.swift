public import PetrelCore
import PetrelSystem

/// Passwords as this machine's PAM checks them, so that people log in with their accounts of the machine.
///
/// Most PAM modules read `/etc/shadow` and so need the service to run as root or in the group shadow.
public struct PAMPasswords: PasswordBackend {
    private let service: String

    /// The back-end by the rules of a service in `/etc/pam.d`.
    public init(service: String) { self.service = service }

    /// Checks password and account, on a thread of its own: modules may wait for a network.
    public func isValid(_ password: Secret<String>, of user: String) async throws(CoreError) -> Bool {
        do throws(SystemError) {
            return try await PAM.isValid(password.reveal(), of: user, service: service)
        } catch {
            throw CoreError(.unavailable, error.message, hint: error.hint)
        }
    }
}

import Logging
import PetrelCore
import PetrelEngine
import PetrelSystem
import Synchronization

/// Keeps the chat policy in force as its file says.
///
/// A file that is wrong changes nothing; at the start, when there is nothing to keep, it closes the chat to all aliases.
final class ChatPolicyWatch: Sendable {
    private let path: String?
    private let policy: LiveChatPolicy
    private let logger: Logger
    private let hasBeenRead = Mutex(false)

    init(path: String?, policy: LiveChatPolicy, logger: Logger) {
        self.path = path
        self.policy = policy
        self.logger = logger
    }

    /// Reads the file once.
    func load() {
        guard let path else { return }
        do throws(AppError) {
            policy.replace(with: try ChatPolicyFile.read(path))
            hasBeenRead.withLock { $0 = true }
        } catch {
            logger.error("the chat policy is not taken over: \(error.description)")
            guard !hasBeenRead.withLock({ $0 }) else { return }
            policy.replace(with: ChatPolicy(closed: "the chat policy can't be read; whoever runs Petrel must mend it"))
        }
    }

    /// Reads after each burst of changes, until the task is cancelled.
    func run() async {
        guard let path else { return }
        for await _ in FolderWatch(folders: [PathText.folder(of: path)]).changes { load() }
    }
}

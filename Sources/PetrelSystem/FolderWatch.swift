public import PetrelCore
import Synchronization

/// Tells that something changed below some folders, soon after it did.
///
/// Many changes at once are told once. Where the kernel can't watch (inotify missing, or more folders than
/// `maxWatches`), the folders are compared every second instead.
public final class FolderWatch: ChangeWatch {
    /// One element for each burst of changes, for one consumer.
    ///
    /// What is not taken in time is told once.
    public let changes: AsyncStream<Void>

    private let watcher: FolderWatcher

    /// Watches the folders and all below them, until the watch is released.
    ///
    /// A folder that is missing is watched from when it comes to be.
    /// - Parameter isDeep: with false only what is right in the folders is watched.
    public convenience init(folders: [String], maxWatches: Int = 8192, isDeep: Bool = true) {
        self.init(folders: folders, maxWatches: maxWatches, isDeep: isDeep, pollsOnly: false)
    }

    init(folders: [String], maxWatches: Int, isDeep: Bool = true, pollsOnly: Bool) {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        changes = stream
        watcher = FolderWatcher(folders: folders, maxWatches: pollsOnly ? 0 : maxWatches, depth: isDeep ? 32 : 0) {
            continuation.yield()
        }
        continuation.onTermination = { [watcher] _ in watcher.stop() }
        watcher.start { continuation.finish() }
    }

    /// Whether the folders are compared every second, for want of watches.
    public var isPolling: Bool { watcher.isPolling.load(ordering: .relaxed) }

    deinit { watcher.stop() }
}

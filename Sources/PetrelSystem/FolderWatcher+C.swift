import CPetrel
import Glibc
import Synchronization

/// The thread behind ``FolderWatch``: it alone touches the inotify descriptor and what was seen; others only stop it.
final class FolderWatcher: @unchecked Sendable {
    let isPolling = Atomic<Bool>(false)

    private let folders: [String]
    private let maxWatches: Int
    /// How many levels below the folders are watched.
    private let depth: Int
    private let onChange: @Sendable () -> Void
    /// Readable once the watch is to end.
    private let stopper = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    private var inotify: Int32 = -1
    private var watched: [Int32: String] = [:]
    private var seen = 0

    init(folders: [String], maxWatches: Int, depth: Int, onChange: @escaping @Sendable () -> Void) {
        self.depth = depth
        self.folders = folders
        self.maxWatches = maxWatches
        self.onChange = onChange
        watchAll()
    }

    deinit {
        if inotify >= 0 { close(inotify) }
        if stopper >= 0 { close(stopper) }
    }

    func start(_ onEnd: @escaping @Sendable () -> Void) {
        let isStarted = startThread("petrel-watch") { [self] in
            run()
            onEnd()
        }
        if !isStarted { onEnd() }
    }

    func stop() {
        var one: UInt64 = 1
        _ = write(stopper, &one, 8)
    }

    private func run() {
        while !isPolling.load(ordering: .relaxed) {
            guard waitForEvents() else { return }
            // A burst, such as a checkout, is one change: wait until it is quiet for a moment, but not for ever.
            var rounds = 0
            while rounds < 20, isReadable(inotify, milliseconds: 25) {
                readEvents()
                rounds += 1
            }
            watchAll()
            onChange()
        }
        while !isReadable(stopper, milliseconds: 1000) {
            let now = fingerprint()
            if now != seen { onChange() }
            seen = now
        }
    }

    /// False when the watch is to end.
    ///
    /// A missing folder is looked for every second.
    private func waitForEvents() -> Bool {
        while true {
            var ready = [
                pollfd(fd: inotify, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stopper, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&ready, 2, isComplete ? -1 : 1000)
            if ready[1].revents != 0 { return false }
            if ready[0].revents != 0 {
                readEvents()
                return true
            }
            if count == 0, hasFoundFolder() { return true }
        }
    }

    private var isComplete: Bool { folders.allSatisfy(watched.values.contains) }

    /// Looks at the missing folders alone: thousands of files in the others are not to be walked through every second.
    private func hasFoundFolder() -> Bool {
        guard folders.contains(where: { isFolder($0) && !watched.values.contains($0) }) else { return false }
        let before = watched.count
        watchAll()
        return watched.count != before
    }

    private func isReadable(_ descriptor: Int32, milliseconds: Int32) -> Bool {
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&ready, 1, milliseconds) > 0
    }

    private func readEvents() {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let size = read(inotify, &buffer, buffer.count)
        var at = 0
        let header = MemoryLayout<inotify_event>.size
        while at + header <= size {
            let event = buffer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: inotify_event.self) }
            if event.mask & UInt32(IN_IGNORED) != 0 { watched[event.wd] = nil }
            // The watch goes with the folder that was moved; what takes its place needs one of its own.
            if event.mask & UInt32(IN_MOVE_SELF) != 0 { inotify_rm_watch(inotify, event.wd) }
            at += header + Int(event.len)
        }
    }

    /// Watches every folder that is not watched yet; when there are too many, the thread compares them instead.
    private func watchAll() {
        if inotify < 0, maxWatches > 0 { inotify = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) }
        var isWatching = inotify >= 0
        if isWatching {
            walk { path, about in
                guard isWatching, about.st_mode & S_IFMT == S_IFDIR, depth > 0 || folders.contains(path) else { return }
                isWatching = watch(path)
            }
        }
        // Before anybody is told: what changes after that must be seen.
        if !isWatching { seen = fingerprint() }
        isPolling.store(!isWatching, ordering: .relaxed)
    }

    private func watch(_ path: String) -> Bool {
        let mask =
            IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF
            | IN_MOVE_SELF | IN_ATTRIB
        let watch = inotify_add_watch(inotify, path, UInt32(mask) | UInt32(IN_ONLYDIR))
        if watch >= 0 { watched[watch] = path }
        // A folder that went away meanwhile is no reason to give up; a full table is.
        return watch >= 0 ? watched.count <= maxWatches : errno != ENOSPC && errno != ENOMEM
    }

    /// A number that changes with names, sizes and times of what is below the folders.
    private func fingerprint() -> Int {
        var hasher = Hasher()
        walk { path, about in
            hasher.combine(path)
            hasher.combine(about.st_ino)
            hasher.combine(about.st_size)
            hasher.combine(about.st_mtim.tv_sec)
            hasher.combine(about.st_mtim.tv_nsec)
        }
        return hasher.finalize()
    }

    /// Visits the folders and what is below them: at most 200,000 entries, not below the watched levels, through no link.
    private func walk(_ visit: (String, stat) -> Void) {
        var waiting = folders.map { ($0, 0) }
        var visited = 0
        while let (path, depth) = waiting.popLast(), visited < 200_000 {
            visited += 1
            var about = stat()
            // The named folders themselves may be links.
            guard (depth == 0 ? stat(path, &about) : lstat(path, &about)) == 0 else { continue }
            visit(path, about)
            guard about.st_mode & S_IFMT == S_IFDIR, depth < max(1, self.depth) else { continue }
            waiting.append(contentsOf: folderEntries(path).map { (path + "/" + $0, depth + 1) })
        }
    }
}

/// The names in a folder, sorted, without `.` and `..`; none when it can't be read.
public func folderEntries(_ path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

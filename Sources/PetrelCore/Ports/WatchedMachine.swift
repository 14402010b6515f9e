/// A file at one moment, told from others that had its name.
public struct FileMark: Sendable, Hashable {
    /// Device and number on it: the same as long as it is the same file.
    public var device: Int
    /// The number on the device.
    public var number: Int
    /// Its bytes.
    public var size: Int

    /// A mark from its parts.
    public init(device: Int, number: Int, size: Int) {
        self.device = device
        self.number = number
        self.size = size
    }
}

/// A running process.
public struct ProcessMark: Sendable, Hashable {
    /// Its number.
    public var pid: Int
    /// Ticks since the machine's start at its own: tells it from others that had its number.
    public var startTime: Int
    /// The name that the kernel knows, at most 15 bytes.
    public var name: String
    /// Program and arguments; empty for a kernel thread.
    public var arguments: [String]

    /// A mark from its parts.
    public init(pid: Int, startTime: Int, name: String, arguments: [String]) {
        self.pid = pid
        self.startTime = startTime
        self.name = name
        self.arguments = arguments
    }
}

/// The port through which sensors of Petrel's own see this machine.
public protocol WatchedMachine: Sendable {
    /// The regular file at a path, links followed; nil when there is none or it can't be read.
    func file(_ path: String) -> FileMark?
    /// The files beside a path, in its folder, by path; at most a thousand are looked at.
    func siblings(of path: String) -> [String: FileMark]
    /// Bytes of a file from an offset on, and which file it was; nil when it can't be read.
    func read(_ path: String, from offset: Int, limit: Int) -> (mark: FileMark, bytes: [UInt8])?
    /// Running processes, whose name or program is this.
    func processes(named name: String) -> [ProcessMark]
    /// Tells of changes right in these folders, not further below.
    func watch(_ folders: [String]) -> any ChangeWatch
}

/// Tells that something changed, until it is released.
public protocol ChangeWatch: AnyObject, Sendable {
    /// One element soon after each burst of changes, for one consumer.
    var changes: AsyncStream<Void> { get }
}

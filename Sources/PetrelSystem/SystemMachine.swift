public import PetrelCore

/// This machine, as sensors of Petrel's own see it.
public struct SystemMachine: WatchedMachine {
    private static let mostSiblings = 1000
    private static let mostProcesses = 100_000
    private static let longestArguments = 4096

    /// This machine.
    public init() {}

    /// See ``WatchedMachine/file(_:)``.
    public func file(_ path: String) -> FileMark? { markedFile(path) }

    /// See ``WatchedMachine/siblings(of:)``.
    public func siblings(of path: String) -> [String: FileMark] {
        let folder = Self.folder(of: path)
        var found: [String: FileMark] = [:]
        for name in folderEntries(folder).prefix(Self.mostSiblings) {
            let sibling = folder + "/" + name
            if sibling != path, let mark = markedFile(sibling) { found[sibling] = mark }
        }
        return found
    }

    /// See ``WatchedMachine/read(_:from:limit:)``.
    public func read(_ path: String, from offset: Int, limit: Int) -> (mark: FileMark, bytes: [UInt8])? {
        readMarked(path, from: offset, limit: limit)
    }

    /// Reads /proc.
    public func processes(named name: String) -> [ProcessMark] {
        let pids = folderEntries("/proc").prefix(Self.mostProcesses).compactMap(Int32.init)
        return pids.compactMap { pid -> ProcessMark? in
            guard let comm = readFile("/proc/\(pid)/comm", limit: 64) else { return nil }
            let known = String(decoding: comm.prefix { $0 != 0x0A }, as: UTF8.self)
            let bytes = readFile("/proc/\(pid)/cmdline", limit: Self.longestArguments) ?? []
            let arguments = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            let program = arguments.first?.split(separator: "/").last.map(String.init)
            guard known == name || program == name, let start = ChildProcess.startTime(of: pid) else { return nil }
            return ProcessMark(pid: Int(pid), startTime: Int(start), name: known, arguments: arguments)
        }
    }

    /// See ``WatchedMachine/watch(_:)``.
    public func watch(_ folders: [String]) -> any ChangeWatch { FolderWatch(folders: folders, isDeep: false) }

    private static func folder(of path: String) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return parts.count > 1 ? parts.joined(separator: "/") : "/"
    }
}

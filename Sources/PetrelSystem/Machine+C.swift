import CPetrel
import Glibc

/// Has the allocator use two heaps instead of one for each thread, which saves memory when idle.
///
/// Call it first of all, before there are threads.
public func limitHeaps() { petrel_limit_heaps(2) }

/// Gives memory back to the system, after the start and after busy times: what is free, and code that only they needed.
public func trimMemory() {
    petrel_trim_heaps()
    petrel_unmap_idle_code()
}

/// Lets the process have as many files and connections open as the machine allows, up to a number.
///
/// Commands get the usual 1,024 back (petrel-shim).
/// - Returns: how many it may have open now.
@discardableResult
public func raiseOpenFiles(to wanted: Int) -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
    limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, rlim_t(wanted)))
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(limit.rlim_cur)
}

/// The id of the machine's current boot, empty where unknown.
///
/// With another one, no process of before can be alive.
public func bootID() -> String { currentBootID }

private let currentBootID: String = {
    let bytes = readFile("/proc/sys/kernel/random/boot_id", limit: 64) ?? []
    return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
}()

/// The name of the user that the process runs as, or its number where it has no name.
public func currentUserName() -> String {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16 * 1024)
    guard getpwuid_r(geteuid(), &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name
    else { return String(geteuid()) }
    return String(cString: name)
}

/// The process's environment as it is now.
///
/// Call it at the start: it must not run while something changes it.
public func currentEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
        let pair = String(cString: text)
        if let equals = pair.firstIndex(of: "=") {
            variables[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
        }
        entry += 1
    }
    return variables
}

/// The working folder of the process, or `/` when it is gone.
public func currentFolder() -> String {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return String(cString: path)
}

/// The folder of the running executable.
public func executableFolder() -> String {
    guard let path = realPath("/proc/self/exe"), let slash = path.lastIndex(of: "/") else { return "/" }
    return String(path[..<slash])
}

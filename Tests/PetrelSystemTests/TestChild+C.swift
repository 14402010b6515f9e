import Glibc

/// A child process whose standard input and output are this end of a socket; the test that made it owns it.
///
/// Foundation's `Process` hangs when several tests start one at the same time.
final class TestChild: Sendable {
    private let pid: pid_t
    private let socket: Int32

    init?(_ arguments: [String]) {
        var ends: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { return nil }
        defer { close(ends[1]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        var words = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        guard posix_spawnp(&pid, arguments[0], &actions, nil, &words, environ) == 0 else {
            close(ends[0])
            return nil
        }
        self.pid = pid
        socket = ends[0]
    }

    /// What it writes up to the first line break.
    func firstLine() -> String {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(socket, &byte, 1) == 1, byte != 0x0A { line.append(byte) }
        return String(decoding: line, as: UTF8.self)
    }

    /// Closes its input and waits for its end; its exit code.
    func end() -> Int32 {
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -1
    }
}

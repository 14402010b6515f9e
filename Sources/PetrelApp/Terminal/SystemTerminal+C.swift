import Glibc
import Synchronization

/// The terminal of this process, in raw mode until it is closed.
///
/// Its thread alone reads the keyboard; the saved mode is written before that thread and the signal handlers exist.
final class SystemTerminal: TerminalDevice, @unchecked Sendable {
    let events: AsyncStream<TerminalEvent>
    private let feed: AsyncStream<TerminalEvent>.Continuation
    private let original: termios
    /// A byte written to the second descriptor wakes the thread: `w` for a new width, anything else to end.
    private let wake: (read: Int32, write: Int32)
    private let isClosed = Atomic(false)

    /// Whether people sit at both standard input and standard output.
    static var isAvailable: Bool { isatty(0) == 1 && isatty(1) == 1 }

    /// Takes the terminal over; nil when there is none.
    init?() {
        var mode = termios()
        var ends: [Int32] = [0, 0]
        guard SystemTerminal.isAvailable, tcgetattr(0, &mode) == 0, pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        original = mode
        wake = (ends[0], ends[1])
        (events, feed) = AsyncStream.makeStream(
            of: TerminalEvent.self, bufferingPolicy: .bufferingOldest(10_000))
        TerminalRescue.arm(mode, wake: ends[1])
        cfmakeraw(&mode)
        // Output keeps its line ends, for logs of the service may be written beside the room.
        mode.c_oflag = original.c_oflag
        tcsetattr(0, TCSADRAIN, &mode)
        write("\u{1B}[?2004h")
        startReading()
    }

    var width: Int {
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return max(20, Int(size.ws_col))
    }

    func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = Glibc.write(1, Array(bytes), bytes.count)
            if count > 0 { bytes = bytes.dropFirst(count) }
            if count < 0, errno == EAGAIN {
                var ready = pollfd(fd: 1, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, 1000)
            } else if count < 0, errno != EINTR {
                return
            }
        }
    }

    func close() {
        guard !isClosed.exchange(true, ordering: .relaxed) else { return }
        write("\u{1B}[?2004l\r\u{1B}[J")
        TerminalRescue.disarm()
        var mode = original
        tcsetattr(0, TCSADRAIN, &mode)
        _ = Glibc.write(wake.write, [0], 1)
    }

    private func startReading() {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let failure = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<SystemTerminal>.fromOpaque(context).takeRetainedValue().read()
                return nil
            }, context.toOpaque())
        if failure != 0 {
            context.release()
            feed.finish()
        } else {
            pthread_detach(thread)
        }
    }

    private func read() {
        var sources = [
            pollfd(fd: 0, events: Int16(POLLIN), revents: 0), pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
        ]
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            if poll(&sources, 2, -1) < 0 {
                if errno == EINTR { continue }
                break
            }
            if sources[1].revents != 0 {
                guard Glibc.read(wake.read, &buffer, 1) == 1, buffer[0] == UInt8(ascii: "w") else { break }
                feed.yield(.resized)
            }
            if sources[0].revents != 0 {
                let count = Glibc.read(0, &buffer, buffer.count)
                if count > 0 { feed.yield(.input(Array(buffer[..<count]))) }
                if count == 0 || count < 0 && errno != EINTR && errno != EAGAIN { break }
            }
        }
        feed.finish()
    }

    deinit {
        Glibc.close(wake.read)
        Glibc.close(wake.write)
    }
}

/// Gives the terminal back when the process is ended by a signal, and tells of a new width.
///
/// Only calls that are allowed in a signal handler are made there.
private enum TerminalRescue {
    /// Written before the handlers are set and not while they are.
    nonisolated(unsafe) static var mode = termios()
    static let wake = Atomic<Int32>(-1)
    /// Set by `arm`, so that the handlers never initialise a global.
    static let isArmed = Atomic(false)

    static func arm(_ saved: termios, wake descriptor: Int32) {
        mode = saved
        wake.store(descriptor, ordering: .relaxed)
        isArmed.store(true, ordering: .relaxed)
        signal(SIGWINCH) { _ in
            let saved = errno
            _ = Glibc.write(TerminalRescue.wake.load(ordering: .relaxed), "w", 1)
            errno = saved
        }
        for number in [SIGTERM, SIGHUP, SIGQUIT] where isUntouched(number) {
            signal(number) { number in
                if TerminalRescue.isArmed.load(ordering: .relaxed) {
                    tcsetattr(0, TCSANOW, &TerminalRescue.mode)
                    _ = Glibc.write(1, "\u{1B}[?2004l\r\n", 10)
                }
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    /// Whether nobody handles the signal yet; the service handles its own.
    private static func isUntouched(_ number: Int32) -> Bool {
        var action = sigaction()
        return sigaction(number, nil, &action) == 0 && action.__sigaction_handler.sa_handler == nil
    }

    static func disarm() {
        signal(SIGWINCH, SIG_DFL)
        isArmed.store(false, ordering: .relaxed)
        wake.store(-1, ordering: .relaxed)
    }
}

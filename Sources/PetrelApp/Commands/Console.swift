import FoundationEssentials
import Glibc
import PetrelCore

/// The standard streams of a command and what surrounds it.
struct Console: Sendable {
    var environment: [String: String]
    var workingFolder: String

    /// This process's own.
    static var current: Console {
        Console(
            environment: ProcessInfo.processInfo.environment,
            workingFolder: FileManager.default.currentDirectoryPath)
    }

    var isOutputTerminal: Bool { isatty(1) == 1 }
    var isErrorTerminal: Bool { isatty(2) == 1 }
    var isInputTerminal: Bool { isatty(0) == 1 }

    /// Colours of standard output.
    var style: TextStyle { .of(isTerminal: isOutputTerminal, environment: environment) }
    /// Colours of standard error.
    var errorStyle: TextStyle { .of(isTerminal: isErrorTerminal, environment: environment) }

    /// The columns into which tables are cut; nil when nobody looks.
    var width: Int? {
        guard isOutputTerminal else { return nil }
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return max(40, Int(size.ws_col))
    }

    /// Prints lines; each gets its end.
    func print(_ lines: [String]) {
        for line in lines { Console.write(line + "\n", to: 1) }
    }

    /// Prints a text with a line end.
    func print(_ text: String) { Console.write(text + "\n", to: 1) }

    /// Prints a text as it is.
    func printRaw(_ text: String) { Console.write(text, to: 1) }

    /// Prints a line to standard error.
    func note(_ text: String) { Console.write(text + "\n", to: 2) }

    /// Reads a line of standard input without its end; nil at the end of the input.
    func readLine() -> String? { Swift.readLine(strippingNewline: true) }

    /// Writes all of a text; a reader that has gone away ends the program as it would end `cat`.
    static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = Glibc.write(descriptor, Array(bytes.prefix(1 << 16)), min(bytes.count, 1 << 16))
            if count > 0 { bytes = bytes.dropFirst(count) }
            if count < 0, errno == EAGAIN {
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, -1)
            } else if count < 0, errno != EINTR {
                if errno == EPIPE { exit(141) }
                return
            }
        }
    }
}

/// The `exit` file that petrel-shim leaves, read.
struct ShimRecord: Sendable, Equatable {
    var termination = ShimEnd.Termination.notRun
    var timedOut = false
    var canceled = false
    var stdoutBytes = 0
    var stderrBytes = 0
    var droppedStdout = 0
    var droppedStderr = 0
    var error: String?

    /// Nil when the text is not a whole record of the attempt: its last line is `dropped_stderr`, with zeros behind it, and
    /// a crash of the machine may cut it or bring the one of an earlier attempt back.
    init?(_ bytes: [UInt8], of attempt: String) {
        let bytes = bytes.prefix { $0 != 0 }
        guard bytes.last == 0x0A else { return nil }
        var isWhole = false
        var isOwn = true
        // What is not known is skipped: the first line is that of the `started` file, and a newer shim may say more.
        for line in bytes.split(separator: 0x0A) {
            let parts = line.split(separator: 0x20, maxSplits: 1).map { String(decoding: $0, as: UTF8.self) }
            guard parts.count == 2 else { continue }
            if parts[0] == "error" { error = parts[1] }
            if parts[0] == "attempt" { isOwn = parts[1] == attempt }
            if let number = Int(parts[1]) { take(parts[0], number) }
            isWhole = isWhole || parts[0] == "dropped_stderr"
        }
        guard isWhole, isOwn, termination != .notRun else { return nil }
    }

    private mutating func take(_ name: String, _ number: Int) {
        switch name {
        case "exit": termination = .exit(Int32(truncatingIfNeeded: number))
        case "signal": termination = .signal(Int32(truncatingIfNeeded: number))
        case "timed_out": timedOut = number != 0
        case "canceled": canceled = number != 0
        case "stdout_bytes": stdoutBytes = number
        case "stderr_bytes": stderrBytes = number
        case "dropped_stdout": droppedStdout = number
        case "dropped_stderr": droppedStderr = number
        default: break
        }
    }
}

/// The `started` file: which process began the attempt, or that none ever will.
enum ShimStart: Sendable, Equatable {
    case void
    case process(pid: Int32, startTime: UInt64, boot: String)
    /// It can't be read; no shim and no service writes such a file.
    case unreadable

    init(_ bytes: [UInt8]) {
        // Behind the first line the shim writes its record.
        let words = String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self).split(separator: " ")
        if words == ["void"] {
            self = .void
        } else if words.count == 3, let pid = Int32(words[0]), let startTime = UInt64(words[1]) {
            self = .process(pid: pid, startTime: startTime, boot: String(words[2]))
        } else {
            self = .unreadable
        }
    }
}

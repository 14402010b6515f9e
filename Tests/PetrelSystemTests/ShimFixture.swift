import PetrelSystem

/// A launcher on a folder of its own, and jobs that are easy to write.
struct ShimFixture {
    let folder = TemporaryFolder()
    let launcher: ShimLauncher
    /// Among the variables of every process that a job of this fixture starts.
    let mark = "MARK=\(UInt64.random(in: 0...UInt64.max))"

    init() { launcher = ShimLauncher(shimPath: shimPath, runFolder: folder.path + "/run") }

    /// Another service on the same folder.
    var successor: ShimLauncher { ShimLauncher(shimPath: shimPath, runFolder: folder.path + "/run") }

    func job(
        _ script: String, key: String = "a.1", cwd: String = "/", environment: [String: String] = [:],
        stdin: [UInt8]? = nil, timeout: Duration = .seconds(30), grace: Duration = .seconds(1), cap: Int = 1 << 20
    ) -> ShimJob {
        job(
            key, argv: ["/bin/bash", "-c", script], cwd: cwd, environment: environment, stdin: stdin, timeout: timeout,
            grace: grace, cap: cap)
    }

    func job(
        _ key: String = "a.1", argv: [String], cwd: String = "/", environment: [String: String] = [:],
        stdin: [UInt8]? = nil, timeout: Duration = .seconds(30), grace: Duration = .seconds(1), cap: Int = 1 << 20
    ) -> ShimJob {
        var variables = ["PATH": "/usr/bin:/bin", "MARK": String(mark.dropFirst(5))]
        variables.merge(environment) { $1 }
        return ShimJob(
            key: key, argv: argv, environment: variables, cwd: cwd, stdin: stdin, timeout: timeout, grace: grace,
            maxOutputBytes: cap)
    }

    func run(
        _ script: String, timeout: Duration = .seconds(30), grace: Duration = .seconds(1), cap: Int = 1 << 20
    ) async -> ShimEnd {
        await launcher.launch(job(script, timeout: timeout, grace: grace, cap: cap))
    }

    /// The folders of attempts; beside them lie the records of shims that wait, and empty folders.
    func runFolders() -> [String] {
        names(folder.path + "/run").filter { !$0.hasPrefix("exit.draft.") && !$0.hasPrefix(".gone.") }
    }

    /// How many processes of this fixture live.
    var alive: Int { processes(marked: mark).count }

    func file(_ name: String, key: String = "a.1") -> String { folder.path + "/run/" + key + "/" + name }

    /// Returns once the file is there, which a command makes as its signal; false when it does not come.
    func appears(_ path: String) async -> Bool {
        for _ in 0..<2000 {
            if contents(path) != nil { return true }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return false
    }
}

extension ShimEnd {
    var text: String { String(decoding: stdout, as: UTF8.self) }
    var errorOutput: String { String(decoding: stderr, as: UTF8.self) }
}

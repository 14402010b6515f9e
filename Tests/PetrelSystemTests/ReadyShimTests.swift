import PetrelSystem
import Synchronization
import Testing

@Suite("Shims that wait for a job")
struct ReadyShimTests {
    let fixture = ShimFixture()
    /// A name of the shim by which the processes of this test are known.
    let ownPath: String

    init() {
        ownPath = fixture.folder.path + "/own-shim"
        link(shimPath, as: ownPath)
    }

    private func launcher() -> ShimLauncher { ShimLauncher(shimPath: ownPath, runFolder: fixture.folder.path + "/run") }

    private func isReadyShim(_ pid: Int32) -> Bool {
        contents("/proc/\(pid)/cmdline")?.hasPrefix("\(ownPath)\0--ready\0") ?? false
    }

    private func waiting() -> [Int32] { names("/proc").compactMap { Int32($0) }.filter(isReadyShim) }

    /// Runs a job and forgets it; its end with the shim that kept it.
    private func run(_ job: ShimJob, _ launcher: ShimLauncher) async -> (end: ShimEnd, shim: Int32) {
        let shim = Mutex<Int32>(0)
        let end = await launcher.launch(job) { pid in shim.withLock { $0 = pid } }
        launcher.forget(key: job.key)
        return (end, shim.withLock(\.self))
    }

    private func job(_ script: String, _ key: String) -> ShimJob {
        fixture.job(script, key: key, environment: ["EMPTY": "", "LINES": "a\nb"])
    }

    @Test("one keeps a job after the other, each with its own variables, input and output only")
    func takesMore() async {
        let launcher = launcher()
        let script = "echo \"$EMPTY|$LINES\" \"$(env | grep -c .)\"; cat; pwd; echo \"$ONCE\" >&2; exit 3"
        let first = await run(job(script, "first"), launcher)
        #expect(isReadyShim(first.shim) && first.end.text.hasPrefix("|a\nb "))
        let other = fixture.job(
            "cat; echo \"$ONCE\" >&2", key: "other", cwd: "/tmp", environment: ["ONCE": "1"], stdin: Array("in".utf8))
        let between = await run(other, launcher)
        #expect(between.end == ShimEnd(termination: .exit(0), stdout: Array("in".utf8), stderr: Array("1\n".utf8)))
        let last = await run(job(script, "last"), launcher)
        #expect(last.end == first.end)
        #expect(between.shim == first.shim && last.shim == first.shim)
    }

    @Test("three hundred jobs of one leave nothing open in it")
    func staysAsItIs() async {
        let launcher = launcher()
        let (_, shim) = await run(job("echo a; echo b >&2", "j.0"), launcher)
        #expect(await comesTrue { drafts().count == 1 })
        let before = names("/proc/\(shim)/fd").count
        for number in 1..<300 {
            let (end, same) = await run(job("echo \(number)", "j.\(number)"), launcher)
            #expect(end.text == "\(number)\n" && same == shim)
        }
        #expect(await comesTrue { drafts().count == 1 })
        // It says that it is ready before it has closed what the job had open, the first time too.
        #expect(await comesTrue { names("/proc/\(shim)/fd").count <= before })
    }

    @Test("one that had to end its job by force, or whose job left processes behind, leaves with that")
    func leavesWithRests() async {
        let launcher = launcher()
        let late = await run(fixture.job("sleep 1000", key: "late", timeout: .milliseconds(50)), launcher)
        #expect(late.end.timedOut)
        #expect(await comesTrue { !isReadyShim(late.shim) })
        let left = await run(job("setsid sleep 1000 & echo on", "left"), launcher)
        #expect(left.end.text == "on\n")
        #expect(await comesTrue { !isReadyShim(left.shim) })
        #expect(fixture.alive == 1, "a process in the background goes on, as it does in a shell")
        for pid in processes(marked: fixture.mark) { sendSignal(9, to: pid) }
        let none = await run(fixture.job("none", argv: ["/no/such/program"]), launcher)
        #expect(none.end.termination == .exit(127) && none.end.error != nil)
        let next = await run(job("echo next", "next"), launcher)
        #expect(next.end == ShimEnd(termination: .exit(0), stdout: Array("next\n".utf8)))
        #expect(drafts().count <= 1)
    }

    @Test("a job is ended, and never the one that follows it")
    func cancels() async {
        let launcher = launcher()
        let folder = fixture.folder.path
        let first = await run(job("true", "first"), launcher)
        async let ended = run(job("touch \(folder)/on; sleep 1000", "ended"), launcher)
        #expect(await fixture.appears(folder + "/on"))
        launcher.terminate(key: "ended")
        let stopped = await ended
        #expect(stopped.end.canceled && stopped.shim == first.shim)
        let over = await run(job("true", "over"), launcher)
        async let next = run(job("touch \(folder)/next; sleep 0.3; echo done", "next"), launcher)
        #expect(await fixture.appears(folder + "/next"))
        for key in ["first", "ended", "over"] { launcher.terminate(key: key) }
        // Another service would not know that it ended.
        ShimLauncher(shimPath: ownPath, runFolder: folder + "/run").terminate(key: "over")
        let after = await next
        #expect(after.end == ShimEnd(termination: .exit(0), stdout: Array("done\n".utf8)))
        #expect(after.shim == over.shim)
    }

    @Test("many jobs at once, and ends of them at any time, end each in its own way", .timeLimit(.minutes(2)))
    func many() async {
        let launcher = launcher()
        let wrong = await withTaskGroup(of: [String].self, returning: [String].self) { group in
            for lane in 0..<8 {
                let jobs = (0..<60).map { number in
                    let key = "m.\(lane).\(number)"
                    return job(number % 3 == 0 ? "sleep 1000" : "echo \(key)", key)
                }
                group.addTask { await Self.wrong(of: jobs, launcher) }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(wrong == [])
        #expect(await comesTrue { fixture.alive == 0 })
        #expect(waiting().count <= 16)
    }

    /// Runs jobs one after the other, each third of which must be ended; the keys of those that ended in another way.
    private static func wrong(of jobs: [ShimJob], _ launcher: ShimLauncher) async -> [String] {
        var wrong: [String] = []
        for (number, job) in jobs.enumerated() {
            let (begun, tell) = AsyncStream<Void>.makeStream()
            async let end = launcher.launch(job) { _ in tell.finish() }
            for await _ in begun {}
            if number % 3 == 0 {
                try? await Task.sleep(for: .milliseconds(number % 7))
                launcher.terminate(key: job.key)
                if await !end.canceled { wrong.append(job.key) }
            } else {
                if await end.text != job.key + "\n" { wrong.append(job.key) }
                launcher.terminate(key: job.key)
            }
            launcher.forget(key: job.key)
        }
        return wrong
    }

    @Test("one that is killed while it keeps a job is told of, and the next job has another")
    func killedAtWork() async {
        let launcher = launcher()
        let first = await run(job("kill -9 $PPID; sleep 1000", "killed"), launcher)
        #expect(first.end.termination == .lost)
        #expect(await run(job("echo on", "next"), launcher).end.text == "on\n")
        for pid in processes(marked: fixture.mark) { sendSignal(9, to: pid) }
    }

    @Test("an empty argument stays one, and a long job is run all the same")
    func arguments() async {
        let launcher = launcher()
        for number in 0..<20 {
            let argv = ["/bin/bash", "-c", "echo $# ${#1} ${#2} \"$3\"", "x", "", "two words", "last"]
            #expect(await launcher.launch(fixture.job("w.\(number)", argv: argv)).text == "3 0 9 last\n")
        }
        let word = String(repeating: "y", count: 100_000)
        let long = fixture.job("long", argv: ["/bin/bash", "-c", "echo ${#1}", "x", word])
        #expect(await launcher.launch(long).text == "100000\n")
    }

    @Test("one that was killed while it waited is passed over")
    func killed() async {
        let launcher = launcher()
        for number in 0..<200 {
            for pid in waiting() where number % 4 == 0 { sendSignal(9, to: pid) }
            let (end, _) = await run(fixture.job("echo \(number)", key: "k.\(number)"), launcher)
            #expect(end == ShimEnd(termination: .exit(0), stdout: Array("\(number)\n".utf8)))
        }
    }

    @Test("they leave with the service")
    func leave() async {
        do {
            let launcher = launcher()
            _ = await run(job("true", "first"), launcher)
            #expect(waiting().count == 1)
        }
        #expect(await comesTrue { waiting().isEmpty && drafts().isEmpty })
    }

    @Test("what one left that was killed while it waited is swept away, and nothing of one that lives")
    func sweep() async {
        let launcher = launcher()
        let runFolder = fixture.folder.path + "/run"
        _ = await run(job("true", "first"), launcher)
        #expect(await comesTrue { waiting().count == 1 && drafts().count == 1 })
        let living = drafts().sorted()
        for (name, line) in [("1", "1 1 another-boot"), ("2", "2 1 \(bootID())"), ("3", "")] {
            write(line + "\n", to: runFolder + "/exit.draft." + name)
        }
        launcher.sweep()
        #expect(drafts().sorted() == living)
        #expect(await launcher.launch(fixture.job("echo on", key: "on")).text == "on\n")
    }

    @Test("a shim's file names the process while its job runs, and tells of its end until that is forgotten")
    func record() async throws {
        let launcher = launcher()
        let folder = fixture.folder.path + "/run"
        let first = await run(job("true", "first"), launcher)
        let job = job("while [ ! -e \(fixture.folder.path)/go ]; do sleep 0.01; done", "long")
        async let end = launcher.launch(job)
        #expect(await comesTrue { names(folder + "/long") == ["started"] })
        write("", to: fixture.folder.path + "/go")
        #expect(await end == ShimEnd(termination: .exit(0)))
        #expect(names(folder + "/long").sorted() == ["exit", "started"])
        let (_, other) = await run(self.job("true", "next"), launcher)
        #expect(contents(folder + "/long/exit") == contents(folder + "/long/started"), "it keeps its record")
        #expect(contents(folder + "/long/exit")?.hasPrefix("\(first.shim) ") ?? false && other != first.shim)
        launcher.forget(key: "long")
        #expect(await run(self.job("true", "last"), launcher).shim != 0)
        #expect(fixture.runFolders().isEmpty)
    }

    private func drafts() -> [String] { names(fixture.folder.path + "/run").filter { $0.hasPrefix("exit.draft.") } }

    private func comesTrue(_ condition: () -> Bool) async -> Bool {
        for _ in 0..<2000 {
            if condition() { return true }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return false
    }
}

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

    /// Runs jobs until a shim that waited has taken one; its end, or nil when none ever does.
    private func endByReadyShim(_ script: String, _ launcher: ShimLauncher) async -> ShimEnd? {
        for number in 0..<500 {
            let wasReady = Mutex(false)
            let end = await launcher.launch(job(script, "ready.\(number)")) { pid in
                wasReady.withLock { $0 = isReadyShim(pid) }
            }
            if wasReady.withLock({ $0 }) { return end }
        }
        return nil
    }

    private func job(_ script: String, _ key: String) -> ShimJob {
        fixture.job(script, key: key, environment: ["EMPTY": "", "LINES": "a\nb"])
    }

    @Test("a job that one takes is run as any other, with its own variables only")
    func sameEnd() async throws {
        let script = "echo \"$EMPTY|$LINES\" \"$(env | grep -c .)\"; cat; pwd; exit 3"
        let launcher = launcher()
        let first = await launcher.launch(job(script, "first"))
        let end = try #require(await endByReadyShim(script, launcher))
        #expect(end == first)
        #expect(end.text.hasPrefix("|a\nb "))
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
            let end = await launcher.launch(fixture.job("echo \(number)", key: "k.\(number)"))
            #expect(end == ShimEnd(termination: .exit(0), stdout: Array("\(number)\n".utf8)))
        }
    }

    @Test("they leave with the service")
    func leave() async {
        do {
            let launcher = launcher()
            _ = await endByReadyShim("true", launcher)
            #expect(await comesTrue { !waiting().isEmpty })
        }
        #expect(await comesTrue { waiting().isEmpty && drafts().isEmpty })
    }

    @Test("what one left that was killed while it waited is swept away, and nothing of one that lives")
    func sweep() async {
        let launcher = launcher()
        let run = fixture.folder.path + "/run"
        _ = await endByReadyShim("true", launcher)
        #expect(await comesTrue { waiting().count == 2 && drafts().count == 2 })
        let living = drafts().sorted()
        for (name, line) in [("1", "1 1 another-boot"), ("2", "2 1 \(bootID())"), ("3", "")] {
            write(line + "\n", to: run + "/exit.draft." + name)
        }
        launcher.sweep()
        #expect(drafts().sorted() == living)
        #expect(await launcher.launch(fixture.job("echo on", key: "on")).text == "on\n")
    }

    @Test("the record of a job lies in its folder while it runs, so that another service finds it")
    func record() async throws {
        let launcher = launcher()
        let folder = fixture.folder.path + "/run"
        _ = await endByReadyShim("true", launcher)
        #expect(await comesTrue { waiting().count == 2 })
        let job = job("while [ ! -e \(fixture.folder.path)/go ]; do sleep 0.01; done", "long")
        async let end = launcher.launch(job)
        #expect(await comesTrue { names(folder + "/long").contains { $0.hasPrefix("exit.draft.") } })
        #expect(names(folder + "/long").contains("started"))
        write("", to: fixture.folder.path + "/go")
        #expect(await end == ShimEnd(termination: .exit(0)))
        #expect(names(folder + "/long").sorted() == ["exit", "started"])
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

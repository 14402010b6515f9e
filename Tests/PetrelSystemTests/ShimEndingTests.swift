import PetrelSystem
import Testing

/// Commands that don't want to end, and whether anything of them is left.
@Suite("Rude children")
struct ShimEndingTests {
    static let rude: [(name: String, script: String)] = [
        ("ignores SIGTERM", "trap '' TERM; while :; do sleep 0.05; done"),
        ("ignores SIGTERM, so does its child", "trap '' TERM; bash -c 'trap \"\" TERM; sleep 60' ; sleep 60"),
        ("forks away with setsid", "setsid bash -c 'trap \"\" TERM; sleep 60' & sleep 60"),
        ("forks twice and lets the parent go", "(setsid bash -c 'trap \"\" TERM HUP; sleep 60' & ) ; sleep 60"),
        ("closes its pipes", "exec >&- 2>&- <&-; trap '' TERM; while :; do sleep 0.05; done"),
        ("writes for ever", "trap '' TERM; yes & yes >&2"),
        ("stops itself", "kill -STOP $$; sleep 60"),
        ("stops a session of its own", "setsid bash -c 'kill -STOP $$' & sleep 60"),
        ("makes ever more processes", "trap '' TERM; while :; do (trap '' TERM; setsid sleep 60 &) ; sleep 0.01; done"),
        ("exits on SIGTERM, its children don't", "(trap '' TERM; sleep 60; sleep 60) & wait"),
        ("makes its own process groups", "set -m; (trap '' TERM; sleep 60; sleep 60) & sleep 60"),
    ]

    @Test("a command over its time is gone with all that it started", arguments: rude)
    func timeout(name: String, script: String) async {
        let fixture = ShimFixture()
        let end = await fixture.run(script, timeout: .milliseconds(200), grace: .milliseconds(300))
        #expect(end.timedOut && !end.canceled && end.error == nil)
        #expect(fixture.alive == 0, "left behind by one that \(name)")
    }

    @Test("a cancelled command is gone with all that it started", arguments: rude)
    func cancel(name: String, script: String) async {
        let fixture = ShimFixture()
        let signal = fixture.folder.path + "/runs"
        async let ending = fixture.run("touch \(signal); \(script)", grace: .milliseconds(300))
        #expect(await fixture.appears(signal))
        fixture.launcher.terminate(key: "a.1")
        let end = await ending
        #expect(end.canceled && !end.timedOut && end.error == nil)
        #expect(fixture.alive == 0, "left behind by one that \(name)")
    }

    @Test("a command that ends in its grace time is waited for, and its last words are kept")
    func grace() async {
        let fixture = ShimFixture()
        let end = await fixture.run(
            "trap 'echo bye; exit 7' TERM; while :; do sleep 0.02; done", timeout: .milliseconds(200),
            grace: .seconds(20))
        #expect(end.timedOut && end.exitCode == 7 && end.text == "bye\n")
    }

    @Test("without grace time the kill follows at once")
    func noGrace() async {
        let fixture = ShimFixture()
        let end = await fixture.run(
            "trap '' TERM; while :; do sleep 0.02; done", timeout: .milliseconds(100), grace: .zero)
        #expect(end.timedOut && end.signal == 9)
        #expect(fixture.alive == 0)
    }

    @Test("a cancel at any moment of the launch is obeyed or comes too late")
    func earlyCancel() async {
        let fixture = ShimFixture()
        var canceled = 0
        for round in 0..<100 {
            let key = "c.\(round)"
            async let ending = fixture.launcher.launch(fixture.job("sleep 60", key: key))
            for _ in 0..<(round % 10) { await Task.yield() }
            // Until it is heard: a cancel before the launch has begun is for nobody.
            let canceling = Task {
                while !Task.isCancelled {
                    fixture.launcher.terminate(key: key)
                    await Task.yield()
                }
            }
            if await ending.canceled { canceled += 1 }
            canceling.cancel()
        }
        #expect(canceled == 100)
        #expect(fixture.alive == 0)
    }
}

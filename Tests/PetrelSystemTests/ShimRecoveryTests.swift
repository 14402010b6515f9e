import Foundation
import PetrelSystem
import Testing

@Suite("Taking up attempts of an earlier service")
struct ShimRecoveryTests {
    let fixture = ShimFixture()

    @Test("an attempt that ended while nobody looked is found with its output")
    func ended() async {
        _ = await fixture.run("echo out; exit 5")
        let trace = await fixture.successor.resume(key: "a.1", boot: bootID())
        #expect(trace == .ended(ShimEnd(termination: .exit(5), stdout: Array("out\n".utf8))))
    }

    @Test("an attempt that still runs is waited for")
    func running() async {
        let signal = fixture.folder.path + "/runs"
        let gate = fixture.folder.path + "/gate"
        async let first = fixture.run("touch \(signal); while [ ! -e \(gate) ]; do sleep 0.02; done; echo late; exit 6")
        #expect(await fixture.appears(signal))
        async let second = fixture.launcher.resume(key: "a.1", boot: bootID())
        async let third = fixture.launcher.resume(key: "a.1", boot: bootID())
        write("", to: gate)
        #expect(await second == third)
        #expect(await second == .ended(ShimEnd(termination: .exit(6), stdout: Array("late\n".utf8))))
        #expect(await first.exitCode == 6)
    }

    @Test("an attempt outlives the kill of the process that began it, runs once and can be cancelled by its successor")
    func killedService() async {
        // The job of this fixture plays the service: it starts a shim of its own and is killed at once.
        let folder = fixture.file("", key: "orphan")
        let signal = fixture.folder.path + "/runs"
        let script = "echo x >> \(signal); while :; do sleep 0.02; done"
        let end = await fixture.run(
            "mkdir -p \(folder); '\(shimPath)' \(folder) 60000 500 1000 / -- bash -c '\(script)' & "
                + "while [ ! -e \(signal) ]; do sleep 0.02; done; kill -9 $$")
        #expect(end.signal == 9)
        let successor = fixture.successor
        async let trace = successor.resume(key: "orphan", boot: bootID())
        successor.terminate(key: "orphan")
        guard case .ended(let orphan) = await trace else {
            Issue.record("not taken up")
            return
        }
        #expect(orphan.canceled && fixture.alive == 0)
        #expect(contents(signal) == "x\n")
    }

    @Test("an attempt that never started is void, and stays so")
    func neverStarted() async {
        let successor = fixture.successor
        #expect(await successor.resume(key: "a.1", boot: bootID()) == .neverStarted)
        #expect(await successor.resume(key: "a.1", boot: bootID()) == .neverStarted)
        let late = await fixture.run("echo never")
        #expect(late.termination == .notRun)
        successor.forget(key: "a.1")
        #expect(names(fixture.folder.path + "/run").isEmpty)
    }

    @Test("on another boot only a record counts")
    func otherBoot() async {
        _ = await fixture.run("exit 5")
        #expect(await fixture.successor.resume(key: "a.1", boot: "other") == .ended(ShimEnd(termination: .exit(5))))
        guard case .lost = await fixture.successor.resume(key: "a.2", boot: "other") else {
            Issue.record("found what can't be known")
            return
        }
    }

    @Test("a record that a crash of the machine cut off does not count")
    func tornRecord() async {
        _ = await fixture.run("exit 5")
        let whole = (contents(fixture.file("exit")) ?? "").split(separator: "\0", maxSplits: 1)[0]
        #expect(whole.contains("attempt a.1\n"))
        let cut = [0, 1, 40, whole.utf8.count - 1].map { String(decoding: whole.utf8.prefix($0), as: UTF8.self) }
        for text in cut + [String(whole).replacing("attempt a.1", with: "attempt a.0")] {
            write(text, to: fixture.file("exit"))
            guard case .lost = await fixture.successor.resume(key: "a.1", boot: "other") else {
                Issue.record("took this for a record: \(text)")
                return
            }
        }
    }

    @Test("an attempt whose shim was killed is lost, and the reason says so")
    func killedShim() async {
        let signal = fixture.folder.path + "/runs"
        async let first = fixture.run("echo $PPID > \(signal).new; mv \(signal).new \(signal); sleep 60")
        #expect(await fixture.appears(signal))
        async let second = fixture.launcher.resume(key: "a.1", boot: bootID())
        sendSignal(9, to: contents(signal).flatMap { Int32($0.dropLast()) } ?? 0)
        guard case .lost(let reason) = await second else {
            Issue.record("not lost")
            return
        }
        #expect(reason.contains("killed"))
        #expect(await first.termination == .lost)
        for pid in processes(marked: fixture.mark) { sendSignal(9, to: pid) }
    }

    @Test("a process that was given the shim's number by chance is not taken for it")
    func recycledNumber() async {
        makeFolder(fixture.folder.path + "/run")
        makeFolder(fixture.folder.path + "/run/a.1")
        write("1 999999999999 \(bootID())\n", to: fixture.file("started"))
        fixture.successor.terminate(key: "a.1")
        guard case .lost = await fixture.successor.resume(key: "a.1", boot: bootID()) else {
            Issue.record("took the wrong process")
            return
        }
    }

    @Test("when the shim starts and a successor voids at the same time, exactly one of them wins")
    func race() async {
        var (started, voided) = (0, 0)
        for round in 0..<300 {
            let key = "r.\(round)"
            let log = fixture.folder.path + "/" + key
            makeFolder(fixture.folder.path + "/run")
            // One by a shim that waits and is taken up by its own service, one by a shim of its own that is left behind.
            let isOwn = round % 2 == 1
            let long = isOwn ? ["LONG": String(repeating: "x", count: 70_000)] : [:]
            async let end = fixture.launcher.launch(
                fixture.job(key, argv: ["/usr/bin/touch", log], environment: long))
            let successor = isOwn ? fixture.successor : fixture.launcher
            // From before the launch begins to after the command has ended, in steps of 20 microseconds.
            let moment = ContinuousClock.now + .microseconds(20 * round)
            while ContinuousClock.now < moment { await Task.yield() }
            let trace = await successor.resume(key: key, boot: bootID())
            let hasRun = await end.exitCode == 0
            if trace == .neverStarted { voided += 1 } else { started += 1 }
            #expect(hasRun == (trace != .neverStarted))
            #expect((contents(log) != nil) == hasRun, "both or neither in round \(round)")
        }
        #expect(started + voided == 300)
    }

    @Test("of two shims that are asked to run one attempt exactly one does, and its record stands")
    func twoShims() async {
        for round in 0..<60 {
            let key = "t.\(round)"
            let log = fixture.folder.path + "/" + key
            makeFolder(fixture.folder.path + "/run")
            makeFolder(fixture.folder.path + "/run/" + key)
            let shim =
                "'\(shimPath)' \(fixture.file("", key: key)) 5000 100 1000 / -- bash -c 'echo x >> \(log); echo $PPID'"
            let later = String(format: round / 20 == 0 ? "" : "sleep 0.%03d; ", round % 20)
            let end = await fixture.launcher.launch(
                fixture.job("\(shim) & one=$!; \(later)\(shim) & wait $one; wait", key: "u.\(round)"))
            #expect(end.exitCode == 0 && contents(log) == "x\n", "round \(round)")
            guard case .ended(let attempt) = await fixture.successor.resume(key: key, boot: bootID()) else {
                Issue.record("no record in round \(round)")
                continue
            }
            let winner = contents(fixture.file("started", key: key))?.split(separator: " ").first.map(String.init)
            #expect(attempt.exitCode == 0 && attempt.text == (winner ?? "") + "\n", "round \(round)")
        }
    }

    @Test("a shim that finds its attempt void ends without running anything")
    func voidFirst() async {
        for round in 0..<50 {
            let key = "v.\(round)"
            let log = fixture.folder.path + "/" + key
            // The folder is the shim's here: made by hand, voided, then the shim is started on it.
            makeFolder(fixture.folder.path + "/run")
            makeFolder(fixture.folder.path + "/run/" + key)
            #expect(linkFirst("void\n", fixture.file("started", key: key)))
            let arguments = [fixture.file("", key: key), "1000", "0", "9", "/", "--", "touch", log]
            let end = await fixture.launcher.launch(
                fixture.job("w.\(round)", argv: ["setsid", "--fork", "--wait", shimPath] + arguments))
            #expect(end.exitCode == 120 && contents(log) == nil)
        }
    }
}

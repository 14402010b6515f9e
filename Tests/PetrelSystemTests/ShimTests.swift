import PetrelSystem
import Testing

@Suite("petrel-shim")
struct ShimTests {
    let fixture = ShimFixture()

    @Test("a command's exit code and both outputs come back")
    func exitCode() async {
        let end = await fixture.run("echo out; echo err >&2; exit 3")
        #expect(end == ShimEnd(termination: .exit(3), stdout: Array("out\n".utf8), stderr: Array("err\n".utf8)))
    }

    @Test("a command sees its environment, its folder and its input, and nothing else")
    func surroundings() async {
        let job = fixture.job(
            argv: ["/bin/sh", "-c", "pwd; cat; ls /proc/self/fd | wc -l; env | sort | grep -v -e PWD -e SHLVL -e ^_="],
            cwd: "/usr", environment: ["A": "1 \n2"], stdin: Array("given\n".utf8))
        let end = await fixture.launcher.launch(job)
        // ls holds its own descriptor on the folder that it lists.
        #expect(end.text == "/usr\ngiven\n4\n2\nA=1 \n\(fixture.mark)\nPATH=/usr/bin:/bin\n")
    }

    @Test("a command is in a process group of its own, with signals as a fresh program has them")
    func signals() async {
        let end = await fixture.run(
            "grep -E 'Sig(Blk|Ign)' /proc/self/status; read -r line < /proc/self/stat; set -- $line; [ $5 = $$ ] && echo own"
        )
        #expect(end.text == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nown\n")
    }

    @Test("without input a command reads an empty one, and the input file is gone once it runs")
    func input() async {
        #expect(await fixture.run("wc -c").text == "0\n")
        let end = await fixture.launcher.launch(
            fixture.job("ls \(fixture.file("", key: "b.1"))", key: "b.1", stdin: Array("secret".utf8)))
        #expect(!end.text.contains("stdin"))
    }

    @Test("a program that is not there, or a folder, is an end with the reason")
    func missing() async {
        let program = await fixture.launcher.launch(fixture.job("a.1", argv: ["/no/such"]))
        #expect(program.exitCode == 127)
        #expect(program.error == "the program can't be started, /no/such: No such file or directory")
        let folder = await fixture.launcher.launch(fixture.job("true", key: "a.2", cwd: "/no/folder"))
        #expect(folder.error == "the working folder can't be entered, /no/folder: No such file or directory")
        let lookup = await fixture.launcher.launch(fixture.job("a.3", argv: ["echo", "found"]))
        #expect(lookup.text == "found\n")
    }

    @Test("output over the cap is counted, not kept")
    func cap() async {
        let end = await fixture.run("printf %01000d 0; printf %0500d 0 >&2", cap: 100)
        #expect(end.stdout.count == 100 && end.droppedStdout == 900)
        #expect(end.stderr.count == 100 && end.droppedStderr == 400)
    }

    @Test("binary output comes back byte for byte")
    func binary() async {
        let end = await fixture.run("for i in $(seq 0 255); do printf \"\\\\x$(printf %x $i)\"; done")
        #expect(end.stdout == (0...255).map { UInt8($0) })
    }

    @Test("a gigabyte of output takes no memory, in the shim or here")
    func gigabyte() async {
        let before = residentBytes()
        let end = await fixture.run("head -c 1000000000 /dev/zero; grep VmHWM /proc/$PPID/status >&2", cap: 1 << 20)
        #expect(end.stdout.count == 1 << 20)
        #expect(end.droppedStdout == 1_000_000_000 - 1 << 20)
        let peak = Int(end.errorOutput.filter(\.isNumber)) ?? .max
        #expect(peak < 4096, "the shim took \(peak) KiB")
        // Other tests run meanwhile in this process.
        #expect(residentBytes() - before < 100 << 20)
    }

    @Test("a background process that holds the pipe does not hold up the end, and is left alone")
    func background() async {
        let end = await fixture.run("(sleep 20; true) & echo done")
        #expect(end.text == "done\n" && end.exitCode == 0)
        #expect(fixture.alive > 0)
        for pid in processes(marked: fixture.mark) { sendSignal(9, to: pid) }
    }

    @Test("a background process that writes for ever does not hold up the end")
    func babbler() async {
        let end = await fixture.run("yes & echo $! >&2; exit 4", cap: 1000)
        #expect(end.exitCode == 4)
    }

    @Test("a command that a signal ends says which")
    func signal() async {
        #expect(await fixture.run("kill -SEGV $$").signal == 11)
    }

    @Test("a job that can't be said in C is refused")
    func impossible() async {
        #expect(await fixture.launcher.launch(fixture.job("true", key: "../a")).termination == .notRun)
        #expect(await fixture.launcher.launch(fixture.job("echo a\0b")).termination == .notRun)
        let variable = await fixture.launcher.launch(fixture.job("true", key: "a.2", environment: ["A=B": ""]))
        #expect(variable.error == "'A=B' can't name an environment variable")
    }

    @Test("arguments up to the machine's limit are passed on, and above it refused")
    func hugeArguments() async {
        let many = Array(repeating: String(repeating: "x", count: 100_000), count: 10)
        let end = await fixture.launcher.launch(fixture.job("a.1", argv: ["/bin/bash", "-c", "echo $#", "x"] + many))
        #expect(end.text == "10\n")
        let more = Array(repeating: String(repeating: "x", count: 100_000), count: 100)
        let refused = await fixture.launcher.launch(fixture.job("a.2", argv: ["/bin/echo"] + more))
        #expect(refused.termination == .notRun)
        #expect(refused.error?.hasSuffix("its arguments and variables are too long") ?? false)
    }

    @Test("a second job under the same key never runs")
    func sameKey() async {
        let path = fixture.folder.path + "/count"
        let first = await fixture.launcher.launch(fixture.job("echo x >> \(path)"))
        let second = await fixture.launcher.launch(fixture.job("echo x >> \(path)"))
        #expect(first.exitCode == 0 && second.termination == .notRun)
        #expect(second.error?.hasPrefix("the attempt was begun before") ?? false)
        #expect(contents(path) == "x\n")
    }

    @Test("a shim that is not there is an end with the reason")
    func noShim() async {
        let launcher = ShimLauncher(shimPath: "/no/shim", runFolder: fixture.folder.path)
        let end = await launcher.launch(fixture.job("true"))
        #expect(end.termination == .notRun && end.error?.contains("/no/shim: No such file") ?? false)
    }

    @Test("forgetting an attempt leaves nothing of it")
    func forgetting() async {
        _ = await fixture.run("echo a; echo b >&2")
        fixture.launcher.forget(key: "a.1")
        #expect(fixture.runFolders().isEmpty)
    }

    @Test("two thousand launches leave no descriptor and no zombie")
    func leaks() async {
        _ = await fixture.run("true")
        let before = openDescriptors()
        var failures = 0
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<2000 {
                if number >= 16, await group.next() == false { failures += 1 }
                group.addTask { [fixture] in
                    let key = "leak.\(number)"
                    let end = await fixture.launcher.launch(fixture.job(key, argv: ["/bin/true"]))
                    fixture.launcher.forget(key: key)
                    return end.exitCode == 0
                }
            }
            for await isGood in group where !isGood { failures += 1 }
        }
        #expect(failures == 0)
        // Other tests run meanwhile, and hold some of their own.
        #expect(openDescriptors() < before + 100)
        #expect(zombies() < 50)
        #expect(fixture.runFolders() == ["a.1"])
    }
}

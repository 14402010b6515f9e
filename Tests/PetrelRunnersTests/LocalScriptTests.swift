import PetrelCore
import PetrelRunners
import Testing

@Suite("Local scripts")
struct LocalScriptTests {
    let fixture = RunnerFixture()

    private func parameter(_ kind: Parameter.Kind?, _ position: Int? = nil) -> Parameter {
        Parameter(kind: kind, position: position, schema: [:])
    }

    /// The words that a script sees, each followed by a bar.
    private func words(_ parameters: Parameters, _ values: ValueObject, _ given: ValueObject = [:]) async -> Value? {
        fixture.script("pack/actions/show.sh", "#!/bin/bash\nprintf '%s|' \"$@\"\n")
        return await fixture.run("show.sh", parameters: parameters, values: values, given).stdout
    }

    @Test(
        "a named argument is written by its value's type",
        arguments: [
            ("text", "--a=text|"), ("two words", "--a=two words|"), ("it's \"$HOME\"", "--a=it's \"$HOME\"|"),
            ("", "|"),
            (nil, "|"), (true, "--a|"), (false, "|"), (0, "--a=0|"), (1.5, "--a=1.5|"),
            (["a", "b"], "--a=['a', 'b']|"),
            (["k": 1, "l": [true, nil]], "--a={'k': 1, 'l': [True, None]}|"), (["it's"], "--a=[\"it's\"]|"),
            ([], "--a=[]|"),
            ("; rm -rf /", "--a=; rm -rf /|"), ("a\nb", "--a=a\nb|"),
        ] as [(Value, Value)])
    func named(value: Value, expected: Value) async {
        #expect(await words(["a": parameter(nil)], ["a": value]) == expected)
    }

    @Test(
        "a positional argument is written by its declared type, and keeps its place when empty",
        arguments: [
            (.string, "a b", "a b|x|"), (.string, nil, "|x|"), (.string, 5, "5|x|"), (.number, 1.5, "1.5|x|"),
            (.integer, 7, "7|x|"), (.integer, 0, "|x|"), (.integer, nil, "|x|"), (.boolean, true, "1|x|"),
            (.boolean, false, "0|x|"), (.boolean, nil, "|x|"), (.array, ["a", "b c", 3], "a,b c,3|x|"),
            (.array, [], "|x|"),
            (.object, ["k": [1, "v"]], "{\"k\": [1, \"v\"]}|x|"), (.object, nil, "|x|"), (.null, nil, "|x|"),
        ] as [(Parameter.Kind, Value, Value)])
    func positional(kind: Parameter.Kind, value: Value, expected: Value) async {
        let declared: Parameters = ["last": parameter(.string, 1), "first": parameter(kind, 0)]
        #expect(await words(declared, ["last": "x", "first": value]) == expected)
    }

    @Test("named arguments come before positional ones, which go by their numbers")
    func order() async {
        let declared: Parameters = [
            "z": parameter(.string, 10), "flag": parameter(.boolean), "y": parameter(.string, 2),
            "name": parameter(.string),
        ]
        let values: ValueObject = ["z": "last", "name": "n", "y": "first", "flag": true]
        #expect(await words(declared, values) == "--name=n|--flag|first|last|")
        #expect(await words(declared, values, ["kwarg_op": "-"]) == "-name=n|-flag|first|last|")
    }

    @Test("runner parameters never reach the script")
    func runnerParameters() async {
        let declared: Parameters = ["sudo": parameter(.boolean, 0), "a": parameter(.string)]
        #expect(await words(declared, ["a": "b"], ["sudo": false, "timeout": 5]) == "--a=b|")
    }

    @Test("a script without its mode is made executable, one that has it is left alone")
    func mode() async {
        fixture.script("pack/actions/a.sh", "#!/bin/sh\necho ran\n", mode: 0o644)
        #expect(await fixture.run("a.sh").stdout == "ran")
        #expect(fixture.isExecutable("pack/actions/a.sh"))
        fixture.script("pack/actions/plain", "echo no first line\n", mode: 0o700)
        #expect(await fixture.run("plain").stdout == "no first line")
    }

    @Test("a script's path is one word, whatever it holds")
    func path() async {
        fixture.folder("pack/actions/it's a $folder")
        fixture.script("pack/actions/it's a $folder/a; b.sh", "#!/bin/sh\necho ran\n")
        #expect(await fixture.run("it's a $folder/a; b.sh").stdout == "ran")
    }

    @Test("a script may be anywhere in its pack, also behind a link that stays there")
    func inside() async {
        fixture.folder("pack/scripts")
        fixture.script("pack/scripts/a.sh", "#!/bin/sh\necho ran\n")
        fixture.link("pack/actions/link.sh", to: "../scripts/a.sh")
        for entry in ["../scripts/a.sh", "link.sh", fixture.path + "/pack/scripts/a.sh"] {
            #expect(await fixture.run(entry).stdout == "ran")
        }
    }

    @Test("an entry point that leads out of its pack is refused, links included")
    func outside() async {
        fixture.folder("pack2")
        fixture.script("pack2/a.sh", "#!/bin/sh\necho ran\n")
        fixture.link("pack/actions/link.sh", to: fixture.path + "/pack2/a.sh")
        fixture.link("pack/actions/folder", to: fixture.path + "/pack2")
        for entry in ["../../pack2/a.sh", "link.sh", "folder/a.sh", "/bin/true"] {
            let outcome = await fixture.run(entry)
            #expect(outcome.status == .failed && outcome.result["return_code"] == -1)
            #expect(outcome.error?.contains("leads out of its pack") ?? false)
        }
    }

    @Test("a script that is not there, or is none, fails with a clear error")
    func missing() async {
        let missing = await fixture.run("none.sh")
        #expect(missing.status == .failed)
        #expect(
            missing.error == "the script \(fixture.path)/pack/actions/none.sh of the action pack.action does not exist")
        #expect(await fixture.run("../actions").error?.hasSuffix("is no file") ?? false)
        #expect(await fixture.run("").error == "the action pack.action has no entry_point")
    }

    @Test("a time limit of zero or none is the default one")
    func timeout() async {
        let cases: [(given: ValueObject, milliseconds: Int)] = [
            (["timeout": 0], 60_000), ([:], 60_000), (["timeout": nil], 60_000), (["timeout": -1], 60_000),
            (["timeout": 7], 7000),
        ]
        fixture.script("pack/actions/a.sh", "#!/bin/sh\ncat /proc/$PPID/cmdline | tr '\\0' ' '\n")
        for (var given, milliseconds) in cases {
            // With so many variables it has a shim of its own, whose arguments can be seen.
            given["env"] = ["LONG": .string(String(repeating: "x", count: 70_000))]
            #expect(await fixture.run("a.sh", given).stdout?.string?.contains(" \(milliseconds) ") ?? false)
        }
    }
}

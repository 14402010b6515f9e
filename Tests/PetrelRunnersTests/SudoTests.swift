import PetrelCore
import Testing

/// A `sudo` of our own that shows how it was called, first in the PATH.
@Suite("Commands through sudo")
struct SudoTests {
    static let show = "#!/bin/bash\nprintf '%s|' \"$@\"; cat\n"

    private func outcome(_ given: ValueObject, user: String? = nil, sudo: String = show) async -> RunOutcome {
        let fixture = RunnerFixture(systemUser: user)
        fixture.script("sudo", sudo)
        var given = given
        given["env"] = ["PATH": .string(fixture.path + ":/usr/bin:/bin")]
        return await fixture.command("echo 'a b'", given)
    }

    @Test("sudo runs the command as root, with the environment")
    func root() async {
        #expect(await outcome(["sudo": true]).stdout == "-E|--|bash|-c|echo 'a b'|")
    }

    @Test("another system user gets a home of its own")
    func otherUser() async {
        #expect(await outcome([:], user: "stanley").stdout == "-E|-H|-u|stanley|--|bash|-c|echo 'a b'|")
        #expect(await outcome(["sudo": true], user: "stanley").stdout == "-E|--|bash|-c|echo 'a b'|")
    }

    @Test("a password is given on the input, never in the arguments")
    func password() async {
        #expect(
            await outcome(["sudo": true, "sudo_password": "pass"]).stdout == "-S|-E|--|bash|-c|echo 'a b'|pass")
        #expect(await outcome(["sudo_password": "pass"]).stdout == "a b")
    }

    @Test(
        "a password that sudo refuses is told",
        arguments: ["3 incorrect password attempts", "1 incorrect password attempt"])
    func refusedPassword(words: String) async {
        let sudo = "#!/bin/sh\necho 'sudo: \(words)' >&2; exit 1\n"
        let outcome = await outcome(["sudo": true, "sudo_password": "x"], user: "stanley", sudo: sudo)
        #expect(outcome.status == .failed && outcome.result["return_code"] == -1)
        let expected = "Invalid sudo password provided or sudo is not configured for this user (stanley)"
        #expect(outcome.error == expected)
    }
}

import PetrelCore
import PetrelRunners
import Testing

@Suite("HTTP requests of actions")
struct HTTPRequestRunnerTests {
    private let fixture = RunnerFixture()

    private func run(_ given: ValueObject, _ own: ValueObject = [:], refusesPrivate: Bool = false) async -> RunOutcome {
        let request = fixture.request(runner: "http-request", runnerParameters: given, actionParameters: own)
        return await HTTPRequestRunner(refusesPrivate: refusesPrivate, version: "1").run(request)
    }

    @Test(
        "addresses where clouds keep credentials are never connected to",
        arguments: [
            "http://169.254.169.254/latest/meta-data", "http://[::ffff:169.254.169.254]/", "http://[fe80::1]/",
            "http://0.0.0.0/", "http://100.100.100.200/", "http://[fd00:ec2::254]/", "http://user@169.254.169.254:80/",
        ])
    func metadata(_ url: String) async {
        let outcome = await run(["url": .string(url)], ["timeout": 5])
        #expect(outcome.status == .failed)
        #expect(outcome.error?.contains("does not connect") == true, "\(outcome)")
    }

    @Test("private addresses are out of reach where the settings say so, behind a name, too")
    func privateAddresses() async {
        for url in ["http://127.0.0.1:1/", "http://localhost:1/", "http://10.0.0.1/", "http://[::1]:1/"] {
            let outcome = await run(["url": .string(url)], ["timeout": 5], refusesPrivate: true)
            #expect(outcome.status == .failed && outcome.error?.contains("refused") != true, "\(url): \(outcome)")
        }
    }

    @Test("hosts are refused by list")
    func lists() async {
        let black = await run(["url": "http://Example.com:80/x", "url_hosts_blacklist": ["example.com"]])
        #expect(black.error == "URL \"http://Example.com:80/x\" is blacklisted")
        let white = await run(["url": "http://example.com/", "url_hosts_whitelist": ["other.com"]])
        #expect(white.error == "URL \"http://example.com/\" is not whitelisted")
        let both = await run([
            "url": "http://example.com/", "url_hosts_whitelist": ["a"], "url_hosts_blacklist": ["b"],
        ])
        #expect(both.error?.contains("mutually exclusive") == true)
    }
}

import PetrelCore
import Testing

@testable import PetrelApp

@Suite("Testing aliases")
struct AliasTestTests {
    private static let deploy = """
        name: deploy
        action_ref: ops.deploy
        formats: ["deploy {{app}} to {{env=staging}}", "ship {{app}}"]
        """

    /// Runs the tests of files by name and gives the report.
    private func report(_ files: [String: String]) -> AliasTestReport {
        var run = AliasTestFiles(Array(files.keys))
        run.read = { path throws(AppError) in Array((files[path] ?? "").utf8) }
        var report = AliasTestReport()
        AliasTestRun(run).run(into: &report)
        return report
    }
    private func lines(_ files: [String: String]) -> [String] { report(files).lines(.plain) }

    @Test("messages that are read as they should be pass")
    func passes() {
        let test = """
            matches:
              - {message: deploy web to prod, parameters: {app: web, env: prod}}
              - {message: deploy 5 to qa, parameters: {app: 5, env: qa}}
              - ship web
            refuses:
              - deploy
              - undeploy web
            """
        #expect(
            lines(["aliases/ops/deploy.yaml": Self.deploy, "aliases/ops/deploy.test.yaml": test]) == [
                "5 passed, 0 failed"
            ])
    }

    @Test("every failure names its file and line")
    func failures() {
        let test = """
            matches:
              - message: deploy web to prod
                parameters: {app: web, env: qa}
              - message: deploy
              - message: ship web
                alias: ops.other
            refuses:
              - ship it
            """
        #expect(
            lines(["ops/deploy.yaml": Self.deploy, "ops/deploy.test.yaml": test]) == [
                "FAIL ops/deploy.test.yaml:2:5: \"deploy web to prod\" gives {\"app\": \"web\", \"env\": \"prod\"}, "
                    + "not {\"app\": \"web\", \"env\": \"qa\"}",
                "FAIL ops/deploy.test.yaml:4:5: \"deploy\" matches nothing, not ops.deploy",
                "FAIL ops/deploy.test.yaml:5:5: \"ship web\" is read as ops.deploy, not ops.other",
                "FAIL ops/deploy.test.yaml:8:5: \"ship it\" must not match ops.deploy, but fits \"ship {{app}}\"",
                "0 passed, 4 failed",
            ])
    }

    @Test("an alias without tests and tests without an alias fail")
    func unfinished() {
        #expect(
            lines(["ops/deploy.yaml": Self.deploy, "ops/gone.test.yaml": "matches: [x]"]) == [
                "FAIL ops/gone.test.yaml: there is no alias beside this test file",
                "FAIL ops/deploy.yaml: the alias has no test file beside it", "0 passed, 2 failed",
            ])
    }

    @Test("a message that two aliases take alike is a conflict, and so is one format in two aliases")
    func conflicts() {
        let one = "name: one\naction_ref: a.b\nformats: [\"restart {{x}}\"]"
        let two = "name: two\naction_ref: a.b\nformats: [\"restart {{y}}\"]"
        let test = "matches: [restart web]"
        let found = lines(["p/one.yaml": one, "p/one.test.yaml": test, "p/two.yaml": two, "p/two.test.yaml": test])
        #expect(
            found == [
                "FAIL p/one.test.yaml:1:11: \"restart web\" matches p.one and p.two alike",
                "FAIL p/two.test.yaml:1:11: \"restart web\" matches p.one and p.two alike", "0 passed, 2 failed",
            ])
        let same = [
            "p/one.yaml": one, "p/one.test.yaml": test, "p/two.yaml": one.replacingName, "p/two.test.yaml": test,
        ]
        #expect(
            lines(same).first == "FAIL p/two.yaml: the format \"restart {{x}}\" also belongs to p.one: neither runs")
    }

    @Test("the more specific of two aliases is chosen, as in chat")
    func specificity() {
        let general = "name: any\naction_ref: a.b\nformats: [\"restart {{x}}\"]"
        let exact = "name: all\naction_ref: a.b\nformats: [\"restart everything\"]"
        let found = lines([
            "p/any.yaml": general, "p/any.test.yaml": "matches: [restart web]", "p/all.yaml": exact,
            "p/all.test.yaml": "matches: [restart everything]",
        ])
        #expect(found == ["2 passed, 0 failed"])
    }

    @Test("formats that no message reaches are worth a warning")
    func unreached() {
        let test = "matches: [deploy web to prod]"
        #expect(
            lines(["ops/deploy.yaml": Self.deploy, "ops/deploy.test.yaml": test]) == [
                "warning ops/deploy.yaml: no message of the tests reaches the format \"ship {{app}}\"",
                "1 passed, 0 failed",
            ])
    }

    @Test(
        "a test file that can't be read is told with its place",
        arguments: [
            ("", "FAIL ops/deploy.test.yaml:1: the file must hold the keys matches and refuses"),
            ("match: [x]", "FAIL ops/deploy.test.yaml:1:1: \"match\" can't stand here; known are matches and refuses"),
            ("matches: x", "FAIL ops/deploy.test.yaml:1:1: \"matches\" must be a list, not string"),
            ("matches: []", "FAIL ops/deploy.test.yaml:1:1: there is no message under matches"),
            ("matches: [{parameters: {}}]", "FAIL ops/deploy.test.yaml:1:11: an entry of matches must have a message"),
            (
                "matches: [{message: ship x, params: {}}]",
                "FAIL ops/deploy.test.yaml:1:29: \"params\" can't stand here; known are message, parameters and alias"
            ),
            (
                "matches: [ship x]\nrefuses: [[a]]",
                "FAIL ops/deploy.test.yaml:2:11: an entry of refuses must be a message, not array"
            ),
        ])
    func badFiles(test: String, expected: String) {
        #expect(lines(["ops/deploy.yaml": Self.deploy, "ops/deploy.test.yaml": test]).contains(expected))
    }

    @Test("a broken alias fails with its place, and the others are still tried")
    func brokenAlias() {
        let found = report([
            "ops/deploy.yaml": Self.deploy, "ops/deploy.test.yaml": "matches: [ship x]",
            "ops/bad.yaml": "name: bad\nformats: [x]\n", "ops/bad.test.yaml": "matches: [x]",
        ])
        #expect(found.passed == 1)
        #expect(found.failures.contains { $0.location?.file == "ops/bad.yaml" })
    }

    @Test("the pack is the folder's name, in a pack's own aliases folder the pack's")
    func packs() {
        let files = AliasTestFiles(["aliases/ops/a.yaml", "packs/web/aliases/b.yaml", "x/c.test.yaml", "x/readme.md"])
        #expect(files.entries.map(\.pack) == ["ops", "web"])
        #expect(files.orphans == ["x/c.test.yaml"])
    }

    @Test("the aliases that ship with Petrel pass, and so does the sample of the documentation")
    func shipped() throws {
        let root = PathText.folder(of: PathText.folder(of: PathText.folder(of: #filePath)))
        let files = try AliasTestFiles.find([root + "/aliases"], workingFolder: "/")
        var found = AliasTestReport()
        AliasTestRun(files).run(into: &found)
        #expect(found.lines(.plain).dropLast() == [])
        #expect(found.passed > 0)
        let page = try LocalFile.text(root + "/docs/alias-tests.md", maxBytes: 1 << 20)
        let text = page.split(separator: "\n", omittingEmptySubsequences: false).drop { $0 != "```yaml" }.dropFirst()
            .prefix { $0 != "```" }.joined(separator: "\n")
        let alias =
            "name: deploy\naction_ref: ops.deploy\nformats: [\"deploy {{app}} to {{env}}\", \"deploy {{app}} {{env=staging}}\"]"
        let other = "name: deploy_all\naction_ref: ops.deploy\nformats: [deploy everything]"
        let documented = self.report([
            "ops/deploy.yaml": alias, "ops/deploy.test.yaml": text, "ops/deploy_all.yaml": other,
            "ops/deploy_all.test.yaml": "matches: [deploy everything]",
        ])
        #expect(documented.lines(.plain) == ["7 passed, 0 failed"])
    }
}

extension String {
    /// An alias of another name with the same formats.
    fileprivate var replacingName: String { "name: two\n" + split(separator: "\n").dropFirst().joined(separator: "\n") }
}

import PetrelCore
import Testing

@testable import PetrelApp

@Suite("A link named st2")
struct St2LinkTests {
    @Test("StackStorm's global options become variables, and the command follows")
    func options() {
        let given = ["--url=http://a", "--api-url", "http://a/api/v1", "--skip-config", "--debug", "run", "core.local"]
        let (rest, variables) = St2Link.arranged(given)
        #expect(rest == ["run", "core.local"])
        #expect(
            variables == [
                "ST2_BASE_URL": "http://a", "ST2_API_URL": "http://a/api/v1", "ST2_CLI_SKIP_CONFIG": "1",
                "ST2_DEBUG": "1",
            ])
        #expect(St2Link.arranged(["--version"]).arguments == ["--version"])
        #expect(St2Link.arranged(["run", "x", "--url", "y"]).arguments == ["run", "x", "--url", "y"])
    }

    @Test("its configuration file is read, and variables that are set win")
    func configuration() {
        let text = """
            # a comment
            [general]
            base_url = http://a
            [api]
            url = http://a:9101/v1
            [credentials]
            api_key = k
            """
        #expect(
            St2Link.configured(text, ["ST2_API_URL": "http://b"]) == ["ST2_BASE_URL": "http://a", "ST2_API_KEY": "k"])
    }

    @Test("it is the name of the program that decides", arguments: [("/usr/bin/st2", "st2"), ("petrel", "petrel")])
    func name(path: String, expected: String) { #expect(St2Link.name(of: path) == expected) }

    @Test("its tables have borders, and single resources stand in them, too")
    func tables() {
        let output = ResourceOutput(format: .text, style: .plain, width: nil, isBordered: true)
        #expect(
            output.list([["ref": "a.b", "pack": "a"]], columns: ["ref", "pack"]) == [
                "+-----+------+", "| ref | pack |", "+-----+------+", "| a.b | a    |", "+-----+------+",
            ])
        #expect(output.single(["ref": "a.b"], attributes: ["ref"])[1] == "| Property | Value |")
    }

    @Test("columns are no wider than --width says")
    func widths() {
        var output = ResourceOutput(format: .text, style: .plain, width: nil)
        output.columnWidths = [3, 5]
        let lines = output.list([["a": "abcdef", "b": "abcdef", "c": "abcdef"]], columns: ["a", "b", "c"])
        #expect(lines[1] == "ab…  abcd…  abcd…")
    }
}

@Suite("Manual pages")
struct ManualPagesTests {
    @Test("every command has a page, and no text in it is a request to the formatter")
    func pages() throws {
        let pages = try ManualPages.current.pages
        let names = pages.map(\.name)
        #expect(names.contains("petrel") && names.contains("petrel-run") && names.contains("petrel-action"))
        #expect(!names.contains("petrel-debug"))
        let requests = [".TH", ".SH", ".B", ".BR", ".I", ".RI", ".TP", ".br"]
        for page in pages {
            for line in page.text.split(separator: "\n") where line.hasPrefix(".") || line.hasPrefix("'") {
                #expect(requests.contains(line.split(separator: " ").first.map(String.init) ?? ""), "\(page.name)")
            }
        }
    }
}

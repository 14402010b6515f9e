import PetrelCore
import Testing

@testable import PetrelApp

@Suite("Tables")
struct TableTests {
    private let table = Table(
        columns: ["ref", "description"],
        rows: [["core.local", "Run a command"], ["世界.a", "line one\nline two \u{1B}[31m"]])

    @Test("without a terminal every cell is whole, in columns, without colours")
    func plain() {
        #expect(
            table.lines(width: nil, style: .plain) == [
                "ref         description", "core.local  Run a command", "世界.a      line one line two ␛[31m",
            ])
    }

    @Test("on a terminal the widest columns are cut until the table fits")
    func fitted() {
        let lines = table.lines(width: 22, style: .plain)
        #expect(lines == ["ref         descripti…", "core.local  Run a com…", "世界.a      line one …"])
        #expect(lines.allSatisfy { DisplayWidth.of($0) <= 22 })
    }

    @Test("the head is bold where colours are used")
    func head() { #expect(table.lines(width: nil, style: .colored)[0] == "\u{1B}[1mref         description\u{1B}[0m") }

    @Test("many columns fit as far as eight columns each allow")
    func many() {
        let row = [String](repeating: "abcdefghijkl", count: 5)
        let lines = Table(columns: row, rows: [row]).lines(width: 50, style: .plain)
        #expect(lines.allSatisfy { DisplayWidth.of($0) <= 50 })
        #expect(lines[1] == "abcdefghi…  abcdefg…  abcdefg…  abcdefg…  abcdefg…")
    }

    @Test(
        "colours need a terminal and nobody who forbids them",
        arguments: [
            (true, [:], true), (false, [:], false), (true, ["NO_COLOR": "1"], false), (true, ["NO_COLOR": ""], true),
            (true, ["ST2_COLORIZE": "false"], false), (true, ["TERM": "dumb"], false),
        ] as [(Bool, [String: String], Bool)])
    func colors(isTerminal: Bool, environment: [String: String], isColored: Bool) {
        #expect(TextStyle.of(isTerminal: isTerminal, environment: environment).isColored == isColored)
    }
}

@Suite("Output of resources")
struct ResourceOutputTests {
    private let execution: Value = [
        "id": "5f", "status": "succeeded", "action": ["ref": "core.local", "pack": "core"],
        "parameters": ["cmd": "date"], "result": ["stdout": "a\nb", "failed": false, "code": 0], "log": [],
        "context": ["user": "ann"],
    ]
    private func output(_ format: ResourceOutput.Format, _ style: TextStyle = .plain) -> ResourceOutput {
        ResourceOutput(format: format, style: style, width: nil)
    }

    @Test("a single resource is a property a line, objects as YAML below")
    func single() {
        let lines = output(.text).single(execution, attributes: ["id", "action.ref", "parameters", "result", "none"])
        #expect(
            lines == [
                "id: 5f", "action.ref: core.local", "parameters:", "  cmd: date", "result:", "  stdout: |-", "    a",
                "    b", "  failed: false", "  code: 0", "none: ",
            ])
    }

    @Test("the status has its colour on a terminal")
    func status() {
        #expect(
            output(.text, .colored).single(["status": "failed (2s elapsed)"], attributes: ["status"])
                == ["\u{1B}[1mstatus:\u{1B}[0m \u{1B}[31mfailed (2s elapsed)\u{1B}[0m"])
    }

    @Test("JSON is sorted, indented by four and holds the chosen attributes only")
    func json() {
        let text = output(.json).single(execution, attributes: ["status", "action.ref", "context.user", "none"])
        #expect(
            text == [
                """
                {
                    "action": {
                        "ref": "core.local"
                    },
                    "context": {
                        "user": "ann"
                    },
                    "status": "succeeded"
                }
                """
            ])
    }

    @Test("YAML holds the chosen attributes")
    func yaml() {
        #expect(
            output(.yaml).list([execution], columns: ["id", "action.ref"]) == [
                "- id: 5f", "  action:", "    ref: core.local",
            ])
    }

    @Test("a listing has a column for each attribute, and all of them for all")
    func list() {
        #expect(
            output(.text).list([execution, ["id": "60", "enabled": true]], columns: ["id", "action.ref", "enabled"])
                == ["id  action.ref  enabled", "5f  core.local", "60              True"])
        #expect(output(.text).list([["b": 1], ["a": [1, 2]]], columns: ["all"]) == ["b  a", "1", "   [1, 2]"])
        #expect(output(.text).list([], columns: ["id"]) == ["No matching items found"])
    }

    @Test("a part of the result alone is printed bare")
    func bare() {
        #expect(output(.text).bare("a\nb\u{1B}") == ["a", "b␛"])
        #expect(output(.text).bare(["x": 1]) == ["x: 1"])
        #expect(output(.text).bare(.null) == ["None"])
        #expect(output(.json).bare("a") == ["\"a\""])
    }

    @Test("what an action printed can't steer the terminal, in no format")
    func hostile() {
        let hostile: Value = ["result": ["stdout": "\u{1B}]0;title\u{7}\u{9B}2J", "x\u{1B}": ["\u{1B}[2J"]]]
        for format in [ResourceOutput.Format.text, .json, .yaml] {
            let text =
                output(format).single(hostile, attributes: ["result"]).joined()
                + output(format).list([hostile], columns: ["result"]).joined()
            #expect(
                text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
        }
    }

    @Test("the status says how long it took, or has taken so far")
    func elapsed() {
        let start = "2024-01-02T03:04:05.000000Z"
        let now = Instant("2024-01-02T03:05:05.000000Z") ?? Instant(microseconds: 0)
        let running: Value = ["status": "running", "start_timestamp": .string(start)]
        let ended: Value = [
            "status": "failed", "start_timestamp": .string(start), "end_timestamp": "2024-01-02T03:04:07.900000Z",
        ]
        #expect(ExecutionText.withElapsed(running, now: now)["status"] == "running (60s elapsed)")
        #expect(ExecutionText.withElapsed(ended, now: now)["status"] == "failed (2s elapsed)")
        #expect(ExecutionText.withElapsed(["status": "failed"], now: now)["status"] == "failed")
    }
}

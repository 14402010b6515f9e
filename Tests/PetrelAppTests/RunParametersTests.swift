import PetrelCore
import Testing

@testable import PetrelApp

@Suite("Parameters of petrel run")
struct RunParametersTests {
    private static let schema: Value = [
        "text": ["type": "string"], "count": ["type": "integer"], "ratio": ["type": "number"],
        "yes": ["type": "boolean"], "list": ["type": "array"], "map": ["type": "object"],
        "either": ["type": ["null", "integer"]],
        "items": ["type": "array", "items": ["type": "object", "properties": ["port": ["type": "integer"]]]],
    ]
    private func read(_ words: [String], command: [String] = [], action: String = "core.local", auto: Bool = false)
        throws(AppError) -> Value
    {
        let reader = RunParameters(action: action, schema: Self.schema, makesObjects: auto) { path throws(AppError) in
            guard path != "absent" else { throw AppError(.badFile, "no file") }
            return "content of \(path)"
        }
        return .object(try reader.parameters(words, command: command))
    }

    @Test(
        "a value takes the type that the action declares",
        arguments: [
            (["text=a=b"], ["text": "a=b"]), (["text="], ["text": ""]), (["text=5"], ["text": "5"]),
            (["count=5"], ["count": 5]), (["count=-3"], ["count": -3]),
            (["count=123456789012345678901234567890"], ["count": .bigInteger("123456789012345678901234567890")]),
            (["ratio=1.5"], ["ratio": 1.5]), (["ratio=2"], ["ratio": 2.0]), (["yes=True"], ["yes": true]),
            (["yes=false"], ["yes": false]), (["list=5"], ["list": [5]]), (["list=[1, \"a\"]"], ["list": [1, "a"]]),
            (["list=a, b,c"], ["list": ["a", "b", "c"]]), (["list=a"], ["list": ["a"]]),
            (["list={\"a\": 1}"], ["list": [["a": 1]]]), (["list=a", "list=b,c"], ["list": ["a", "b", "c"]]),
            (["map={\"a\": {\"b\": 1}}"], ["map": ["a": ["b": 1]]]),
            (["map=a=1,b=2=3,c"], ["map": ["a": "1", "b": "2=3"]]),
            (["either=7"], ["either": 7]), (["unknown=7"], ["unknown": "7"]), (["text=a", "text=b"], ["text": "b"]),
        ] as [([String], Value)])
    func types(words: [String], expected: Value) throws { #expect(try read(words) == expected) }

    @Test(
        "words without an equals sign, and all after them, are the command",
        arguments: [
            (["date"], [], ["cmd": "date"]), (["ls", "-l"], [], ["cmd": "ls -l"]),
            (["text=x", "echo", "a=b"], [], ["text": "x", "cmd": "echo a=b"]), (["cmd=date"], [], ["cmd": "date"]),
            (["text=x"], ["A=b", "env"], ["text": "x", "cmd": "A=b env"]), ([], [], [:]),
        ] as [([String], [String], Value)])
    func command(words: [String], command: [String], expected: Value) throws {
        #expect(try read(words, command: command) == expected)
    }

    @Test("a key with an at sign takes its value from a file")
    func files() throws {
        #expect(try read(["@text=notes.txt"]) == ["text": "content of notes.txt"])
        #expect(
            try read(["@x=dir/a.bin"], action: "core.http")
                == ["file_content": "content of dir/a.bin", "file_name": "a.bin", "method": "POST"])
        #expect(try read(["method=PUT", "@x=a"], action: "core.http")["method"] == "PUT")
        #expect(throws: AppError.self) { try read(["@text=absent"]) }
    }

    @Test(
        "a value that can't have its type is a usage error that names the parameter",
        arguments: ["count=a", "count=1.5", "ratio=x", "yes=maybe", "map={a", "=x", "@=x"])
    func wrong(word: String) {
        let error = #expect(throws: AppError.self) { try read([word]) }
        #expect(error?.code == .usage)
    }

    @Test("lists of name:value become one object when that is asked for")
    func objects() throws {
        #expect(try read(["items=host:a,port:80"], auto: true) == ["items": [["host": "a", "port": 80]]])
        #expect(try read(["list=a,b:c"], auto: true) == ["list": ["a", "b:c"]])
    }

    @Test("the inherited environment leaves out what belongs to this session, and credentials")
    func environment() {
        let given = [
            "PATH": "/bin", "EDITOR": "vi", "ST2_AUTH_TOKEN": "t", "PETREL_TOKEN": "t", "home": "/h", "A": "1",
        ]
        #expect(InheritedEnvironment.value(given) == ["A": "1", "EDITOR": "vi"])
    }
}

@Suite("Command line")
struct CommandLineTests {
    @Test("flags may stand before, between and after parameters; what follows -- is the command")
    func run() throws {
        let words = ["run", "core.local", "-j", "timeout=5", "-k", "stdout", "--", "ls", "-l", "A=b"]
        let command = try #require(try Petrel.command(words) as? RunCommand)
        #expect(command.options.action == "core.local")
        #expect(command.options.parameters == ["timeout=5"])
        #expect(command.options.command == ["ls", "-l", "A=b"])
        #expect(command.options.output.json)
        #expect(command.options.key == "stdout")
        #expect(!command.isAsync)
    }

    @Test("the short flags of run are those of st2")
    func shortFlags() throws {
        let words = ["run", "core.noop", "-a", "-y", "-d", "-e", "-u", "ann", "-t", "secret", "--attr", "id", "status"]
        let command = try #require(try Petrel.command(words) as? RunCommand)
        let options = command.options
        #expect(command.isAsync && options.output.yaml && options.detail && options.inheritEnv)
        #expect(options.user == "ann")
        #expect(options.client.token == "secret")
        #expect(options.attr == ["id", "status"])
    }

    @Test("-h behind an action asks for the action's help; behind -- it is the command's")
    func actionHelp() throws {
        let asked = try #require(try Petrel.command(["run", "core.local", "cmd=x", "-h"]) as? RunCommand)
        #expect(asked.options.asksForHelp)
        let given = try #require(try Petrel.command(["run", "core.local", "--", "ls", "-h"]) as? RunCommand)
        #expect(!given.options.asksForHelp && given.options.command == ["ls", "-h"])
        let executed = try #require(try Petrel.command(["action", "execute", "core.local", "-h"]) as? ExecuteCommand)
        #expect(executed.options.asksForHelp)
    }

    @Test("an action's help names what must be given first, each with type, choices and default")
    func helpText() {
        let action: Value = [
            "description": "Deploys.",
            "parameters": [
                "to": ["type": "string", "description": "Where.", "enum": ["prod", "test"], "default": "test"],
                "app": ["type": "string", "required": true], "key": ["type": "string", "secret": true, "default": "k"],
                "fixed": ["type": "string", "immutable": true, "default": "x"],
            ],
        ]
        #expect(
            ActionHelp(action, style: .plain).lines == [
                "Deploys.", "", "Required Parameters:", "    app", "        Type: string", "", "Optional Parameters:",
                "    key", "        Type: string", "        Default: ********", "    to", "        Where.",
                "        Type: string", "        Enum: prod, test", "        Default: test",
            ])
    }

    @Test("a message keeps words that look like flags")
    func chat() throws {
        let words = ["chat", "--as", "ann", "--room", "#ops", "!deploy", "web", "--force", "-j"]
        let command = try #require(try Petrel.command(words) as? ChatCommand)
        #expect(command.user == "ann")
        #expect(command.room == "#ops")
        #expect(command.message == ["!deploy", "web", "--force", "-j"])
    }

    @Test("the filters of execution list become the query of StackStorm's client")
    func executionList() throws {
        let words = [
            "execution", "list", "-n", "5", "--action", "core.local", "--status", "failed", "-tg",
            "2024-01-01T00:00:00Z",
            "-a", "id", "status",
        ]
        let command = try #require(try Petrel.command(words) as? ExecutionCommand.List)
        let query = URLText.query(command.query(command.options.columns(standard: ExecutionText.columns)))
        #expect(
            query == "?limit=5&parent=null&sort_desc=True&action=core.local&status=failed"
                + "&timestamp_gt=2024-01-01T00%3A00%3A00Z&include_attributes=id%2Cstatus")
        let all = try #require(try Petrel.command(["execution", "list", "-l", "-a", "all"]) as? ExecutionCommand.List)
        #expect(URLText.query(all.query(all.options.columns(standard: []))) == "?limit=50&sort_desc=True")
    }

    @Test(
        "the exit code is 2 for a command line that makes no sense",
        arguments: [
            ["bogus"], ["run"], ["run", "x", "-j", "-y"], ["execution", "get"], ["chat", "--bogus"],
            ["completion", "csh"],
            ["chat", "--server", "ftp://x", "hello"],
        ])
    func usage(words: [String]) async { #expect(await Petrel.run(words) == 2) }

    @Test("help and version are no failures", arguments: [["--help"], ["--version"], ["chat", "--help"], ["version"]])
    func help(words: [String]) async { #expect(await Petrel.run(words) == 0) }

    @Test("an error is shown in three lines, and can't steer the terminal")
    func problem() {
        let problem = AppError(
            .refused, "no\u{1B}[2J", hint: "do\nthis", location: Location(file: "a.yaml", line: 3, column: 4))
        #expect(ProblemText.text(problem, style: .plain) == "error: no␛[2J\nwhere: a.yaml:3:4\n  try: do this")
        #expect(ProblemText.text(AppError(.usage, "no"), style: .plain) == "error: no")
    }

    @Test("the progress line says what runs and how long")
    func spinner() {
        #expect(Spinner.line("core.local running", .milliseconds(12_300)) == "⠸ core.local running 12s")
        #expect(DisplayWidth.of(Spinner.line(String(repeating: "x", count: 200), .zero)) < 80)
    }
}

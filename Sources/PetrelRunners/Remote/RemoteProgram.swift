import PetrelCore
import PetrelSystem

/// What a host is told to do, as the text of a POSIX shell program that comes on its standard input.
///
/// Behind the text come the files, and then nothing until the client is gone: that is how the host learns that the command
/// must end, with its whole process group.
struct RemoteProgram {
    let text: String
    let upload: (folder: String, names: [String])?

    static func make(_ request: RunRequest) -> Result<RemoteProgram, RunRefusal> {
        guard request.action.runner == RemoteRunner.scriptType else {
            guard request.action.entryPoint.isEmpty else {
                return .failure("the action \(request.action.ref) has an entry_point, which a command does not take")
            }
            guard let command = request.runnerParameters["cmd"], !command.isNull else {
                return .failure("the action \(request.action.ref) was given no cmd")
            }
            return .success(RemoteProgram(request, command: command.pythonString, script: nil))
        }
        return EntryPoint.find(request.action).map { RemoteProgram(request, command: "", script: $0.path) }
    }

    private init(_ request: RunRequest, command: String, script: String?) {
        let given = request.runnerParameters
        var lines = ["exec 3<&0 </dev/null"]
        var line = command
        if let script {
            let parts = script.split(separator: "/")
            let name = parts.last.map(String.init) ?? ""
            let folder = "/" + parts.dropLast().joined(separator: "/")
            let place = (given["dir"]?.string ?? "/tmp") + "/\(request.attempt.execution)"
            let lib = "lib"
            let hasLib = isFolder(folder + "/" + lib)
            upload = (folder, hasLib ? [name, lib] : [name])
            let arguments = ScriptArguments(
                declared: request.action.parameters, values: request.actionParameters, runnerParameters: given,
                marker: given["kwarg_op"]?.string ?? LocalRunner.defaultMarker)
            line = ([shellQuoted(place + "/" + name), arguments.text]).filter { !$0.isEmpty }.joined(separator: " ")
            lines += [
                "t=\(shellQuoted(place))",
                "mkdir -p -m 700 -- \"$t\" && head -c \"$n\" <&3 | tar -xf - -C \"$t\" || exit 1",
                "chmod 744 -- \(shellQuoted(place + "/" + name)) || exit 1",
            ]
        } else {
            upload = nil
        }
        var variables = given["env"]?.object ?? [:]
        for (name, value) in request.environment { variables[name] = .string(value) }
        for name in variables.keys.sorted() where Self.isVariable(name) {
            lines.append("export \(name)=\(shellQuoted(variables[name]?.pythonString ?? ""))")
        }
        let cwd = given["cwd"]?.string ?? "/tmp"
        lines += Self.run(
            line, isSudo: given["sudo"]?.isTruthy ?? false,
            password: given["sudo_password"]?.string.flatMap { $0.isEmpty ? nil : $0 }, cwd: cwd,
            isScript: script != nil)
        text = lines.joined(separator: "\n") + "\n"
    }

    /// Runs the line in a process group of its own, which ends when the standard input does.
    private static func run(
        _ line: String, isSudo: Bool, password: String?, cwd: String, isScript: Bool
    ) -> [String] {
        let flags = password == nil ? "-E" : "-S -E"
        let shell = "\"$(command -v bash || echo sh)\""
        let start = isSudo ? "sudo \(flags) -- \(shell) -c \"$c\"" : "\(shell) -c \"$c\""
        // A here-document, so that the password stands in no process list; one line, whatever it holds.
        let secret = (password ?? "").prefix { $0 != "\n" }
        let input = isSudo && password != nil ? " <<'PETREL_END'\n\(secret)\nPETREL_END" : ""
        return [
            // The launcher's own text must not be seen by the command.
            "c=\(shellQuoted(line)); unset p n",
            "cd -- \(shellQuoted(cwd)) || exit 1",
            "s=$(command -v setsid)",
            "$s \(start) 3<&- &" + input,
            "p=$!",
            """
            { cat <&3; kill -TERM -$p; kill -TERM $p; sleep 3; kill -KILL -$p; kill -KILL $p; } >/dev/null 2>&1 &
            """,
            "w=$!; exec 3<&-",
            "wait $p; r=$?",
            "kill $w 2>/dev/null",
            isScript ? "rm -rf -- \"$t\"" : ":",
            "exit $r",
        ]
    }

    private static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
        }
    }
}

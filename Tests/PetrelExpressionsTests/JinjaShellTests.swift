import Foundation
import PetrelCore
import PetrelExpressions
import PetrelTestKit
import Testing

/// What a shell did with a script, its working directory being empty and its own.
private struct ShellRun {
    let arguments: [String]
    let output: String

    /// Places in commands; V is where the value comes to stand, and `show` writes its arguments.
    static let places: [String] = [
        "show {{ v }}", "show 'x' {{ v }} 'y'", "show a{{ v }}b", "show {{ v }}{{ v }}", "show '{{ v }}'",
        "show 'a{{ v }}b'",
        "show \"{{ v }}\"", "show \"a{{ v }}b\"", "show \"$E{{ v }}\"", "show $E{{ v }}", "show \"${E}{{ v }}\"",
        "show \"$(printf %s {{ v }}; printf .)\"", "show \"$(printf %s \"{{ v }}\"; printf .)\"",
        "show \"$(printf %s '{{ v }}'; printf .)\"", "x={{ v }}; show \"$x\"", "x=\"{{ v }}\" && show \"$x\"",
        "show `printf a` {{ v }}", "x=`printf %s {{ v }}; printf .`; show \"$x\"",
        "x=`printf %s '{{ v }}'; printf .`; show \"$x\"", "x=`printf %s \"{{ v }}\"; printf .`; show \"$x\"",
        "show a # {{ v }}\nshow b",
        "cat <<'END_OF_TEXT' > file\nx{{ v }}y\nEND_OF_TEXT\nshow \"$(cat file; printf .)\"",
        "cat <<END_OF_TEXT > file\nx{{ v }}y\nEND_OF_TEXT\nshow \"$(cat file; printf .)\"",
        "cat <<-END_OF_TEXT > file\n\tx{{ v }}y\n\tEND_OF_TEXT\nshow \"$(cat file; printf .)\"",
        "if true; then show {{ v }}; fi", "for i in {{ v }}; do show \"$i\"; done", "( show {{ v }} )",
        "{ show {{ v }}; }",
        "case x in x) show {{ v }};; esac", "case {{ v }} in zzz) show a;; *) show b;; esac",
        "show {{ v }} > file; show \"$(cat file | wc -l)\"",
        "show a && show {{ v }} || show c", "show \"it's {{ v }}\"", "show 'say \"{{ v }}\"'",
        "show \"\\\"{{ v }}\\\"\"",
        "true | show {{ v }}", "show \"a\nb{{ v }}\"", "\\show {{ v }}", "show a\\\n {{ v }}", "show -- {{ v }} \\; x",
    ]

    private static let prelude = """
        unset HISTFILE
        E=
        show() { for a in "$@"; do printf '%s\\0' "$a"; done; }

        """

    init(_ shell: String, _ script: String, in folder: URL) async throws {
        let file = folder.appendingPathComponent("script").path
        try Data((Self.prelude + "rm script\n" + script).utf8).write(to: URL(filePath: file))
        let ended = try await TestProgram.run(
            shell, [file], environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"], folder: folder.path)
        output = ended.out
        arguments = output.split(separator: "\0", omittingEmptySubsequences: false).dropLast().map(String.init)
    }
}

private func rendered(_ template: String, _ value: Value) throws(ExpressionError) -> String {
    var context = JinjaContext(values: ["v": value], shellSink: true)
    context.limits = .content
    return try JinjaTemplate(template).render(context)
}

@Suite("Shell escaping")
struct JinjaShellTests {
    /// The shells of this machine, each once.
    private static let shells = ["/bin/sh", "/bin/bash"].filter { FileManager.default.isExecutableFile(atPath: $0) }

    @Test("no hostile value runs anything, and each arrives unchanged, wherever it stands", arguments: ShellRun.places)
    func hostileValues(place: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("shell-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // One script for all values of a place: a marker stands before each.
        var expected: [(String, [String])] = []
        var script = ""
        for value in HostileValues.shell {
            guard let command = try? rendered(place, .string(value)) else { continue }
            expected.append((value, try plainArguments(place, value)))
            script += "show '<\(expected.count)>'\n" + command + "\n"
        }
        #expect(expected.count > HostileValues.shell.count - 8, "\(place)")
        for shell in Self.shells {
            let run = try await ShellRun(shell, script, in: folder)
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0 != "file" }
            #expect(left == [], "\(shell) \(place)")
            var groups: [[String]] = []
            for argument in run.arguments {
                if argument == "<\(groups.count + 1)>" {
                    groups.append([])
                } else if !groups.isEmpty {
                    groups[groups.count - 1].append(argument)
                }
            }
            #expect(groups.count == expected.count, "\(shell) \(place)")
            for (group, (value, wanted)) in zip(groups, expected) where group != wanted {
                Issue.record("\(shell) \(place) \(value.debugDescription): \(group) instead of \(wanted)")
            }
        }
    }

    /// What `show` should have been given: known for each kind of place from how a harmless value looks there.
    private func plainArguments(_ place: String, _ value: String) throws -> [String] {
        // A subshell takes line breaks off the end of what it substitutes; these places write a dot behind it.
        switch place {
        case "show {{ v }}{{ v }}": return [value + value]
        case let place where place.contains("show a # "): return ["a", "b"]
        case let place where place.hasPrefix("case {{"): return ["b"]
        case let place where place.contains("> file; show"):
            return [String(value.unicodeScalars.filter { $0 == "\n" }.count)]
        case let place where place.contains("END_OF_TEXT"): return ["x\(value)y\n."]
        case let place where place.contains("printf ."): return [value + "."]
        case "show 'x' {{ v }} 'y'": return ["x", value, "y"]
        case "show a{{ v }}b", "show 'a{{ v }}b'", "show \"a{{ v }}b\"": return ["a\(value)b"]
        case "show `printf a` {{ v }}": return ["a", value]
        case "show a && show {{ v }} || show c": return ["a", value]
        case "show \"it's {{ v }}\"": return ["it's \(value)"]
        case "show 'say \"{{ v }}\"'": return ["say \"\(value)\""]
        case "show \"\\\"{{ v }}\\\"\"": return ["\"\(value)\""]
        case "show \"a\nb{{ v }}\"": return ["a\nb\(value)"]
        case "show a\\\n {{ v }}": return ["a", value]
        case "show -- {{ v }} \\; x": return ["--", value, ";", "x"]
        default: return [value]
        }
    }

    @Test("plain values stay byte for byte")
    func plain() throws {
        let value = "user_1@host.example:/srv/a-b,c+d=50%"
        for place in [
            "echo {{ v }}", "echo x{{ v }}", "echo '{{ v }}'", "echo \"{{ v }}\"", "echo $(( {{ v }} ))",
            "cat <<E\n{{ v }}\nE", "echo ${x:-{{ v }}}",
        ] {
            #expect(try rendered(place, .string(value)) == place.replacingOccurrences(of: "{{ v }}", with: value))
        }
        #expect(try rendered("sleep {{ v }}", 5) == "sleep 5")
        #expect(try rendered("echo {{ v }} x", "") == "echo  x")
    }

    @Test("a value that is the whole text is the command itself, and is left alone")
    func whole() throws {
        #expect(try rendered("{{ v }}", "rm -rf *; echo 'x'") == "rm -rf *; echo 'x'")
        #expect(try rendered("{{ v|trim }}", " a b ") == "a b")
        #expect(try rendered("{{ v }} ", "a b") == "'a b' ")
        #expect(try rendered("{% if v %}{{ v }}{% endif %}", "a b") == "'a b'")
    }

    @Test("unsafe_shell passes a value through, and what follows knows where it stands")
    func trusted() throws {
        #expect(try rendered("ls {{ v|unsafe_shell }}", "-l | wc") == "ls -l | wc")
        #expect(try rendered("x {{ v|unsafe_shell }}{{ v }}", "'a ") == "x 'a '\\''a ")
        #expect(try rendered("x {{ (v|unsafe_shell) }} {{ v }}", "a b") == "x a b 'a b'")
        #expect(try JinjaTemplate("{{ v|unsafe_shell }} x").render(JinjaContext(values: ["v": "a b"])) == "a b x")
    }

    @Test("loops and branches are followed as they write")
    func statements() throws {
        let list: Value = ["a b", "c", "d'e"]
        #expect(try rendered("rm{% for f in v %} {{ f }}{% endfor %}", list) == "rm 'a b' c 'd'\\''e'")
        #expect(try rendered("x \"{% for f in v %}{{ f }},{% endfor %}\" {{ v[0] }}", list) == "x \"a b,c,d'e,\" 'a b'")
        #expect(try rendered("x {% if v %}'{% endif %}{{ v }}{% if v %}'{% endif %}", "a'b") == "x 'a'\\''b'")
        #expect(try rendered("{% macro q(x) %}--n={{ x }}{% endmacro %}y {{ q(v) }}", "a b") == "y '--n=a b'")
        #expect(try rendered("{% set c %}-v {{ v }}{% endset %}y {{ c }}", "b") == "y '-v b'")
        #expect(try rendered("{% filter upper %}y {{ v }}{% endfilter %} z", "b") == "'Y B' z")
    }

    @Test(
        "in places that no escape makes safe, only plain values are let in",
        arguments: [
            "echo $(( {{ v }} + 1 ))", "echo ${x:-{{ v }}}", "echo \"${x:-{{ v }}}\"", "echo \\{{ v }}",
            "echo \"\\{{ v }}\"",
            "echo ${{ v }}", "echo \"${{ v }}\"", "echo $'{{ v }}'", "cat <<{{ v }}\nx\n", "cat << {{ v }}\nx\n",
            "cat <<'{{ v }}'\n", "(( x = {{ v }} ))", "[[ {{ v }} -eq 1 ]]", "a[{{ v }}]=1", "eval {{ v }}",
            "eval 'echo {{ v }}'",
            "sh -c 'echo {{ v }}'", "bash -lc \"echo {{ v }}\"", "sudo bash -c 'echo {{ v }}'", "ssh host ls {{ v }}",
            "ssh host \"ls {{ v }}\"", "su - x -c \"ls {{ v }}\"", "echo \"`echo {{ v }}`\"",
            "echo `echo \\`echo {{ v }}\\``",
            "echo $(case x in x) echo {{ v }};; esac)", "cat <<E\n$(echo {{ v }})\nE\n", "cat <<E\n`echo {{ v }}`\nE\n",
            "cat <<E\n${x:-{{ v }}}\nE\n", "cat <<E\na\\\nE\n{{ v }}\nE\n", "echo $[ {{ v }} ]", "let x={{ v }}",
            "trap {{ v }} EXIT",
            "echo ${x:-'a'} {{ v }}", "echo $((1 + $(echo 1))) {{ v }}", "cat <<\"A B\"\n{{ v }}\n",
        ])
    func refused(place: String) throws {
        for value in ["$(touch canary)", "a b", "'", "\"", ";x", "\\", "a[$(x)]"] {
            do throws(ExpressionError) {
                let text = try rendered(place, .string(value))
                Issue.record("\(place) let in \(value): \(text)")
            } catch { #expect(error.code == .forbidden) }
        }
        #expect(throws: Never.self) { try rendered(place, "1") }
    }

    @Test("what would end a here-document, a file descriptor's number and a NUL are refused")
    func refusedValues() {
        for (place, value) in [
            ("cat <<E\n{{ v }}\nE\n", "E"), ("cat <<E\n{{ v }}\nE\n", "a\nE\nb"),
            ("cat <<'E'\nx\n{{ v }}\nE\n", "E\nid"),
            ("cat <<-E\n{{ v }}\nE\n", "\t\tE"), ("cat <<EOF\nE{{ v }}\nEOF\n", "OF"),
            ("cat <<EOF\n{{ v }}F\nEOF\n", "a\nEO"),
            ("echo {{ v }}>file", "2"), ("echo {{ v }}<file", "0"), ("echo {{ v }}", "a\u{0}b"),
            ("echo '{{ v }}'", "\u{0}"),
        ] {
            #expect(throws: ExpressionError.self, "\(place) \(value)") { try rendered(place, .string(value)) }
        }
    }

    @Test("words that the shell knows are quoted where it would know them")
    func keywords() throws {
        #expect(try rendered("{{ v }} x", "if") == "'if' x")
        #expect(try rendered("true; {{ v }}f x", "i") == "true; 'i'f x")
        #expect(try rendered("{{ v }} x", "A=b") == "'A=b' x")
        #expect(try rendered("A{{ v }} x", "=b") == "A'=b' x")
        #expect(try rendered("echo {{ v }} x", "if") == "echo if x")
        #expect(try rendered("echo {{ v }} x", "A=b") == "echo A=b x")
        #expect(try rendered("echo {a,{{ v }}}", "b,c") == "echo {a,'b,c'}")
        #expect(try rendered("echo $HOME{{ v }}", "dir") == "echo $HOME'dir'")
        #expect(try rendered("echo \"$HOME{{ v }}\"", "dir") == "echo \"$HOME\"\"dir\"")
        #expect(try rendered("echo $HOME/{{ v }}", "dir") == "echo $HOME/dir")
    }
}

import ArgumentParser
import PetrelCore

/// Pages for `man`, made from the commands themselves: one of the program, one of each command with its subcommands.
struct ManualPages {
    private let root: Value

    /// Pages of the commands that a dump of the parser describes.
    init(dump: String) throws(CoreError) {
        root = try JSONReader.value(dump, limits: .ownDocument)["command"] ?? [:]
    }

    /// Pages of this program's commands.
    static var current: ManualPages { get throws { try ManualPages(dump: Petrel._dumpHelp()) } }

    /// Names without their section, and the text of each.
    var pages: [(name: String, text: String)] {
        let name = word(root)
        return [(name, overview)] + commands(of: root).map { ("\(name)-\(word($0))", page($0, below: name)) }
    }

    private var overview: String {
        let name = word(root)
        var lines = head(name, root)
        lines += [".SH SYNOPSIS", ".B \(Self.shown(name))", ".I command", ".RI [ options ]"]
        lines += [".SH DESCRIPTION", text(root, "discussion"), ".SH COMMANDS"]
        for command in commands(of: root) {
            lines += [".TP", ".BR \(Self.shown("\(name)-\(word(command))")) (1)", text(command, "abstract")]
        }
        return joined(lines)
    }

    private func page(_ command: Value, below parent: String) -> String {
        let name = "\(parent) \(word(command))"
        var lines = head("\(parent)-\(word(command))", command) + [".SH SYNOPSIS"]
        let inner = commands(of: command)
        for each in inner.isEmpty ? [command] : inner {
            lines += [synopsis(inner.isEmpty ? name : "\(name) \(word(each))", each), ".br"]
        }
        lines += [
            ".SH DESCRIPTION",
            text(command, "discussion").isEmpty ? text(command, "abstract") : text(command, "discussion"),
        ]
        if inner.isEmpty {
            lines += [".SH OPTIONS"] + options(command)
        } else {
            for each in inner {
                lines += [
                    ".SH \"\(Self.shown("\(name) \(word(each))"))\"", text(each, "abstract"), text(each, "discussion"),
                ]
                lines += options(each)
            }
        }
        return joined(lines + [".SH SEE ALSO", ".BR \(Self.shown(parent)) (1)"])
    }

    private func head(_ name: String, _ command: Value) -> [String] {
        [
            ".TH \(Self.shown(name.uppercased())) 1 \"\" \"Petrel \(Version.text)\" \"Petrel\"", ".SH NAME",
            "\(Self.shown(name)) \\- \(text(command, "abstract"))",
        ]
    }

    private func synopsis(_ name: String, _ command: Value) -> String {
        let positional = arguments(of: command).filter { $0["kind"]?.string == "positional" }.map { argument in
            let value =
                "<\(argument["valueName"]?.string ?? "")>" + (argument["isRepeating"]?.bool == true ? "..." : "")
            return argument["isOptional"]?.bool == true ? "[\(value)]" : value
        }
        return ".B " + Self.shown(([name] + positional).joined(separator: " ")) + " [options]"
    }

    private func options(_ command: Value) -> [String] {
        arguments(of: command).flatMap { argument -> [String] in
            let value = argument["valueName"]?.string ?? ""
            let names = (argument["names"]?.array ?? []).map { name in
                (name["kind"]?.string == "long" ? "--" : "-") + (name["name"]?.string ?? "")
            }
            let isFlag = argument["kind"]?.string == "flag"
            let term = names.isEmpty ? "<\(value)>" : names.joined(separator: ", ") + (isFlag ? "" : " <\(value)>")
            return [".TP", ".B " + Self.shown(term), text(argument, "abstract")]
        }
    }

    private func commands(of command: Value) -> [Value] {
        (command["subcommands"]?.array ?? []).filter { $0["shouldDisplay"]?.bool != false && word($0) != "help" }
    }

    private func arguments(of command: Value) -> [Value] {
        (command["arguments"]?.array ?? []).filter { $0["shouldDisplay"]?.bool != false }
    }

    private func word(_ command: Value) -> String { command["commandName"]?.string ?? "" }

    private func text(_ value: Value, _ key: String) -> String { Self.shown(value[key]?.string ?? "") }

    private func joined(_ lines: [String]) -> String {
        lines.filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
    }

    /// Text of which nothing is a request to the formatter.
    static func shown(_ text: String) -> String {
        text.replacing("\\", with: "\\e").replacing("-", with: "\\-").split(separator: "\n").map { line in
            line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : String(line)
        }.joined(separator: "\n")
    }
}

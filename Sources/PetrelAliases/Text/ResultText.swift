public import PetrelCore

/// The message that tells a conversation what came of an execution.
public enum ResultText {
    /// StackStorm's default message, byte for byte.
    ///
    /// `elapsedSeconds` and `webURL` leave their lines out when nil, zero or empty, as does a result that is empty.
    public static func standard(
        id: String, status: String, action: String, runner: String, result: Value?, elapsedSeconds: Double?,
        webURL: String?
    ) -> String {
        var text = "\nAction \(action) completed.\nstatus : \(status)\nexecution: \(id)\n\n"
        if let webURL, !webURL.isEmpty { text += "web_url: \(webURL)\n" }
        text += "\n"
        if let elapsedSeconds, elapsedSeconds != 0 {
            text += "Took \(HumanDuration.text(elapsedSeconds)) to complete.\n"
        }
        text += "\n"
        guard let result, result.isTruthy else { return text }
        return text + "result :\n--------\n" + ResultBody.text(result, runner: runner)
    }
}

/// The part of the message that shows the result, which depends on the runner.
private enum ResultBody {
    private static let processKeys: Set<String> = ["stdout", "stderr", "return_code", "error"]
    private static let pythonKeys: Set<String> = ["result", "stdout", "stderr", "exit_code"]

    static func text(_ result: Value, runner: String) -> String {
        guard let members = result.object else { return plain(result) + "\n" }
        if runner == "python-script" || runner.hasPrefix("windows-") {
            return lines(of: members, only: pythonKeys) + "\n"
        }
        if runner.hasPrefix("local-") { return lines(of: members, only: processKeys) + "\n" }
        if runner.hasPrefix("remote-") {
            return members.map { host, value in
                let body = value.object.map { lines(of: $0, only: processKeys, indent: 2) } ?? ""
                return "\(host) : \n\(body)\n"
            }.joined()
        }
        // The reference's template indents the first line of this one runner.
        return (runner == "http-request" ? "  " : "") + lines(of: members) + "\n"
    }

    private static func lines(of members: ValueObject, only keys: Set<String>, indent: Int = 0) -> String {
        lines(of: members.filter { keys.contains($0.key) && $0.value.isTruthy }, indent: indent)
    }

    private static func lines(of members: ValueObject, indent: Int = 0) -> String {
        members.map { line($0.key, $0.value, indent: indent) }.joined()
    }

    private static func line(_ key: String, _ value: Value, indent: Int) -> String {
        let start = String(repeating: " ", count: indent) + key + " : "
        switch value {
        case .object(let members): return start + "\n" + lines(of: members, indent: indent + 2)
        case .string(let text) where text.utf8.contains(0x0A):
            return start + "      \n" + String(repeating: " ", count: indent + 2) + text + "\n"
        default: return start + plain(value) + "\n"
        }
    }

    private static func plain(_ value: Value) -> String { value.string ?? value.pythonText }
}

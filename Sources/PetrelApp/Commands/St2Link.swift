import Glibc
import PetrelCore

/// What is different when the program is called `st2`, by a link of that name: scripts written for StackStorm's client go
/// on working.
///
/// StackStorm's options that stand before the command, and its configuration file, become the variables of the environment
/// that the commands read anyway. Errors go where the original's go, and tables have its borders.
enum St2Link {
    /// The name by which this process was called.
    static let isActive = name(of: CommandLine.arguments.first ?? "") == "st2"

    /// The last part of a path.
    static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    private static let variables = [
        "--url": "ST2_BASE_URL", "--api-url": "ST2_API_URL", "--auth-url": "ST2_AUTH_URL",
        "--stream-url": "ST2_STREAM_URL", "--api-version": "ST2_API_VERSION", "--cacert": "ST2_CACERT",
        "--basic-auth": "ST2_BASIC_AUTH", "--config-file": "ST2_CONFIG_FILE",
    ]
    private static let flags = ["--skip-config": "ST2_CLI_SKIP_CONFIG", "--debug": "ST2_DEBUG"]

    /// A command line without StackStorm's global options, and what they mean.
    static func arranged(_ arguments: [String]) -> (arguments: [String], variables: [String: String]) {
        var rest = arguments[...]
        var found: [String: String] = [:]
        while let word = rest.first, word.hasPrefix("--") {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if let variable = flags[word] {
                found[variable] = "1"
                rest = rest.dropFirst()
            } else if let variable = variables[parts[0]], parts.count == 2 {
                found[variable] = parts[1]
                rest = rest.dropFirst()
            } else if let variable = variables[word], let value = rest.dropFirst().first {
                found[variable] = value
                rest = rest.dropFirst(2)
            } else {
                break
            }
        }
        return (Array(rest), found)
    }

    /// What the configuration file says, as variables; those that are set win.
    static func configured(_ text: String, _ environment: [String: String]) -> [String: String] {
        let entries = [
            "general.base_url": "ST2_BASE_URL", "general.cacert": "ST2_CACERT", "api.url": "ST2_API_URL",
            "auth.url": "ST2_AUTH_URL", "credentials.api_key": "ST2_API_KEY",
            "credentials.basic_auth": "ST2_BASIC_AUTH",
        ]
        var found: [String: String] = [:]
        var section = ""
        for line in text.split(separator: "\n") {
            let line = line.trimmingBlanks
            if line.hasPrefix("["), line.hasSuffix("]") { section = String(line.dropFirst().dropLast()) }
            let parts = line.split(separator: "=", maxSplits: 1).map { String($0.trimmingBlanks) }
            guard parts.count == 2, !line.hasPrefix("#"), !line.hasPrefix(";"),
                let variable = entries[section + "." + parts[0]], environment.text(variable) == nil
            else { continue }
            found[variable] = parts[1]
        }
        return found
    }

    /// Puts what options and configuration file say into the environment of this process, before anything else runs.
    static func prepare(_ arguments: [String]) -> [String] {
        let (rest, given) = arranged(arguments)
        for (name, value) in given { setenv(name, value, 1) }
        let environment = Console.current.environment
        if environment.text("ST2_CLI_SKIP_CONFIG") == nil,
            let path = environment.text("ST2_CONFIG_FILE") ?? environment.text("HOME").map({ $0 + "/.st2/config" }),
            let text = try? LocalFile.text(path, maxBytes: 1 << 16)
        {
            for (name, value) in configured(text, environment) { setenv(name, value, 1) }
        }
        return rest
    }
}

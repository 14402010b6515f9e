import PetrelCore

extension LocalRunner {
    static let commandType = "local-shell-cmd"
    static let scriptType = "local-shell-script"
    static let defaultTimeoutSeconds = 60
    static let defaultMarker = "--"

    static let command = RunnerType(
        name: commandType, summary: "Runs a shell command on the machine of the service.",
        parameters: withShared(["cmd": runnerParameter(.string, "The command line, read by bash.")]),
        package: "local_runner", module: "local_shell_command_runner")

    static let script = RunnerType(
        name: scriptType, summary: "Runs a script of the action's pack on the machine of the service.",
        parameters: withShared([
            "debug": runnerParameter(.boolean, "Accepted for StackStorm's sake.", defaultValue: false),
            "content_version": runnerParameter(.string, "The git revision of the pack to use."),
        ]),
        package: "local_runner", module: "local_shell_script_runner")

    private static let shared: Parameters = [
        "cwd": runnerParameter(.string, "The folder in which it runs."),
        "env": runnerParameter(.object, "Environment variables to add."),
        "kwarg_op": runnerParameter(.string, "What stands before the name of a named argument.", defaultValue: "--"),
        "sudo": runnerParameter(.boolean, "Whether it runs as root.", defaultValue: false),
        "sudo_password": runnerParameter(.string, "The password that sudo asks for.", isSecret: true),
        "timeout": runnerParameter(.integer, "Seconds until it is ended.", defaultValue: 60),
    ]

    private static func withShared(_ own: Parameters) -> Parameters { own.merging(shared) { first, _ in first } }
}

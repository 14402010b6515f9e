import PetrelCore

extension RemoteRunner {
    static let scriptType = "remote-shell-script"
    static let commandType = "remote-shell-cmd"

    static let command = RunnerType(
        name: commandType, summary: "Runs a shell command on other machines by SSH.",
        parameters: shared.merging([
            "cmd": runnerParameter(.string, "The command line, read by bash."),
            "dir": runnerParameter(.string, "Accepted for StackStorm's sake.", defaultValue: "/tmp", isImmutable: true),
        ]) { first, _ in first },
        package: "remote_runner", module: "remote_command_runner")

    static let script = RunnerType(
        name: scriptType, summary: "Runs a script of the action's pack on other machines by SSH.",
        parameters: shared.merging([
            "dir": runnerParameter(
                .string, "The folder on the hosts in which the script is laid down.", defaultValue: "/tmp")
        ]) { first, _ in first },
        package: "remote_runner", module: "remote_script_runner")

    private static let shared: Parameters = [
        "bastion_host": runnerParameter(.string, "A host through which the others are reached."),
        "cwd": runnerParameter(.string, "The folder in which it runs.", defaultValue: "/tmp"),
        "env": runnerParameter(.object, "Environment variables to add."),
        "hosts": runnerParameter(
            .string, "Hosts with commas between them; each with a port behind a colon, if need be.", isRequired: true),
        "kwarg_op": runnerParameter(.string, "What stands before the name of a named argument.", defaultValue: "--"),
        "parallel": runnerParameter(
            .boolean, "Whether hosts are served at the same time.", defaultValue: false, isImmutable: true),
        "passphrase": runnerParameter(.string, "The passphrase of the private key.", isSecret: true),
        "password": runnerParameter(.string, "The password of the user.", isSecret: true),
        "port": runnerParameter(.integer, "The port of the SSH server."),
        "private_key": runnerParameter(.string, "A private key, or the path of its file.", isSecret: true),
        "sudo": runnerParameter(.boolean, "Whether it runs as root.", defaultValue: false),
        "sudo_password": runnerParameter(.string, "The password that sudo asks for.", isSecret: true),
        "timeout": runnerParameter(.integer, "Seconds until it is ended.", defaultValue: 60),
        "username": runnerParameter(.string, "The user on the hosts."),
    ]
}

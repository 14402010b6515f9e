import PetrelCore
import PetrelSystem

/// What a request to a remote runner comes to: hosts, a program for each of them, and how they are reached.
struct RemotePlan {
    /// One machine, as the action names it.
    struct Host: Sendable, Hashable {
        var label: String
        var name: String
        var port: Int?
    }

    /// Files of an attempt that are removed as soon as it is over.
    static let secretFiles = ["key", "password", "passphrase", "input", "program", "askpass", "upload.tar"]

    let hosts: [Host]
    private let program: String
    /// What is sent along: the script, and `lib` beside it.
    private let upload: (folder: String, names: [String])?
    private let user: String
    private let keyText: String?
    private let keyPath: String?
    private let password: String?
    private let passphrase: String?
    private let bastion: Host?
    let timeoutSeconds: Int

    /// Reads the parameters of a request.
    static func make(_ request: RunRequest, settings: RemoteRunner.Settings) -> Result<RemotePlan, RunRefusal> {
        let given = request.runnerParameters
        let names = (given["hosts"]?.string ?? "").split(separator: ",")
            .map { $0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed() }.map { String($0) }
            .filter { !$0.isEmpty }
        guard !names.isEmpty else {
            return .failure("No hosts specified to run action for action \(request.attempt.execution).")
        }
        var hosts: [Host] = []
        for name in names where !hosts.contains(where: { $0.label == name }) {
            guard let host = host(name) else { return .failure("'\(name)' can't be the name of a host") }
            hosts.append(host)
        }
        var bastion: Host?
        if let name = text(given["bastion_host"]) {
            guard let host = host(name) else { return .failure("'\(name)' can't be the name of a host") }
            bastion = host
        }
        return RemoteProgram.make(request).map { program in
            RemotePlan(request, settings, hosts: hosts, bastion: bastion, program: program)
        }
    }

    private init(
        _ request: RunRequest, _ settings: RemoteRunner.Settings, hosts: [Host], bastion: Host?, program: RemoteProgram
    ) {
        let given = request.runnerParameters
        let port = given["port"]?.integer
        self.hosts = hosts.map { Host(label: $0.label, name: $0.name, port: $0.port ?? port) }
        self.bastion = bastion
        self.program = program.text
        upload = program.upload
        user = Self.text(given["username"]) ?? settings.user
        let key = Self.text(given["private_key"])
        let isText = key?.lowercased().contains("private key-----") ?? false
        keyText = isText ? key : nil
        password = Self.text(given["password"])
        keyPath = isText ? nil : key ?? (password == nil ? settings.keyFile : nil)
        passphrase = Self.text(given["passphrase"])
        timeoutSeconds = LocalCommand.timeout(given["timeout"])
    }

    /// A host of the list; nil for what the client could take for an option, or a shell for more than a name.
    private static func host(_ label: String) -> Host? {
        var name = label
        var port: Int?
        if label.hasPrefix("[") {
            guard let end = label.firstIndex(of: "]") else { return nil }
            name = String(label[label.index(after: label.startIndex)..<end])
            let rest = label[label.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            port = rest.isEmpty ? nil : Int(rest.dropFirst())
            if !rest.isEmpty, port == nil { return nil }
        } else if label.count(where: { $0 == ":" }) == 1, let colon = label.firstIndex(of: ":") {
            name = String(label[..<colon])
            guard let number = Int(label[label.index(after: colon)...]) else { return nil }
            port = number
        }
        let isName = name.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || ".-_:%".utf8.contains($0)
        }
        guard isName, !name.isEmpty, !name.hasPrefix("-"), port.map((1...65_535).contains) ?? true else { return nil }
        return Host(label: label, name: name, port: port)
    }

    private static func text(_ value: Value?) -> String? {
        value?.string.flatMap { $0.isEmpty ? nil : $0 }
    }

    // MARK: Files

    /// Lays down what the driver and the clients read, for the service's user alone.
    /// - Returns: what went wrong.
    func write(to folder: String) -> String? {
        removeTree(folder)
        guard makePrivateFolder(folder) else { return "the folder \(folder) can't be made" }
        let ordered = JSONWriter.text(.array(hosts.map { .string($0.label) }))
        var files: [(String, String)] = [
            ("labels", ordered), ("program", program), ("driver", Self.driver),
            ("timeout", String(timeoutSeconds)),
        ]
        if let keyText { files.append(("key", keyText.hasSuffix("\n") ? keyText : keyText + "\n")) }
        if let password { files.append(("password", password + "\n")) }
        if let passphrase { files.append(("passphrase", passphrase + "\n")) }
        for (name, text) in files where !writePrivateFile(folder + "/" + name, Array(text.utf8)) {
            return "the file \(folder)/\(name) can't be written"
        }
        guard password != nil || passphrase != nil else { return nil }
        let asker =
            "#!/bin/sh\ncase $1 in *assphrase*) exec cat \"$0.d/../passphrase\";; *) exec cat \"$0.d/../password\";; esac\n"
            .replacing("$0.d/..", with: folder)
        guard writePrivateFile(folder + "/askpass", Array(asker.utf8), isExecutable: true) else {
            return "the file \(folder)/askpass can't be written"
        }
        return nil
    }

    /// Lays down the list of hosts, each with the socket of a connection that is there; the last thing before the start.
    /// - Returns: what went wrong.
    func writeHosts(to folder: String, sockets: [String?]) -> String? {
        let lines = zip(hosts, sockets).map { "\($0.port ?? 0) \($0.name) \($1 ?? "")\n" }.joined()
        return writePrivateFile(folder + "/hosts", Array(lines.utf8)) ? nil : "\(folder)/hosts can't be written"
    }

    /// How each host is reached, for connections that executions share.
    ///
    /// What a file of keys or settings holds counts, and not its path alone.
    func routes(_ folder: String, settings: RemoteRunner.Settings) -> [SSHConnections.Route] {
        let client = ["ssh"] + options(folder, settings, isBastion: false)
        let environment = environment(folder, settings)
        let files = [keyText == nil ? keyPath : nil, settings.configFile].map { path in
            path.map { $0 + "\n" + String(decoding: readFile($0, limit: 64 << 10) ?? [], as: UTF8.self) } ?? ""
        }
        let common = [
            user, keyText ?? "", password ?? "", passphrase ?? "", bastion.map { "\($0)" } ?? "",
            settings.hostKeyCheck,
        ]
        return hosts.map { host in
            SSHConnections.Route(
                identity: [host.name, String(host.port ?? 0)] + common + files,
                client: client + (host.port.map { ["-p", String($0)] } ?? []), host: host.name,
                environment: environment)
        }
    }

    private func environment(_ folder: String, _ settings: RemoteRunner.Settings) -> [String: String] {
        var environment = settings.environment
        environment["SSH_ASKPASS"] = folder + "/askpass"
        environment["SSH_ASKPASS_REQUIRE"] = password == nil && passphrase == nil ? "never" : "force"
        environment["DISPLAY"] = environment["DISPLAY"] ?? ":"
        return environment
    }

    /// The job for petrel-shim.
    func job(_ attempt: AttemptKey, folder: String, settings: RemoteRunner.Settings) -> ShimJob {
        let width = min(settings.maxParallel, hosts.count)
        let words =
            ["/bin/bash", folder + "/driver", folder, String(settings.maxOutputBytes), String(max(1, width))]
            + (upload.map { [$0.folder, String($0.names.count)] + $0.names } ?? ["/", "0"])
            + ["ssh"] + options(folder, settings, isBastion: false)
        return ShimJob(
            key: attempt.description, argv: words, environment: environment(folder, settings), cwd: "/",
            timeout: .seconds(timeoutSeconds), grace: settings.grace, maxOutputBytes: settings.maxOutputBytes)
    }

    private func options(_ folder: String, _ settings: RemoteRunner.Settings, isBastion: Bool) -> [String] {
        var words = ["-T", "-x", "-a", "-F", settings.configFile ?? "none"]
        var options = [
            "LogLevel=ERROR", "ClearAllForwardings=yes", "ConnectTimeout=\(settings.connectSeconds)",
            "StrictHostKeyChecking=\(settings.hostKeyCheck)",
            "UserKnownHostsFile=\(settings.knownHosts) ~/.ssh/known_hosts", "NumberOfPasswordPrompts=1",
            "ServerAliveInterval=15", "ServerAliveCountMax=4", "ControlPath=none", "ControlMaster=no",
        ]
        if password == nil, passphrase == nil { options.append("BatchMode=yes") }
        if password != nil { options.append("PubkeyAuthentication=\(keyText == nil && keyPath == nil ? "no" : "yes")") }
        if keyText != nil || keyPath != nil { options.append("IdentitiesOnly=yes") }
        for option in options { words += ["-o", option] }
        if let path = keyText == nil ? keyPath : folder + "/key" { words += ["-i", path] }
        if let bastion, !isBastion {
            let through =
                ["ssh"] + self.options(folder, settings, isBastion: true)
                + ["-p", String(bastion.port ?? 22), "-W", "[%h]:%p", "--", bastion.name]
            words += ["-o", "ProxyCommand=" + through.map(shellQuoted).joined(separator: " ")]
        }
        return words + ["-l", user]
    }

    /// Starts a client for each host, so many at a time.
    ///
    /// Arguments: folder, bytes kept of each output, hosts at a time, folder and names to be sent along, and the client's
    /// command line. A single host writes straight to the driver's outputs, so that they can be followed.
    private static let driver = #"""
        d=$1 cap=$2 width=$3 from=$4 count=$5; shift 5
        sent=0
        if [ "$count" -gt 0 ]; then
            tar -chf "$d/upload.tar" -C "$from" -- "${@:1:$count}" || exit 1
            shift "$count"; sent=$(stat -c %s "$d/upload.tar")
        else : >"$d/upload.tar"; fi
        cat "$d/program" "$d/upload.tar" >"$d/input"; size=$(stat -c %s "$d/program")
        launch="exec sh -c 'n=$sent; p=\$(head -c $size); eval \"\$p\"'"
        keep() { head -c "$cap"; exec cat >/dev/null; }
        one() {
            local input hold code
            exec {input}< <(cat "$d/input"; exec sleep 2147483647 2>/dev/null 3>&-); hold=$!
            "$@" <&"$input"; code=$?
            exec {input}<&-; kill $hold
            echo $code >"$d/$i.new"; mv "$d/$i.new" "$d/$i.code"
        }
        many() { { { one "$@" 2>&1 >&3 | keep >"$d/$i.err"; } 3>&1 | keep >"$d/$i.out"; }; }
        total=$(grep -c . "$d/hosts") i=0
        while read -r port host socket; do
            args=(); [ "$port" = 0 ] || args=(-p "$port")
            [ -z "$socket" ] || args+=(-S "$socket")
            if [ "$total" = 1 ]; then one "$@" "${args[@]}" -- "$host" "$launch"; break; fi
            while [ "$(jobs -rp | wc -l)" -ge "$width" ]; do wait -n; done
            many "$@" "${args[@]}" -- "$host" "$launch" </dev/null &
            i=$((i + 1))
        done <"$d/hosts"
        wait
        exit 0

        """#
}

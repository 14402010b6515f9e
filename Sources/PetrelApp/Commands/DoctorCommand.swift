import ArgumentParser
import FoundationEssentials
import Glibc
import PetrelCore
import PetrelStore
import PetrelSystem

/// Looks for what may be wrong, and says for each finding what helps.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look for what may be wrong: settings, folder, disk, database, service.",
        discussion: "Ends with 1 if something must be mended.")

    @OptionGroup var options: FolderOptions

    func run() async throws {
        let console = Console.current
        var report = DoctorReport()
        do {
            let settings = try options.settings(console)
            report.good("settings", "read without error")
            report.checkFolder(settings)
            report.checkPrograms(settings)
            await report.checkService(settings, console)
        } catch let errors as AppErrors {
            for problem in errors.problems { report.bad("settings", problem.message, problem.hint) }
        }
        for finding in report.findings { console.print(finding.lines(console.style)) }
        if report.findings.contains(where: { $0.level == .bad }) { throw ExitCode(1) }
    }
}

/// What was found.
struct DoctorReport {
    /// How bad a finding is.
    enum Level: String { case good = "ok", doubtful = "look", bad = "wrong" }

    /// One thing that was looked at.
    struct Finding {
        var level: Level
        var subject: String
        var text: String
        var fix: String?

        /// The finding, with what helps on a line of its own.
        func lines(_ style: TextStyle) -> [String] {
            let word = level == .good ? level.rawValue : style.bold(level.rawValue)
            let pad = String(repeating: " ", count: max(1, 7 - level.rawValue.count))
            return ["\(word)\(pad)\(subject): \(text)"] + (fix.map { ["       try: \($0)"] } ?? [])
        }
    }

    private static let leastFreeBytes = 1 << 30
    private(set) var findings: [Finding] = []

    mutating func good(_ subject: String, _ text: String) {
        findings.append(Finding(level: .good, subject: subject, text: text))
    }
    mutating func doubtful(_ subject: String, _ text: String, _ fix: String?) {
        findings.append(Finding(level: .doubtful, subject: subject, text: text, fix: fix))
    }
    mutating func bad(_ subject: String, _ text: String, _ fix: String?) {
        findings.append(Finding(level: .bad, subject: subject, text: text, fix: fix))
    }

    mutating func checkFolder(_ settings: Settings) {
        let folder = settings.dataDir
        guard let rights = fileRights(folder) else {
            return doubtful("data folder", "\(folder) is not there yet", "petrel serve makes it")
        }
        if rights & 0o077 != 0 {
            bad("data folder", "others can look into \(folder)", "chmod 700 \(folder)")
        } else if access(folder, W_OK) != 0 {
            bad("data folder", "\(folder) can't be written by you", "Run as the user of the service")
        } else {
            good("data folder", folder)
        }
        for secret in ["admin-token", "token-key", "audit-key", "htpasswd"]
        where (fileRights("\(folder)/\(secret)") ?? 0) & 0o077 != 0 {
            bad("secrets", "others can read \(folder)/\(secret)", "chmod 600 \(folder)/\(secret)")
        }
        checkDisk(folder)
        checkDatabase(folder)
    }

    private mutating func checkDisk(_ folder: String) {
        var disk = statvfs()
        guard statvfs(folder, &disk) == 0 else { return }
        let free = Int(disk.f_bavail) * Int(disk.f_frsize)
        let text = "\(free >> 20) MiB free"
        if free < Self.leastFreeBytes {
            bad("disk", "only \(text) on the disk of \(folder)", "Free some space; below a few MiB no work is taken")
        } else {
            good("disk", text)
        }
    }

    private mutating func checkDatabase(_ folder: String) {
        guard access(folder + "/petrel.db", R_OK) == 0 else { return }
        do throws(StoreError) {
            let size = try Inspection.integrity(folder: folder)
            good("database", "every page of \(size >> 10) KiB is sound")
        } catch { bad("database", error.message, error.hint) }
    }

    mutating func checkPrograms(_ settings: Settings) {
        let shim = ShimLauncher.shimPath(currentEnvironment())
        if isExecutableFile(shim) {
            good("petrel-shim", shim)
        } else {
            bad("petrel-shim", "\(shim) is missing; no command can run", "Put it beside the petrel program")
        }
        let path = (currentEnvironment().text("PATH") ?? "").split(separator: ":").map(String.init)
        for (program, use) in [
            ("bash", "local commands"), ("sudo", "actions with sudo"), ("ssh", "remote actions"),
            ("git", "packs from the net"), ("python3", "python actions and sensors"),
        ]
        where !path.contains(where: { isExecutableFile("\($0)/\(program)") }) {
            doubtful(
                program, "not found; \(use) need it", "apt-get install \(program == "ssh" ? "openssh-client" : program)"
            )
        }
    }

    mutating func checkService(_ settings: Settings, _ console: Console) async {
        let url = (try? LocalFile.text(settings.dataDir + "/url", maxBytes: 4096))?
            .split(separator: "\n").first.map(String.init)
        guard let url else {
            return doubtful("service", "none runs on this folder", "Start it: petrel serve")
        }
        do throws(SystemError) {
            let answer = try await HTTPClient().perform(HTTPRequest(url: url + "/readyz", timeout: .seconds(5)))
            let said = (try? JSONReader.value(answer.body, limits: .requestBody)) ?? .null
            if answer.status == 200 {
                good("service", "ready at \(url)")
            } else {
                bad("service", "not ready: \(said["reason"]?.string ?? "status \(answer.status)")", "Look at its log")
            }
            for adapter in said["adapters"]?.object ?? [:] where adapter.value["state"]?.string != "connected" {
                bad(
                    "adapter \(adapter.key)", adapter.value["error"]?.string ?? "not connected",
                    "Check its token and the network; its page in docs/ says what it needs")
            }
            checkClock(answer)
        } catch {
            bad("service", "\(url) does not answer: \(error.message)", "Start it: petrel serve")
        }
    }

    /// The service's clock against this machine's own; they differ only across machines or in a container.
    private mutating func checkClock(_ answer: HTTPResponse) {
        var now = time(nil)
        var parts = tm()
        gmtime_r(&now, &parts)
        if parts.tm_year + 1900 < 2025 {
            bad("clock", "it says the year \(parts.tm_year + 1900)", "Set it; tokens and timers go by it")
        } else {
            good("clock", SystemClock().now.description)
        }
    }
}

public import ArgumentParser
import Glibc
import PetrelCore
import PetrelSystem

/// The command line of Petrel.
public struct Petrel: AsyncParsableCommand {
    /// Names and subcommands.
    public static let configuration = CommandConfiguration(
        commandName: "petrel", abstract: "A ChatOps bot: chat messages run actions.",
        discussion: "Start the service with \"petrel serve\", then say \"petrel chat help\".",
        version: "petrel \(Version.text)",
        subcommands: [
            ServeCommand.self, ChatCommand.self, RunCommand.self, ExecutionCommand.self, ActionCommand.self,
            ActionAliasCommand.self, AliasCommand.self, RuleCommand.self,
            RuleEnforcementCommand.self, TriggerCommand.self, TriggerInstanceCommand.self, SensorCommand.self,
            TimerCommand.self, WebhookCommand.self, TraceCommand.self, WorkflowCommand.self, InquiryCommand.self,
            RunnerCommand.self, PackCommand.self, LoginCommand.self,
            AuthCommand.self, WhoAmICommand.self, APIKeyCommand.self, RoleCommand.self,
            RoleAssignmentCommand.self, AuditCommand.self, KeyCommand.self, PolicyCommand.self, PolicyTypeCommand.self,
            ServiceRegistryCommand.self, AdapterCommand.self,
            BackupCommand.self, RestoreCommand.self, DoctorCommand.self, ConfigCommand.self, VersionCommand.self,
            CompletionCommand.self, DebugCommand.self,
        ])

    /// The parser makes commands; nobody else does.
    public init() {}

    /// Carries out the command line of this process and ends it.
    public static func main() async {
        // A reader that goes away must not end the service; commands notice it when they write.
        signal(SIGPIPE, SIG_IGN)
        limitHeaps()
        let arguments = Array(CommandLine.arguments.dropFirst())
        await Glibc.exit(run(St2Link.isActive ? St2Link.prepare(arguments) : arguments))
    }

    /// What a person types to call this program.
    static var programName: String { St2Link.isActive ? "st2" : "petrel" }

    /// Carries out a command line.
    ///
    /// - Returns: 0, 1 when it failed, 2 when the command line makes no sense, or what the command itself says.
    static func run(_ arguments: [String]) async -> Int32 {
        do {
            var command = try command(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return 0
        } catch {
            return report(error)
        }
    }

    /// The command that a command line names, with its options.
    static func command(_ arguments: [String]) throws -> any ParsableCommand {
        try parseAsRoot(RunOptions.arranged(arguments))
    }

    private static func report(_ error: any Error) -> Int32 {
        let console = Console.current
        switch error {
        case let errors as AppErrors: report(errors.problems, console)
        case let problem as any AnyProblem: report([problem], console)
        default:
            let code = exitCode(for: error)
            let message = fullMessage(for: error)
            if !message.isEmpty { code == .success ? console.print(message) : console.note(message) }
            return code == .validationFailure ? 2 : code.rawValue
        }
        let isUsage = ((error as? AppErrors)?.problems.first ?? error as? AppError)?.code == .usage
        return isUsage ? 2 : 1
    }

    private static func report(_ problems: [any AnyProblem], _ console: Console) {
        for problem in problems {
            // Where StackStorm's client says it.
            if St2Link.isActive { console.print("ERROR: " + VisibleText.line(problem.message)) }
            console.note(ProblemText.text(problem, style: console.errorStyle))
        }
    }
}

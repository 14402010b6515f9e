import Logging
import PetrelAliases
import PetrelCore
import PetrelEngine
import PetrelPacks
import PetrelSystem
import Synchronization

/// Loads content, and loads it again whenever the folders change; tells what is wrong with it, each thing once.
final class ContentWatch: Sendable {
    private let loader: ContentLoader
    private let roots: [ContentRoot]
    private let configFolder: String
    private let catalog: LiveCatalog
    private let rules: LiveEventCatalog
    private let events: EventHub
    private let logger: Logger
    private let told = Mutex<Set<String>>([])
    private let turns = LoadTurns()

    init(
        loader: ContentLoader, roots: [ContentRoot], configFolder: String, catalog: LiveCatalog,
        rules: LiveEventCatalog, events: EventHub, logger: Logger
    ) {
        self.rules = rules
        self.loader = loader
        self.roots = roots
        self.configFolder = configFolder
        self.catalog = catalog
        self.events = events
        self.logger = logger
    }

    /// Loads everything once and puts it in force; returns what is wrong.
    ///
    /// One load after the other, so that what is in force is what the last one read.
    @discardableResult
    func load() async throws(CoreError) -> [PackError] {
        await turns.take()
        do throws(CoreError) {
            let problems = try await loadNow()
            await turns.pass()
            return problems
        } catch {
            await turns.pass()
            throw error
        }
    }

    private func loadNow() async throws(CoreError) -> [PackError] {
        var edit = rules.edits
        var content = try await loader.load()
        while !rules.replace(with: content.eventContent, loadedAtEdit: edit) {
            edit = rules.edits
            content = try await loader.load()
        }
        let catalog = Catalog(
            packs: content.packs, actions: content.actions, aliases: content.aliases, policies: content.policies,
            configs: content.configs)
        self.catalog.replace(with: catalog)
        tell(content.problems, catalog.matcher.problems, missingActions(catalog) + brokenRules(catalog))
        if content.hasChanged {
            events.publish(.contentChanged)
            logger.info(
                "content loaded",
                metadata: [
                    "packs": "\(content.packs.count)", "actions": "\(content.actions.count)",
                    "aliases": "\(content.aliases.count)", "rules": "\(content.rules.count)",
                    "problems": "\(content.problems.count)",
                ])
        }
        return content.problems
    }

    /// Loads after each burst of changes, until the task is cancelled.
    func run() async {
        let watch = FolderWatch(folders: roots.map(\.path) + [configFolder])
        for await _ in watch.changes {
            do throws(CoreError) {
                try await load()
            } catch {
                logger.error("content could not be stored", metadata: ["reason": "\(error.message)"])
            }
        }
    }

    private func missingActions(_ catalog: Catalog) -> [String] {
        catalog.aliases.filter { $0.isEnabled && catalog.action($0.actionRef) == nil }.map {
            "alias \($0.ref) runs \($0.actionRef), which does not exist"
        }
    }

    private func brokenRules(_ catalog: Catalog) -> [String] {
        let rules = rules.current
        return rules.problems.map { "rule \($0.rule) never fires: \($0.reason)" }
            + rules.rules.filter { $0.isEnabled && catalog.action($0.actionRef) == nil }.map {
                "rule \($0.ref) runs \($0.actionRef), which does not exist"
            }
    }

    private func tell(_ problems: [PackError], _ formats: [AliasError], _ missing: [String]) {
        let errors = problems.filter { $0.code != .warning }.map(\.description) + formats.map(\.description)
        let warnings = problems.filter { $0.code == .warning }.map(\.description) + missing
        let (newErrors, newWarnings) = told.withLock { told in
            let fresh = (errors.filter { !told.contains($0) }, warnings.filter { !told.contains($0) })
            told = Set(errors + warnings)
            return fresh
        }
        for error in newErrors { logger.error("\(error)") }
        for warning in newWarnings { logger.warning("\(warning)") }
    }
}

/// Lets loads wait for each other.
private actor LoadTurns {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func take() async {
        guard isTaken else {
            isTaken = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func pass() {
        if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
    }
}

extension LoadedContent {
    /// What decides on events.
    fileprivate var eventContent: EventCatalog.Content {
        EventCatalog.Content(triggerTypes: triggerTypes, triggers: triggers, rules: rules, sensors: sensors)
    }
}

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
    private let events: EventHub
    private let logger: Logger
    private let told = Mutex<Set<String>>([])

    init(
        loader: ContentLoader, roots: [ContentRoot], configFolder: String, catalog: LiveCatalog, events: EventHub,
        logger: Logger
    ) {
        self.loader = loader
        self.roots = roots
        self.configFolder = configFolder
        self.catalog = catalog
        self.events = events
        self.logger = logger
    }

    /// Loads everything once.
    func load() async throws(CoreError) {
        let content = try await loader.load()
        let catalog = Catalog(
            packs: content.packs, actions: content.actions, aliases: content.aliases, policies: content.policies,
            configs: content.configs)
        self.catalog.replace(with: catalog)
        tell(content.problems, catalog.matcher.problems, missingActions(catalog))
        if content.hasChanged {
            events.publish(.contentChanged)
            logger.info(
                "content loaded",
                metadata: [
                    "packs": "\(content.packs.count)", "actions": "\(content.actions.count)",
                    "aliases": "\(content.aliases.count)", "problems": "\(content.problems.count)",
                ])
        }
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

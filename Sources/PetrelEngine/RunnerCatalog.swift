public import PetrelCore

/// The runner types and who carries each out.
public struct RunnerCatalog: Sendable {
    private let runners: [String: any ActionRunner]
    /// All runner types, by name.
    public let types: [RunnerType]

    /// A catalog of runners; of two with one type, the first is taken.
    public init(_ runners: [any ActionRunner]) {
        let pairs = runners.flatMap { runner in runner.types.map { ($0, runner) } }
        types = pairs.map(\.0).sorted { $0.name < $1.name }
        self.runners = Dictionary(pairs.map { ($0.0.name, $0.1) }, uniquingKeysWith: { first, _ in first })
    }

    /// Who carries out actions of a type.
    public func runner(_ type: String) -> (any ActionRunner)? { runners[type] }

    /// The declaration of a type.
    public func type(_ name: String) -> RunnerType? { types.first { $0.name == name } }
}

// swift-tools-version: 6.1
import PackageDescription

// Modules in the order of docs/ARCHITECTURE.md: nothing imports a module above it.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .define("PETREL_FAULTS", .when(configuration: .debug)),
]

let collections: Target.Dependency = .product(name: "OrderedCollections", package: "swift-collections")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

// Generics across modules are specialised in the release. Not in the module that uses GRDB: the compiler (6.3.1) fails on
// what it then takes over from there.
let optimized: [SwiftSetting] = [.unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))]

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    let settings = name == "PetrelStore" ? strict : strict + optimized
    return .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func library(_ name: String, _ pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, path: "Sources/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["PetrelTestKit"], swiftSettings: strict)
}

/// What stands in `adapters/` and is no Swift; a test compares this list with the disk.
let adapterMaterial = [
    "alerts", "chatops", "core", "examples", "linux", "packs", "python", "starter", "irc/README.md",
    "mattermost/README.md", "slack/README.md", "slack/app-manifest.yaml", "xmpp/README.md",
]

let package = Package(
    name: "petrel",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "petrel", targets: ["petrel"]),
        .executable(name: "petrel-shim", targets: ["petrel-shim"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-async-algorithms", exact: "1.1.4"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        .executableTarget(name: "petrel", dependencies: ["PetrelApp"], swiftSettings: strict),
        // Static and without the Swift runtime, so that one more process per action costs little (docs/adr/0003).
        .executableTarget(
            name: "petrel-shim",
            cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra", "-Werror"])],
            linkerSettings: [.unsafeFlags(["-nostartfiles", "-static-executable"])]),

        module(
            "PetrelApp",
            [
                "PetrelServer", "PetrelAdapters", "PetrelRunners", "PetrelPacks", "PetrelStore", "PetrelSystem",
                "PetrelChat",
                "PetrelEngine", "PetrelWorkflow", "PetrelAliases", "PetrelExpressions", "PetrelCore", "CPetrelContent",
                collections,
                logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),
        module(
            "PetrelServer",
            [
                "PetrelEngine", "PetrelAliases", "PetrelExpressions", "PetrelCore", collections, logging,
                .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        // One folder per outside system; packs, manuals and manifests stand beside the Swift files.
        .target(
            name: "PetrelAdapters", dependencies: ["PetrelSystem", "PetrelCore", collections], path: "adapters",
            exclude: adapterMaterial, swiftSettings: strict + optimized),
        module("PetrelRunners", ["PetrelSystem", "PetrelExpressions", "PetrelCore", collections]),
        module("PetrelPacks", ["PetrelSystem", "PetrelWorkflow", "PetrelExpressions", "PetrelCore", collections]),
        module(
            "PetrelStore",
            [
                "PetrelCore", "CLogWrites", collections, .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        module("PetrelSystem", ["PetrelCore", "CPetrel", "CCurl", "COpenSSL", "CCrypt", "CLWS", "CExpat"]),
        module("PetrelChat", ["PetrelEngine", "PetrelAliases", "PetrelExpressions", "PetrelCore", collections]),
        module(
            "PetrelEngine",
            ["PetrelWorkflow", "PetrelAliases", "PetrelExpressions", "PetrelCore", collections, deque, heap]),
        module("PetrelWorkflow", ["PetrelExpressions", "PetrelCore", collections]),
        module("PetrelAliases", ["PetrelExpressions", "PetrelCore", collections]),
        module("PetrelExpressions", ["PetrelCore", "CLibYAML", "CPCRE2", collections]),
        module("PetrelCore", [collections]),

        // Measures the small languages for `make bench`; not part of the product.
        .executableTarget(
            name: "petrel-bench", dependencies: ["PetrelExpressions", "PetrelCore", "CAllocations", collections],
            path: "Tests/Benchmarks/petrel-bench", swiftSettings: strict + optimized),
        .target(
            name: "CAllocations", path: "Tests/Benchmarks/CAllocations",
            cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra", "-Werror"])]),

        .target(name: "CPetrel", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
        .target(
            name: "CLogWrites", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])],
            linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(name: "CPetrelContent"),
        library("CLibYAML", "yaml-0.1", apt: "libyaml-dev"),
        library("CPCRE2", "libpcre2-8", apt: "libpcre2-dev"),
        library("CCurl", "libcurl", apt: "libcurl4-openssl-dev"),
        library("COpenSSL", "openssl", apt: "libssl-dev"),
        library("CCrypt", "libcrypt", apt: "libcrypt-dev"),
        library("CLWS", "libwebsockets", apt: "libwebsockets-dev"),
        library("CExpat", "expat", apt: "libexpat1-dev"),

        module("PetrelTestKit", ["PetrelEngine", "PetrelSystem", "PetrelCore", collections]),

        tests("PetrelCoreTests", ["PetrelCore"]),
        tests("PetrelExpressionsTests", ["PetrelExpressions", "PetrelCore"]),
        tests("PetrelAliasesTests", ["PetrelAliases", "PetrelExpressions", "PetrelCore"]),
        tests("PetrelWorkflowTests", ["PetrelWorkflow", "PetrelExpressions", "PetrelCore"]),
        tests("PetrelEngineTests", ["PetrelEngine", "PetrelStore", "PetrelSystem", "PetrelCore"]),
        tests("PetrelChatTests", ["PetrelChat", "PetrelEngine", "PetrelStore", "PetrelCore"]),
        tests("PetrelPacksTests", ["PetrelPacks", "PetrelEngine", "PetrelStore", "PetrelCore"]),
        tests("PetrelSystemTests", ["PetrelSystem", "PetrelCore", "petrel-shim"]),
        tests("PetrelAdaptersTests", ["PetrelAdapters", "PetrelSystem", "PetrelCore"]),
        tests(
            "PetrelRunnersTests",
            ["PetrelRunners", "PetrelSystem", "PetrelExpressions", "PetrelCore", "petrel-shim"]),
        tests(
            "PetrelAppTests",
            [
                "PetrelApp", "PetrelServer", "PetrelSystem", "PetrelAliases", "PetrelExpressions", "PetrelCore",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        tests(
            "ConformanceTests",
            [
                "PetrelStore", "PetrelChat", "PetrelEngine", "PetrelWorkflow", "PetrelAliases", "PetrelExpressions",
                "PetrelAdapters", "PetrelSystem", "PetrelCore",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        tests("ArchitectureTests", []),
        tests("IntegrationTests", ["PetrelSystem", "PetrelCore", "petrel", "petrel-shim"]),
        tests("FaultTests", ["PetrelSystem", "PetrelCore", "petrel", "petrel-shim"]),
    ]
)

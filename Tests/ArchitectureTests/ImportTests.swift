import Foundation
import Testing

/// The source tree as text.
enum SourceTree {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Swift files below a folder, with their text.
    static func swiftFiles(_ folder: String) throws -> [(path: String, text: String)] {
        let base = root.appending(path: folder)
        let names = try FileManager.default.subpathsOfDirectory(atPath: base.path)
        return try names.filter { $0.hasSuffix(".swift") }.sorted().map { name in
            (folder + "/" + name, try String(contentsOf: base.appending(path: name), encoding: .utf8))
        }
    }

    /// The modules that a file imports.
    static func imports(_ text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            guard let at = words.firstIndex(of: "import"), at + 1 < words.count else { return nil }
            let before = words[..<at]
            guard before.allSatisfy({ ["public", "@_exported", "internal", "private", "@testable"].contains($0) })
            else {
                return nil
            }
            return words[at + 1].split(separator: ".").first.map(String.init)
        }
    }
}

@Suite("The architecture")
struct ImportTests {
    /// What each module may import beside the standard library; the table of docs/ARCHITECTURE.md.
    static let allowed: [String: Set<String>] = [
        "PetrelCore": ["FoundationEssentials", "OrderedCollections", "Synchronization", "Glibc", "Darwin"],
        "PetrelExpressions": [
            "PetrelCore", "CLibYAML", "CPCRE2", "Synchronization", "FoundationEssentials", "Foundation",
            "Glibc", "Darwin",
        ],
        "PetrelWorkflow": ["PetrelCore", "PetrelExpressions", "Synchronization", "FoundationEssentials"],
        "PetrelAliases": ["PetrelCore", "PetrelExpressions", "Synchronization"],
        "PetrelEngine": [
            "PetrelCore", "PetrelExpressions", "PetrelAliases", "PetrelWorkflow", "DequeModule", "HeapModule",
            "Synchronization",
        ],
        "PetrelChat": ["PetrelCore", "PetrelExpressions", "PetrelAliases", "PetrelEngine", "Synchronization"],
        "PetrelStore": [
            "PetrelCore", "CLogWrites", "GRDB", "GRDBSQLite", "FoundationEssentials", "Glibc", "Synchronization",
        ],
        "PetrelSystem": [
            "PetrelCore", "CPetrel", "CCurl", "COpenSSL", "CCrypt", "CLWS", "CExpat", "Glibc", "Synchronization",
            "FoundationEssentials",
        ],
        "PetrelRunners": [
            "PetrelCore", "PetrelExpressions", "PetrelSystem", "FoundationEssentials", "Synchronization",
        ],
        "PetrelPacks": ["PetrelCore", "PetrelExpressions", "PetrelWorkflow", "PetrelSystem", "FoundationEssentials"],
        "PetrelServer": [
            "PetrelCore", "PetrelExpressions", "PetrelAliases", "PetrelEngine", "AsyncAlgorithms", "Hummingbird",
            "HummingbirdCore",
            "HummingbirdTLS", "HTTPTypes", "NIOCore", "NIOHTTPTypes", "NIOSSL",
            "Logging", "ServiceLifecycle", "FoundationEssentials", "Synchronization",
        ],
        "PetrelAdapters": ["PetrelCore", "PetrelSystem", "Synchronization", "FoundationEssentials"],
        "PetrelTestKit": [
            "PetrelCore", "PetrelEngine", "PetrelSystem", "Synchronization", "Foundation", "Glibc",
        ],
        "petrel": ["PetrelApp"],
    ]

    @Test("no module imports what stands above it", arguments: allowed.keys.sorted())
    func imports(_ module: String) throws {
        let allowed = try #require(Self.allowed[module])
        let folder = module == "PetrelAdapters" ? "adapters" : "Sources/\(module)"
        for file in try SourceTree.swiftFiles(folder) {
            for name in SourceTree.imports(file.text) where !allowed.contains(name) {
                Issue.record("\(file.path) imports \(name)")
            }
        }
    }

    @Test("the manifest leaves out just what is no Swift in adapters/")
    func adapterMaterial() throws {
        let manifest = try String(contentsOf: SourceTree.root.appending(path: "Package.swift"), encoding: .utf8)
        let list = manifest.split(separator: "let adapterMaterial = [").last?.split(separator: "]").first ?? ""
        let excluded = list.split { "\", \n".contains($0) }.map(String.init)
        let base = SourceTree.root.appending(path: "adapters").path
        for name in try FileManager.default.subpathsOfDirectory(atPath: base) where !name.hasSuffix(".swift") {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: base + "/" + name, isDirectory: &isFolder)
            guard !isFolder.boolValue else { continue }
            #expect(
                excluded.contains { name == $0 || name.hasPrefix($0 + "/") }, "Package.swift must leave out \(name)")
        }
        for name in excluded { #expect(FileManager.default.fileExists(atPath: base + "/" + name), "\(name)") }
    }

    @Test("every module has a line in the table")
    func complete() throws {
        let names = try FileManager.default.contentsOfDirectory(
            atPath: SourceTree.root.appending(path: "Sources").path)
        for name in names where name.hasPrefix("Petrel") && name != "PetrelApp" {
            #expect(Self.allowed[name] != nil, "\(name)")
        }
    }

    @Test("unsafe code stands only in files named +C, and users' patterns never meet Regex")
    func unsafeCode() throws {
        for file in try SourceTree.swiftFiles("Sources") {
            let code = file.text.split(separator: "\n").filter { !$0.drop(while: { $0 == " " }).hasPrefix("//") }
                .joined(separator: "\n")
            for word in ["NSRegularExpression", "try! Regex", " Regex(", "(Regex(", "Thread.sleep"] {
                #expect(!code.contains(word), "\(file.path) uses \(word)")
            }
            guard !file.path.hasSuffix("+C.swift") else { continue }
            for word in ["@unchecked Sendable", "UnsafePointer", "UnsafeMutable", "Unmanaged", "nonisolated(unsafe)"] {
                #expect(!code.contains(word), "\(file.path) uses \(word)")
            }
        }
    }

    @Test("a bare Task stands in PetrelApp only")
    func bareTasks() throws {
        for file in try SourceTree.swiftFiles("Sources") where !file.path.contains("/PetrelApp/") {
            let words = file.text.split { $0 == " " || $0 == "\n" || $0 == "(" }
            #expect(!words.contains("Task") && !file.text.contains("Task.detached"), "\(file.path)")
        }
    }
}

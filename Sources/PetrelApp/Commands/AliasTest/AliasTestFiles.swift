import PetrelCore

/// The files that `petrel alias test` reads.
struct AliasTestFiles: Sendable {
    /// One alias and its test file.
    struct Entry: Sendable {
        var alias: String
        /// The folder that the alias stands in, which names its pack.
        var pack: String
        /// nil when there is none beside it.
        var test: String?
    }

    var entries: [Entry] = []
    /// Test files without an alias beside them.
    var orphans: [String] = []
    /// Reads a file.
    var read: @Sendable (String) throws(AppError) -> [UInt8] = { path throws(AppError) in
        try LocalFile.bytes(path, maxBytes: Limits.contentFile.maxBytes)
    }

    private static let maxDepth = 6
    private static let maxFiles = 10_000

    /// The aliases below folders, and those that are named.
    static func find(_ paths: [String], workingFolder: String) throws(AppError) -> AliasTestFiles {
        var files: [String] = []
        for path in paths {
            let (exists, isFolder) = LocalFile.kind(PathText.absolute(path, in: workingFolder))
            guard exists else {
                throw AppError(.badFile, "\(path) does not exist", hint: "Name a folder such as aliases, or a file")
            }
            let clean = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path
            if isFolder {
                try collect(clean, in: workingFolder, depth: 0, into: &files)
            } else {
                files += [clean] + (testName(of: clean).map { [$0] } ?? []).filter { LocalFile.kind($0).exists }
            }
        }
        return AliasTestFiles(files, workingFolder: workingFolder)
    }

    /// Pairs aliases with their tests.
    init(_ files: [String], workingFolder: String = ".") {
        let names = Set(files)
        for file in names.sorted() where Self.isYAML(file) {
            if Self.isTest(file) {
                if !names.contains(where: { Self.testName(of: $0) == file }) { orphans.append(file) }
            } else {
                let test = Self.testName(of: file).flatMap { names.contains($0) ? $0 : nil }
                entries.append(Entry(alias: file, pack: Self.pack(of: file, workingFolder), test: test))
            }
        }
    }

    private static func collect(_ folder: String, in workingFolder: String, depth: Int, into files: inout [String])
        throws(AppError)
    {
        guard depth <= maxDepth, files.count < maxFiles else {
            throw AppError(
                .badFile, "\(folder) is nested too deep or holds too many files",
                hint: "Name the folder of the aliases")
        }
        for name in try LocalFile.names(in: PathText.absolute(folder, in: workingFolder)) where !name.hasPrefix(".") {
            let path = folder + "/" + name
            if LocalFile.kind(PathText.absolute(path, in: workingFolder)).isFolder {
                try collect(path, in: workingFolder, depth: depth + 1, into: &files)
            } else {
                files.append(path)
            }
        }
    }

    private static func isYAML(_ file: String) -> Bool { file.hasSuffix(".yaml") || file.hasSuffix(".yml") }

    private static func isTest(_ file: String) -> Bool { file.hasSuffix(".test.yaml") || file.hasSuffix(".test.yml") }

    /// The name of the test file of an alias; nil for what is none.
    private static func testName(of file: String) -> String? {
        guard isYAML(file), !isTest(file), let dot = file.lastIndex(of: ".") else { return nil }
        return file[..<dot] + ".test" + file[dot...]
    }

    /// The folder's name; in a pack's own `aliases` folder, that of the pack.
    private static func pack(of file: String, _ workingFolder: String) -> String {
        let parts = PathText.absolute(file, in: workingFolder).split(separator: "/").dropLast()
        let folder = parts.last == "aliases" ? parts.dropLast().last : parts.last
        return folder.map(String.init) ?? "default"
    }
}

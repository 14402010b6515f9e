/// Changes content as the API asks for it: files in the folders of packs, which the loader then reads like any others.
///
/// A file comes into being or is replaced as a whole, by rename. What a call did is on the disk and in force when it
/// returns; what it refused has changed nothing. Built-in packs are refused. The audit trail says who changed what.
public protocol ContentEditor: Sendable {
    /// Writes an action or alias with the files that come with it.
    /// - Throws: `invalidInput` when the loader would refuse it, its pack is unknown or built in, a file would leave the
    ///   pack, or it exists although it must be new; `unavailable` when the disk refuses.
    func write(_ draft: ContentDraft, by user: String) async throws(CoreError)
    /// Removes an action or alias.
    /// - Parameter withScript: the file that an action runs goes, too.
    /// - Throws: `notFound` when there is none; otherwise as ``write(_:by:)``.
    func remove(_ kind: ContentRecord.Kind, _ ref: ContentRef, withScript: Bool, by user: String)
        async throws(CoreError)
    /// Reads all folders again.
    /// - Returns: what is wrong in them, by the path of the file.
    func reload() async throws(CoreError) -> [ContentProblem]
}

/// An action or alias that is to be written.
public struct ContentDraft: Sendable {
    /// A file beside the metadata, such as a script.
    public struct File: Sendable {
        /// Relative to the pack's `actions/` folder.
        public var path: String
        /// What it holds.
        public var content: [UInt8]

        /// A file.
        public init(path: String, content: [UInt8]) {
            self.path = path
            self.content = content
        }
    }
    /// `action` or `alias`.
    public var kind: ContentRecord.Kind
    /// Its pack and name; a pack `default` is made when it is missing.
    public var ref: ContentRef
    /// The metadata as its file will say it.
    public var document: ValueObject
    /// Files that come with it; those that are there are replaced.
    public var files: [File]
    /// Whether one of that name may not exist yet.
    public var mustBeNew: Bool

    /// What is to be written.
    public init(
        kind: ContentRecord.Kind, ref: ContentRef, document: ValueObject, files: [File] = [], mustBeNew: Bool
    ) {
        self.kind = kind
        self.ref = ref
        self.document = document
        self.files = files
        self.mustBeNew = mustBeNew
    }
}

/// Something wrong with a content file.
public struct ContentProblem: Sendable, Hashable {
    /// The file's path.
    public var file: String
    /// Place, reason and advice in one line.
    public var text: String
    /// Whether the file is in force nevertheless.
    public var isWarning: Bool

    /// A problem.
    public init(file: String, text: String, isWarning: Bool) {
        self.file = file
        self.text = text
        self.isWarning = isWarning
    }
}

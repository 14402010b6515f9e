import PetrelCore
import PetrelSystem

/// Where an action's script is, once it is sure that it is in its pack.
struct EntryPoint {
    /// The path without links.
    let path: String

    /// Finds the script.
    ///
    /// Links are followed, but not out of the pack.
    static func find(_ action: Action) -> Result<EntryPoint, RunRefusal> {
        let name = action.entryPoint
        guard !name.isEmpty else { return .failure("the action \(action.ref) has no entry_point") }
        let asked = name.hasPrefix("/") ? name : action.packPath + "/actions/" + name
        guard !asked.utf8.contains(0), let path = realPath(asked), let pack = realPath(action.packPath) else {
            return .failure("the script \(asked) of the action \(action.ref) does not exist")
        }
        guard path.utf8.starts(with: (pack + "/").utf8) else {
            return .failure("the entry point '\(name)' of the action \(action.ref) leads out of its pack (\(path))")
        }
        guard isRegularFile(path) else { return .failure("the script \(asked) of the action \(action.ref) is no file") }
        return .success(EntryPoint(path: path))
    }

    /// Lets the service execute the script where a pack was copied without its modes.
    func prepare() {
        if !isExecutableFile(path) { makeExecutable(path) }
    }
}

/// Why an action is not run at all, in a sentence that becomes the `error` of its result.
struct RunRefusal: Error, ExpressibleByStringInterpolation {
    let reason: String

    init(stringLiteral reason: String) { self.reason = reason }
}

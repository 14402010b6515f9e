import PetrelCore

/// What testing aliases found.
struct AliasTestReport: Sendable {
    private(set) var passed = 0
    private(set) var failures: [AppError] = []
    private(set) var warnings: [AppError] = []

    var failed: Int { failures.count }

    /// Something was as it should be.
    mutating func pass() { passed += 1 }

    /// Something was not as it should be.
    mutating func fail(_ message: String, _ location: Location?) {
        failures.append(AppError(.badTestFile, message, location: location))
    }

    /// Something is worth a look.
    mutating func warn(_ message: String, _ location: Location?) {
        warnings.append(AppError(.badTestFile, message, location: location))
    }

    /// A line for each warning and failure, and one with the counts.
    func lines(_ style: TextStyle) -> [String] {
        let notes = warnings.map { style.yellow("warning") + " " + VisibleText.line($0.description) }
        let faults = failures.map { style.red("FAIL") + " " + VisibleText.line($0.description) }
        return notes + faults + ["\(passed) passed, \(failed) failed"]
    }
}

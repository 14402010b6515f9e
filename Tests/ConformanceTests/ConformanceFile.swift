import Foundation
import PetrelCore

/// A file of recorded vectors, one JSON object a line.
///
/// It is read from the folder that PETREL_CONFORMANCE_DIR names, else from the one beside the package, else from the
/// package's own copy.
struct ConformanceFile {
    /// How many records were equal.
    struct Score {
        var passed = 0
        var failed = 0

        /// Whether at least 99.5 % were.
        var isEnough: Bool { passed > 0 && Double(failed) <= Double(passed + failed) * 0.005 }
    }

    /// What is said of one record.
    struct Verdict {
        var isRight: Bool
        /// What came instead of the record's result, for reading.
        var got: String
        /// Whether only the words of an error differ.
        var hasOtherMessage = false
    }

    let name: String

    init(_ name: String) { self.name = name }

    /// The folder of all vectors.
    static var folder: URL {
        if let named = ProcessInfo.processInfo.environment["PETREL_CONFORMANCE_DIR"], !named.isEmpty {
            return URL(filePath: named)
        }
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let shared = root.appending(path: "../shared/conformance")
        return FileManager.default.fileExists(atPath: shared.path)
            ? shared : root.appending(path: "Tests/Fixtures/conformance")
    }

    /// Whether the records that differ are printed.
    static let isVerbose = ProcessInfo.processInfo.environment["PETREL_CONFORMANCE_VERBOSE"] == "1"

    /// The whole file as one JSON value, for those that are no lines.
    static func document(_ name: String) throws -> Value {
        try JSONReader.value(Array(try Data(contentsOf: folder.appending(path: name))), limits: .ownDocument)
    }

    /// Judges every record; prints the figure, and what differs when that is asked for.
    func judge(_ verdict: (Value) throws -> Verdict) throws -> Score {
        var score = Score()
        var otherMessages = 0
        let data = try Data(contentsOf: Self.folder.appending(path: name))
        for line in data.split(separator: UInt8(ascii: "\n")) {
            let record = try JSONReader.value(Array(line), limits: .ownDocument)
            let verdict = try verdict(record)
            if verdict.isRight { score.passed += 1 } else { score.failed += 1 }
            if verdict.hasOtherMessage { otherMessages += 1 }
            guard Self.isVerbose, !verdict.isRight || verdict.hasOtherMessage else { continue }
            print("\(verdict.isRight ? "message" : "failed") \(JSONWriter.text(record))\n    got \(verdict.got)")
        }
        print("\(name) passed=\(score.passed) failed=\(score.failed)")
        if Self.isVerbose, otherMessages > 0 { print("\(name) other_messages=\(otherMessages)") }
        return score
    }

    /// Compares each record's `result` with what the body makes of it, nil standing for an error.
    func score(_ outcome: (Value) -> Value?) throws -> Score {
        try judge { record in
            let got = outcome(record)
            let isRight =
                record["error"] != nil ? got == nil : got?.isEquivalent(to: record["result"] ?? .null) ?? false
            return Verdict(isRight: isRight, got: got.map { JSONWriter.text($0) } ?? "an error")
        }
    }
}

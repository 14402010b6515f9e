import Foundation
import PetrelTestKit
import Testing

/// The short form of the fault suites; `make fault` runs the long one with the same driver.
@Suite("Faults", .serialized)
struct FaultTests {
    private static let driver = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Harness/fault.py").path
    private static let programs =
        Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }?
        .deletingLastPathComponent().path ?? Bundle.main.bundleURL.path

    private func drive(_ arguments: String...) async throws -> TestProgram.Ended {
        let ended = try await TestProgram.run(
            "python3", [Self.driver, Self.programs + "/petrel"] + arguments, within: .seconds(1800))
        print(ended.out + ended.error)
        return ended
    }

    @Test("a kill at any fault point loses nothing and runs nothing twice")
    func points() async throws {
        let result = try await drive("points", "--passes", "1")
        #expect(result.code == 0, "\(result.out)")
        #expect(result.out.contains("lost=0 duplicated=0 ran_twice=0"))
    }

    @Test("a kill anywhere on a workflow's way loses no task, runs none twice and leaves none stuck")
    func workflows() async throws {
        let result = try await drive("workflow", "--passes", "2")
        #expect(result.code == 0, "\(result.out)")
        #expect(result.out.contains("lost=0 ran_twice=0 stuck=0"))
    }

    @Test("a kill on the way of an event loses no acknowledged one and fires none twice")
    func events() async throws {
        let result = try await drive("events", "--passes", "1")
        #expect(result.code == 0, "\(result.out)")
        #expect(result.out.contains("lost=0 fired_twice=0"))
    }

    @Test("kills at random times under load lose nothing and run nothing twice")
    func random() async throws {
        let kills = ProcessInfo.processInfo.environment["PETREL_FAULT_KILLS"] ?? "20"
        let seed = ProcessInfo.processInfo.environment["PETREL_FAULT_SEED"] ?? String(Int.random(in: 1...99_999))
        let result = try await drive("random", "--kills", kills, "--seed", seed)
        #expect(result.code == 0, "\(result.out)")
    }

    @Test("a command that runs while the service is killed still delivers its result")
    func sleeper() async throws { #expect(try await drive("sleeper").code == 0) }

    @Test("a full disk is told, loses nothing, runs nothing twice, and the service goes on when there is space")
    func fullDisk() async throws { #expect(try await drive("full").code == 0) }
}

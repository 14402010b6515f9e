import Foundation
import PetrelCore

/// Recorded cases under Tests/Fixtures.
enum Fixture {
    static func cases(_ name: String) throws -> [Value] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: root.appendingPathComponent("Fixtures/\(name)"))
        return try JSONReader.value(Array(data), limits: .ownDocument).array ?? []
    }
}

/// A source of numbers that gives the same ones for the same seed (xorshift64*).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed | 1 }

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 2_685_821_657_736_338_717
    }
}

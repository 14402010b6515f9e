import Foundation
import PetrelCore
import PetrelTestKit
import Testing

@testable import PetrelAdapters

/// The points at which a connection is cut.
enum CutPoint: String, CaseIterable, Sendable {
    /// Nothing is under way; the end is announced by TCP, by a reset, by a close frame.
    case idleEnd, idleReset, idleClose
    /// Before the message leaves, after it left and before it can be acknowledged, within its frame.
    case beforeMessage, afterMessage, withinFrame
    /// While the next connection is being made.
    case handshake
    /// The message is lost on the way, and the connection after it.
    case lost

    func cut(_ fake: ChatFake) async throws {
        switch self {
        case .idleEnd: try await fake.control("ws", ["action": "drop"])
        case .idleReset: try await fake.control("ws", ["action": "rst"])
        case .idleClose: try await fake.control("ws", ["action": "close", "code": 1001])
        case .beforeMessage: try await fake.control("ws_next", ["kind": "drop_before", "rst": true])
        case .afterMessage: try await fake.control("ws_next", ["kind": "drop_after", "rst": true])
        case .withinFrame:
            try await fake.control("ws", ["action": "malformed", "kind": "truncated"])
            try await fake.control("ws", ["action": "drop"])
        case .handshake:
            let method: Value = fake.platform == .slack ? "ws.connect" : "websocket"
            try await fake.control("faults", ["method": method, "kind": "reset"])
            try await fake.control("ws", ["action": "drop"])
        case .lost: try await fake.control("ws_next", ["kind": "lose"])
        }
    }
}

@Suite("Connections that are cut", .timeLimit(.minutes(60)))
struct ChatCutTests {
    /// How often each point is cut; `make fault` asks for 125.
    private static let rounds = ProcessInfo.processInfo.environment["PETREL_CUTS"].flatMap { Int($0) } ?? 3

    @Test("cut at eight points, no message is lost and none is doubled", arguments: ChatFake.Platform.allCases)
    func cuts(_ platform: ChatFake.Platform) async throws {
        let fixture = try await AdapterFixture(
            platform, arguments: platform == .slack ? ["--retry-seconds", "0.5"] : [])
        let channel: Value = platform == .slack ? "C0CHAN0001" : "chan1"
        try await fixture.fake.control("message", ["text": "!first", "channel": channel])
        _ = try #require(await fixture.receiver.message("!first"))
        var times: [Duration] = []
        for round in 0..<Self.rounds {
            for point in CutPoint.allCases {
                let text = "!\(point) \(round)"
                let before = fixture.adapter.health.connections
                try await point.cut(fixture.fake)
                let begun = ContinuousClock.now
                try await fixture.fake.control("message", ["text": .string(text), "channel": channel])
                if point == .lost { try await fixture.fake.control("ws", ["action": "drop"]) }
                #expect(await fixture.receiver.message(text) != nil, "\(text): \(fixture.adapter.health)")
                #expect(await comesToHold { fixture.adapter.health.connections > before })
                times.append(ContinuousClock.now - begun)
            }
        }
        let expected = Self.rounds * CutPoint.allCases.count + 1
        let texts = fixture.receiver.texts
        let lost = expected - Set(texts).count
        let doubled = texts.count - Set(texts).count
        times.sort()
        print(
            "cuts platform=\(platform) reconnects=\(fixture.adapter.health.connections - 1) lost=\(lost)",
            "duplicated=\(doubled) p50=\(times[times.count / 2]) p99=\(times[times.count * 99 / 100])")
        #expect(lost == 0 && doubled == 0)
        #expect(times[times.count * 99 / 100] < .seconds(5))
    }

    @Test("a connection that is open at one end only is found out and replaced", arguments: ChatFake.Platform.allCases)
    func halfOpen(_ platform: ChatFake.Platform) async throws {
        let fixture = try await AdapterFixture(
            platform, arguments: platform == .slack ? ["--retry-seconds", "2"] : [])
        try await fixture.fake.control("ws", ["action": "stall"])
        let begun = ContinuousClock.now
        #expect(await comesToHold(within: .seconds(60)) { fixture.adapter.health.connections == 2 })
        let time = ContinuousClock.now - begun
        print("half-open platform=\(platform) detected=\(time)")
        #expect(time < .seconds(30))
        try await fixture.fake.control("message", ["text": "!after"])
        #expect(await fixture.receiver.message("!after") != nil)
    }
}

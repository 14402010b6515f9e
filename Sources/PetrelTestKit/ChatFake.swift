import Foundation
public import PetrelCore
import PetrelSystem
import Synchronization

/// A fake chat server of Tests/Fakes in a process of its own, driven over its control API.
public final class ChatFake: Sendable {
    /// The platforms that are faked.
    public enum Platform: String, Sendable, CaseIterable {
        case slack, mattermost
    }

    /// What a test could not make the fake do.
    public struct Failure: Error, CustomStringConvertible {
        /// What happened.
        public var description: String
    }

    /// Which platform it is.
    public let platform: Platform
    /// Where it listens, without a slash at the end; adapters are given this.
    public let url: String
    private let program: TestProgram
    private let folder: String
    private let http = HTTPClient()
    private let isStopped = Mutex(false)
    /// Many at once would take a small machine's memory and time.
    private static let turns = Turns(8)
    private static let limits = Limits(maxBytes: 64 << 20, maxDepth: 64, maxNodes: 5_000_000)

    /// Starts a fake on a free port; waits while many run already.
    /// - Parameter arguments: options of the program, such as `--rate-limits real`.
    public init(_ platform: Platform, arguments: [String] = []) async throws {
        self.platform = platform
        await Self.turns.take()
        folder = NSTemporaryDirectory() + "petrel-fake-" + UUID().uuidString
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let (output, fake) = (folder + "/output", Self.fakes + "/fake_\(platform.rawValue).py")
            program = try TestProgram(
                "python3", ["-u", "-B", fake, "--port", "0", "--max-seconds", "900"] + arguments, output: output)
            url = try await Self.address(in: output, of: program)
        } catch {
            Self.turns.giveBack()
            throw error
        }
    }

    deinit { stop() }

    /// Ends the server; nothing can be reached there any more.
    public func stop() {
        let isFirst = isStopped.withLock { isStopped in
            defer { isStopped = true }
            return !isStopped
        }
        guard isFirst else { return }
        program.kill()
        try? FileManager.default.removeItem(atPath: folder)
        Self.turns.giveBack()
    }

    private static let fakes = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Tests/Fakes").path

    /// Waits for the line by which the program says that it is ready.
    private static func address(in file: String, of program: TestProgram) async throws -> String {
        func text() -> String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }
        let isReady = await comesToHold(within: .seconds(60)) { text().contains("\n") || !program.isRunning }
        let words = text().prefix { $0 != "\n" }.split(separator: " ")
        guard isReady, let url = words.first(where: { $0.hasPrefix("http") }) else {
            throw Failure(description: "the fake does not say where it listens: \(text().prefix(800))")
        }
        return String(url)
    }

    /// Gives an order of the control API.
    /// - Throws: ``Failure`` when the fake refuses it; a wait that ends without what was waited for is refused too.
    @discardableResult
    public func control(_ verb: String, _ body: ValueObject = [:], method: String = "POST") async throws -> Value {
        let response = try await http.perform(
            HTTPRequest(
                method: method, url: url + "/_control/" + verb,
                headers: [(name: "Content-Type", value: "application/json")],
                body: method == "GET" ? nil : JSONWriter.bytes(.object(body)), timeout: .seconds(120),
                maxResponseBytes: Self.limits.maxBytes))
        let answer = try JSONReader.value(response.body, limits: Self.limits)
        guard response.status == 200 else {
            throw Failure(
                description: "\(verb) \(JSONWriter.text(.object(body))): \(JSONWriter.text(answer).prefix(800))")
        }
        return answer
    }

    /// What the bot has posted, changed and uploaded, in order.
    public func posts(_ filter: ValueObject = [:]) async throws -> [Value] {
        try await control("posts", filter.merging(["limit": 100_000]) { first, _ in first })["posts"]?.array ?? []
    }

    /// The sockets that are open now.
    public func sockets() async throws -> [Value] {
        try await control("state", method: "GET")["sockets"]?.array ?? []
    }

    /// How often each method of the platform was called.
    public func calls(_ method: String) async throws -> Int {
        try await control("requests", method: "GET")["counts"]?[method]?.integer ?? 0
    }

    /// The codes and errors of the calls of a method, in order.
    public func log(_ method: String) async throws -> [Value] {
        try await control("requests", ["method": .string(method), "limit": 100_000])["log"]?.array ?? []
    }
}

/// So many at a time.
private final class Turns: Sendable {
    private let state: Mutex<(free: Int, waiters: [CheckedContinuation<Void, Never>])>

    init(_ count: Int) { state = Mutex((count, [])) }

    func take() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.waiters.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func giveBack() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.waiters.isEmpty else { return state.waiters.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}

/// Waits until something holds, looking every few milliseconds; for what no signal tells.
/// - Returns: whether it came to hold in time.
public func comesToHold(within limit: Duration = .seconds(20), _ holds: () async throws -> Bool) async rethrows -> Bool
{
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try await holds() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return try await holds()
}

import PetrelCore
import PetrelSystem

/// What became of an attempt on its hosts, read from what the driver left.
struct RemoteReport {
    private struct HostEnd {
        var result: ValueObject
        var isSuccess: Bool
        var isLate: Bool
        /// nil: it was ended before that was known.
        var isReached: Bool?
    }

    private let labels: [String]
    private let ends: [HostEnd]
    private let end: ShimEnd

    init(folder: String, end: ShimEnd, maxBytes: Int) {
        self.end = end
        let text = readFile(folder + "/labels", limit: 1 << 20) ?? []
        labels = (try? JSONReader.value(text, limits: .ownDocument))?.array?.compactMap(\.string) ?? []
        let seconds = readFile(folder + "/timeout", limit: 32).map { String(decoding: $0, as: UTF8.self) } ?? "0"
        ends = labels.indices.map { index in
            let isSingle = index == 0 && end.stdout.count + end.stderr.count > 0
            let path = folder + "/\(index)"
            let stdout = isSingle ? end.stdout : readFile(path + ".out", limit: maxBytes) ?? []
            let stderr = isSingle ? end.stderr : readFile(path + ".err", limit: maxBytes) ?? []
            let code = readFile(path + ".code", limit: 32).flatMap {
                Int(String(decoding: $0.filter { (0x30...0x39).contains($0) }, as: UTF8.self))
            }
            return Self.hostEnd(code, stdout, stderr, end, seconds: seconds)
        }
    }

    /// Which of the hosts were reached, in their order; nil where that is not known.
    var areReached: [Bool?] { ends.map(\.isReached) }

    /// The outcome of the whole.
    func outcome(allowsPartialFailure: Bool) -> RunOutcome {
        guard !labels.isEmpty, end.termination != .notRun || end.canceled else {
            let reason = end.error ?? "what became of the hosts is not known any more"
            return RunOutcome(
                status: .failed,
                result: ["failed": true, "succeeded": false, "error": .string(reason), "traceback": ""])
        }
        var result: ValueObject = [:]
        for (label, host) in zip(labels, ends) { result[label] = .object(host.result) }
        return RunOutcome(status: status(allowsPartialFailure), result: .object(result))
    }

    private func status(_ allowsPartialFailure: Bool) -> ExecutionStatus {
        if end.canceled { return .canceled }
        if case .lost = end.termination { return .abandoned }
        let successes = ends.count(where: \.isSuccess)
        if successes == ends.count || allowsPartialFailure && successes > 0 { return .succeeded }
        return ends.allSatisfy(\.isLate) ? .timeout : .failed
    }

    /// The client's own code for a connection that did not come about, or broke.
    private static let connectionFailure = 255

    private static func hostEnd(
        _ code: Int?, _ stdout: [UInt8], _ stderr: [UInt8], _ end: ShimEnd, seconds: String
    ) -> HostEnd {
        let isLate = code == nil && end.timedOut
        let isFailure = code != 0
        var result: ValueObject = [
            "stdout": ShellOutput.value(stdout, dropped: 0), "stderr": ShellOutput.value(stderr, dropped: 0),
            "return_code": .integer(code ?? -9), "succeeded": .bool(!isFailure), "failed": .bool(isFailure),
        ]
        if code == connectionFailure {
            result["error"] = .string(
                String(decoding: stderr, as: UTF8.self).split(separator: "\n").last.map(String.init)
                    ?? "the connection failed")
            result["timeout"] = .bool(result["error"]?.string?.contains("timed out") ?? false)
            result["traceback"] = ""
            result["stderr"] = ""
        } else if isLate {
            result["timeout"] = true
            result["error"] = .string("Action failed to complete in \(seconds) seconds")
        } else if code == nil {
            result["error"] = .string(end.canceled ? "canceled" : "the command was ended")
        }
        return HostEnd(
            result: result, isSuccess: !isFailure,
            isLate: isLate || code == connectionFailure && result["timeout"]?.bool == true,
            isReached: code.map { $0 != connectionFailure })
    }
}

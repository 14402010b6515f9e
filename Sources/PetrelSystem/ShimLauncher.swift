import FoundationEssentials
import PetrelCore
import Synchronization

/// Starts commands under petrel-shim and takes up those that an earlier service left running.
///
/// An attempt is started at most once, however often the service is killed meanwhile (DESIGN.md 2 "Run"). Waiting does
/// not end with the task that waits: a service that stops leaves its commands running. Use ``terminate(key:)`` to end one.
public final class ShimLauncher: Sendable {
    /// What keeps an attempt, and can be asked to end it.
    private enum Keeper {
        case process(ChildProcess)
        case shim(ReadyShims.Shim)

        func end() {
            switch self {
            case .process(let process): process.send(terminationSignal)
            case .shim(let shim): shim.cancel()
            }
        }

        /// A shim that can take another job stays open.
        func close() {
            if case .process(let process) = self { process.close() }
        }
    }

    private struct Live {
        var keeper: Keeper?
        var isCanceled = false
        /// Those who wait for the end as well.
        var followers: [CheckedContinuation<Void, Never>] = []
    }

    /// A shim writes into one file for all its attempts, so that it can't have the next one before the last is forgotten.
    private struct Rests {
        var shims: [String: ReadyShims.Shim] = [:]
        var folders: [String] = []
    }

    private static let mostFolders = 16
    private static let mostResting = 64

    private let shimPath: String
    private let runFolder: String
    private let maxReadBytes: Int
    private let shims: ReadyShims
    private let live = Mutex<[String: Live]>([:])
    /// What attempts that ended have left to be used again, once they are forgotten.
    private let rests = Mutex(Rests())

    /// A launcher of the shim at `shimPath` that keeps a folder per attempt in `runFolder`, an absolute path.
    ///
    /// Of an attempt taken up from an earlier service, `maxReadBytes` of each stream are read at most.
    public init(shimPath: String, runFolder: String, maxReadBytes: Int = 64 << 20) {
        self.shimPath = shimPath
        self.runFolder = runFolder
        self.maxReadBytes = maxReadBytes
        shims = ReadyShims(path: shimPath, runFolder: runFolder)
    }

    deinit {
        let rests = rests.withLock(\.self)
        for shim in rests.shims.values { ReadyShims.dismiss(shim) }
        for folder in rests.folders { removeTree(folder) }
    }

    /// Where petrel-shim is: beside the running program, if the environment does not name another.
    public static func shimPath(_ environment: [String: String]) -> String {
        let named = environment["PETREL_SHIM"] ?? ""
        return named.isEmpty ? executableFolder() + "/petrel-shim" : named
    }

    /// Runs a job to its end.
    ///
    /// Errors are ends; a key that was used before is one. A `worker` is asked to fork the command; if it does not, the
    /// command is started as without. Should both come about, the one that claims the start first is the only one to run.
    /// A shim that waits is taken where there is one.
    /// - Parameter started: is told the process that keeps the command, once it runs.
    public func launch(
        _ job: ShimJob, from worker: WarmWorker? = nil, started: (_ pid: Int32) async -> Void = { _ in }
    ) async -> ShimEnd {
        let ready = ready(job)
        guard let worker else { return await end(of: begin(ready), started: started) }
        if let refusal = enter(ready) { return refusal }
        defer { removeLive(job.key) }
        if !isCanceled(job.key), let process = await worker.fork([shimPath] + ready.arguments) {
            FaultPoint.runAfterSpawn.pass()
            let status = await wait(for: process, key: job.key)
            if let end = await end(status, ready) { return end }
        }
        guard !isCanceled(job.key) else { return .canceledEarly }
        return await keep(ready, by: hand(ready), started)
    }

    /// Makes all of a job that can be made before it may begin; nothing has to be undone if it never does.
    public func ready(_ job: ShimJob) -> ReadyJob {
        let arguments = [
            attempt(job.key).path, milliseconds(job.timeout), milliseconds(job.grace),
            String(max(0, job.maxOutputBytes)), job.cwd,
        ]
        let packet = shims.packet(arguments + ["--"] + job.argv, environment: job.environment)
        return ReadyJob(job: job, arguments: arguments, packet: packet)
    }

    /// Begins a job without waiting for anything; to be followed by ``end(of:started:)``.
    public func begin(_ ready: ReadyJob) -> BegunJob {
        if let refusal = enter(ready) { return BegunJob(ready: ready, refusal: refusal) }
        return BegunJob(ready: ready, shim: isCanceled(ready.job.key) ? nil : hand(ready))
    }

    /// Waits for the end of a job that was begun.
    /// - Parameter started: is told the process that keeps the command, once it runs.
    public func end(
        of begun: BegunJob, started: (_ pid: Int32) async -> Void = { _ in }
    ) async -> ShimEnd {
        if let refusal = begun.refusal { return refusal }
        defer { removeLive(begun.ready.job.key) }
        return await keep(begun.ready, by: begun.shim, started)
    }

    /// Makes an attempt's folder; says why it can't begin.
    private func enter(_ ready: ReadyJob) -> ShimEnd? {
        let job = ready.job
        if let problem = problem(of: job) { return ShimEnd(termination: .notRun, error: problem) }
        guard addLive(job.key) else {
            return ShimEnd(termination: .notRun, error: "the attempt \(job.key) is running")
        }
        let spare = rests.withLock { $0.folders.popLast() }
        if let problem = attempt(job.key).create(stdin: job.stdin, from: spare) {
            removeLive(job.key)
            return ShimEnd(termination: .notRun, error: problem)
        }
        FaultPoint.runBeforeSpawn.pass()
        return nil
    }

    private func hand(_ ready: ReadyJob) -> ReadyShims.Shim? { ready.packet.flatMap(shims.hand) }

    /// Waits for the end of a job that a shim was given; starts one where none was, or it began nothing.
    private func keep(
        _ ready: ReadyJob, by shim: ReadyShims.Shim?, _ started: (_ pid: Int32) async -> Void
    ) async -> ShimEnd {
        let (job, folder) = (ready.job, attempt(ready.job.key))
        if let shim {
            await started(shim.process.pid)
            if let end = await end(of: shim, ready) { return end }
        }
        guard !isCanceled(job.key) else { return .canceledEarly }
        let spawned = ChildProcess.spawn(
            shimPath, arguments: ready.arguments + ["--"] + job.argv, environment: job.environment)
        FaultPoint.runAfterSpawn.pass()
        switch spawned {
        case .failure(let failure): return end(after: failure, in: folder, limit: job.maxOutputBytes)
        case .success(let process):
            await started(process.pid)
            let status = await wait(for: process, key: job.key)
            FaultPoint.runAfterExit.pass()
            if let end = folder.end(limit: job.maxOutputBytes) { return end }
            return await endWithoutRecord(status, key: job.key, folder)
        }
    }

    /// Waits for a shim that was there before its job; nil when it ended without having claimed the start.
    private func end(of shim: ReadyShims.Shim, _ ready: ReadyJob) async -> ShimEnd? {
        let job = ready.job
        FaultPoint.runAfterSpawn.pass()
        hold(.shim(shim), key: job.key)
        let record = await shims.news(of: shim)
        // Nobody may ask it to end a job that is another one by then.
        live.withLock { $0[job.key]?.keeper = nil }
        if let end = attempt(job.key).end(limit: job.maxOutputBytes, record: record) {
            FaultPoint.runAfterExit.pass()
            if record != nil { rest(shim, after: job.key) } else { ReadyShims.dismiss(shim) }
            return end
        }
        return await end(await shims.end(of: shim), ready)
    }

    /// The end of an attempt whose shim has ended; nil when it never claimed the start.
    private func end(_ status: ChildProcess.End, _ ready: ReadyJob) async -> ShimEnd? {
        let (job, folder) = (ready.job, attempt(ready.job.key))
        FaultPoint.runAfterExit.pass()
        if let end = folder.end(limit: job.maxOutputBytes) { return end }
        return folder.process() == nil ? nil : await endWithoutRecord(status, key: job.key, folder)
    }

    /// Finds out what became of an attempt that began on the given boot, and waits for its end if it runs.
    public func resume(key: String, boot: String) async -> ShimTrace {
        guard isValid(key) else { return .lost(reason: "'\(key)' names no attempt") }
        let folder = attempt(key)
        if let end = folder.end(limit: maxReadBytes) { return .ended(end) }
        guard boot == bootID() else { return .lost(reason: "the machine was started anew while the command ran") }
        switch folder.void() {
        // A shim that could not claim the start has said so in a record.
        case .voided: return folder.end(limit: maxReadBytes).map(ShimTrace.ended) ?? .neverStarted
        case .failed(let reason): return .lost(reason: reason)
        case .started(let start): return await follow(start, key: key, folder)
        }
    }

    /// Asks a running attempt to end, one of an earlier service included; nothing when it has ended.
    public func terminate(key: String) {
        guard isValid(key) else { return }
        let isOurs = live.withLock { live in
            guard var entry = live[key] else { return false }
            entry.isCanceled = true
            entry.keeper?.end()
            live[key] = entry
            return true
        }
        let folder = attempt(key)
        // The shim of one that has ended may keep another one by now.
        guard !isOurs, !folder.hasEnded, case .process(let pid, let startTime, bootID()) = folder.process(),
            let process = ChildProcess.find(pid: pid, startTime: startTime)
        else { return }
        process.send(terminationSignal)
        process.close()
    }

    /// Removes all traces of an attempt that has ended.
    public func forget(key: String) {
        guard isValid(key) else { return }
        let folder = attempt(key).clear()
        let shim = rests.withLock { $0.shims.removeValue(forKey: key) }
        if let shim { shims.keep(shim) }
        guard let folder else { return }
        let isKept = rests.withLock { rests in
            // Without a shim that can take more, something may have been left behind that works in it.
            guard shim != nil, rests.folders.count < Self.mostFolders else { return false }
            rests.folders.append(folder)
            return true
        }
        if !isKept { removeTree(folder) }
    }

    /// Keeps a shim until its attempt is forgotten; those whose attempt never is do not pile up.
    private func rest(_ shim: ReadyShims.Shim, after key: String) {
        let isKept = rests.withLock { rests in
            let isKept = rests.shims.count < Self.mostResting
            if isKept { rests.shims[key] = shim }
            return isKept
        }
        if !isKept { ReadyShims.dismiss(shim) }
    }

    /// Removes what a service left that was killed while it forgot attempts, and what killed shims left that waited.
    public func sweep() {
        for name in folderEntries(runFolder) {
            let path = runFolder + "/" + name
            let isLeft = name.hasPrefix(RunFolder.draftMark) && !RunFolder.isDraftInUse(path)
            if isLeft || name.hasPrefix(RunFolder.graveMark) { removeTree(path) }
        }
    }

    /// The keys of attempts whose traces are there and begin so.
    public func keys(withPrefix prefix: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: runFolder)) ?? []).filter {
            $0.hasPrefix(prefix) && isValid($0)
        }
    }

    /// The files to which a running attempt's output goes; each comes to be with its first byte.
    public func outputPaths(key: String) -> (stdout: String, stderr: String) {
        (folder(key: key) + "/stdout", folder(key: key) + "/stderr")
    }

    /// The folder of a running attempt, where the command may leave files; it goes with ``forget(key:)``.
    public func folder(key: String) -> String { attempt(key).path }

    private func attempt(_ key: String) -> RunFolder { RunFolder(place: runFolder, key: key) }

    private func isValid(_ key: String) -> Bool {
        !key.isEmpty && key.utf8.count <= 200 && key != "." && key != ".."
            && !key.hasPrefix(RunFolder.graveMark) && !key.hasPrefix(RunFolder.draftMark)
            && key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }
    }

    private func problem(of job: ShimJob) -> String? {
        if !isValid(job.key) { return "'\(job.key)' can't name an attempt" }
        if job.argv.first?.isEmpty ?? true { return "no program was named" }
        let name = job.environment.keys.first { $0.isEmpty || $0.utf8.contains(0x3D) }
        return name.map { "'\($0)' can't name an environment variable" }
    }

    private func milliseconds(_ duration: Duration) -> String {
        // Rounded up: zero means no limit.
        String(max(0, duration.wholeMicroseconds / 1000 + (duration.wholeMicroseconds % 1000 > 0 ? 1 : 0)))
    }

    private func isCanceled(_ key: String) -> Bool { live.withLock { $0[key]?.isCanceled ?? false } }

    /// Waits with the process open to ``terminate(key:)``.
    private func wait(for process: ChildProcess, key: String) async -> ChildProcess.End {
        hold(.process(process), key: key)
        await ProcessWatch.shared.end(of: process.pidfd)
        return process.reap()
    }

    /// Opens what keeps an attempt to ``terminate(key:)``; what was asked before it began is made up for.
    private func hold(_ keeper: Keeper, key: String) {
        live.withLock { live in
            live[key]?.keeper?.close()
            live[key, default: Live()].keeper = keeper
            if live[key]?.isCanceled ?? false { keeper.end() }
        }
    }

    /// False when the attempt is running already.
    private func addLive(_ key: String) -> Bool {
        live.withLock { live in
            guard live[key] == nil else { return false }
            live[key] = Live()
            return true
        }
    }

    private func removeLive(_ key: String) {
        let followers = live.withLock { live in
            let entry = live.removeValue(forKey: key)
            // Closed under the lock, so that no signal goes to a descriptor that stands for another process by then.
            entry?.keeper?.close()
            return entry?.followers ?? []
        }
        for follower in followers { follower.resume() }
    }

    /// Returns when an attempt has ended that this launcher runs or follows already.
    private func endOfLive(_ key: String) async {
        await withCheckedContinuation { continuation in
            let isOver = live.withLock { live in
                live[key]?.followers.append(continuation)
                return live[key] == nil
            }
            if isOver { continuation.resume() }
        }
    }

    /// Waits for the shim that a folder names, if it lives.
    private func follow(_ start: ShimStart, key: String, _ folder: RunFolder) async -> ShimTrace {
        guard case .process(let pid, let startTime, let boot) = start else {
            return .lost(reason: "the file \(folder.path)/started is damaged")
        }
        guard boot == bootID() else { return .lost(reason: "the machine was started anew while the command ran") }
        if let process = ChildProcess.find(pid: pid, startTime: startTime) {
            if !addLive(key) {
                process.close()
                await endOfLive(key)
            } else if folder.hasEnded {
                // Just now, and the shim may go on to another one.
                process.close()
                removeLive(key)
            } else {
                _ = await wait(for: process, key: key)
                removeLive(key)
            }
            FaultPoint.runAfterExit.pass()
        }
        return folder.end(limit: maxReadBytes).map(ShimTrace.ended)
            ?? .lost(reason: "petrel-shim (process \(pid)) was killed while the command ran")
    }

    private func end(after failure: SpawnFailure, in folder: RunFolder, limit: Int) -> ShimEnd {
        if failure.hasRun, let end = folder.end(limit: limit) { return end }
        return ShimEnd(termination: .notRun, error: "the command can't be started by \(shimPath): \(failure.reason)")
    }

    /// The shim ended and left no record: it was killed, could not write, or another one was first.
    private func endWithoutRecord(_ status: ChildProcess.End, key: String, _ folder: RunFolder) async -> ShimEnd {
        switch folder.process() {
        case .void: return ShimEnd(termination: .notRun, error: "the attempt was void before it started")
        case nil:
            return ShimEnd(
                termination: .notRun, error: "petrel-shim could not start in \(folder.path): \(status)")
        case .process(let pid, let startTime, _)?:
            if let winner = ChildProcess.find(pid: pid, startTime: startTime) {
                _ = await wait(for: winner, key: key)
                if let end = folder.end(limit: maxReadBytes) { return end }
            }
            fallthrough
        default: return ShimEnd(termination: .lost, error: "petrel-shim ended while the command ran: \(status)")
        }
    }
}

private let terminationSignal: Int32 = 15

extension ShimEnd {
    fileprivate static let canceledEarly = ShimEnd(
        termination: .notRun, canceled: true, error: "canceled before it started")
}

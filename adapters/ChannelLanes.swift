import Synchronization

/// Does the work of each channel in order and that of different channels side by side.
final class ChannelLanes: Sendable {
    typealias Job = @Sendable () async -> Void

    private struct State {
        /// Jobs that wait, by channel; a channel that is here is being worked on.
        var lanes: [String: [Job]] = [:]
        var total = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())
    private let maxJobs: Int

    /// - Parameter maxJobs: how many jobs wait or run before ``waitForRoom()`` holds their source up.
    init(maxJobs: Int = 256) { self.maxJobs = maxJobs }

    /// Adds a job when there is room, and has the group do it: beside the caller, or at once if there is nothing else to do.
    func take(_ channel: String, in group: inout DiscardingTaskGroup, _ job: @escaping Job) async {
        await waitForRoom()
        let isAlone = state.withLock { $0.total == 0 }
        guard add(channel, job) else { return }
        // Another thread would be woken for a lone one in vain: its own has nothing else to read.
        if isAlone {
            group.addImmediateTask { await self.work(on: channel) }
        } else {
            group.addTask { await self.work(on: channel) }
        }
    }

    /// Adds a job when there is room, and does it unless somebody works on the channel, who does it then.
    func take(_ channel: String, _ job: @escaping Job) async {
        await waitForRoom()
        if add(channel, job) { await work(on: channel) }
    }

    /// Adds a job.
    /// - Returns: whether the caller must see to it that ``work(on:)`` runs for the channel.
    func add(_ channel: String, _ job: @escaping Job) -> Bool {
        state.withLock { state in
            state.total += 1
            guard state.lanes[channel] == nil else {
                state.lanes[channel]?.append(job)
                return false
            }
            state.lanes[channel] = [job]
            return true
        }
    }

    /// Does what waits for a channel until nothing does.
    func work(on channel: String) async {
        while let jobs = take(channel) {
            for job in jobs {
                await job()
                finishOne()
            }
        }
    }

    /// Waits while too much is to be done.
    func waitForRoom() async {
        await withCheckedContinuation { continuation in
            let hasRoom = state.withLock { state in
                if state.total < maxJobs { return true }
                state.waiters.append(continuation)
                return false
            }
            if hasRoom { continuation.resume() }
        }
    }

    private func take(_ channel: String) -> [Job]? {
        state.withLock { state in
            guard let jobs = state.lanes[channel], !jobs.isEmpty else {
                state.lanes[channel] = nil
                return nil
            }
            state.lanes[channel] = []
            return jobs
        }
    }

    private func finishOne() {
        let woken = state.withLock { state in
            state.total -= 1
            guard state.total < maxJobs else { return [] as [CheckedContinuation<Void, Never>] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in woken { waiter.resume() }
    }
}

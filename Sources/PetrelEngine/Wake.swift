public import PetrelCore

/// Does a piece of work at once, after each event that concerns it, when it asked to be woken, and every second at the
/// latest, until the task is cancelled.
///
/// - Parameter work: does all that is to be done now, and says when it wants to be woken although nothing happens.
public func wake(
    on events: EventHub, clock: any PetrelClock, where concerns: @escaping @Sendable (EngineEvent) -> Bool,
    do work: @escaping @Sendable () async -> Instant?
) async {
    let (signals, feed) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let stream = events.events(buffer: .bufferingNewest(1), where: concerns)
    feed.yield()
    await withDiscardingTaskGroup { group in
        group.addTask {
            for await _ in stream { feed.yield() }
        }
        group.addTask {
            while !Task.isCancelled {
                // The tick finds what a lost event left behind.
                try? await clock.sleep(for: .seconds(1))
                feed.yield()
            }
        }
        var alarm: Instant?
        for await _ in signals {
            if Task.isCancelled { break }
            guard let next = await work() else { continue }
            // One alarm at a time, or a busy hour would leave a sleeping task for each event.
            if let alarm, alarm > clock.now, alarm <= next { continue }
            alarm = next
            let pause = min(max(next - clock.now, .zero), .seconds(1))
            group.addTask {
                try? await clock.sleep(for: pause)
                feed.yield()
            }
        }
        group.cancelAll()
    }
}

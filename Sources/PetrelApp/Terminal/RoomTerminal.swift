import PetrelCore

/// The keyboard and the screen, as a room needs them.
protocol TerminalDevice: Sendable {
    /// What is typed, and changes of the width; ends when the terminal is gone or was closed.
    var events: AsyncStream<TerminalEvent> { get }
    var width: Int { get }
    func write(_ text: String)
    /// Gives the terminal back as it was. May be called more than once.
    func close()
}

/// What a terminal tells.
enum TerminalEvent: Sendable {
    case input([UInt8])
    case resized
}

/// Shows a room on a terminal and sends what is typed there.
struct RoomTerminal: Sendable {
    var connection: any RoomConnection
    var device: any TerminalDevice
    var clock: any PetrelClock
    var history: HistoryFile?
    /// What stands before the line that is typed.
    var label = "petrel>"
    /// The prefix of commands.
    var prefix = "!"
    var style = TextStyle.colored
    /// The help lines of commands; Tab completes to what stands before their first parameter.
    var commands: @Sendable () async -> [String] = { [] }
    /// How many earlier lines are shown at first.
    var earlierLines = 20

    /// How long lines that were typed before leaving may still take.
    private static let farewell = Duration.seconds(5)

    private enum Part { case sender, deadline, other }

    /// Shows the room until the person leaves, the terminal is gone or the task is cancelled.
    func run() async {
        let (events, feed) = AsyncStream.makeStream(
            of: RoomSession.Event.self, bufferingPolicy: .bufferingOldest(10_000))
        let (lines, outgoing) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingOldest(1000))
        let background: [@Sendable () async -> Part] = [
            { await part(.other) { await readKeys(feed) } }, { await part(.sender) { await send(lines, feed) } },
            { await part(.other) { await follow(feed) } }, { await part(.other) { await tick(feed) } },
            { await part(.other) { feed.yield(.commands(CommandHeads.heads(ofDisplays: await commands()))) } },
        ]
        await withTaskGroup(of: Part.self) { group in
            for task in background { group.addTask { await task() } }
            await show(events, outgoing)
            outgoing.finish()
            device.close()
            group.addTask { await part(.deadline) { try? await clock.sleep(for: RoomTerminal.farewell) } }
            while let part = await group.next(), part == .other {}
            group.cancelAll()
        }
    }

    private func part(_ part: Part, _ body: () async -> Void) async -> Part {
        await body()
        return part
    }

    private func show(_ events: AsyncStream<RoomSession.Event>, _ outgoing: AsyncStream<String>.Continuation) async {
        var session = RoomSession(
            label: label, prefix: prefix, history: history?.lines() ?? [], style: style, width: device.width)
        for effect in session.take(.keys([]), at: clock.now) { carryOut(effect, outgoing) }
        for await event in events {
            for effect in session.take(event, at: clock.now) {
                if effect == .leave { return }
                carryOut(effect, outgoing)
            }
        }
    }

    private func carryOut(_ effect: RoomSession.Effect, _ outgoing: AsyncStream<String>.Continuation) {
        switch effect {
        case .write(let text): device.write(text)
        case .post(let text): outgoing.yield(text)
        case .remember(let line): history?.add(line)
        case .leave: break
        }
    }

    private func readKeys(_ feed: AsyncStream<RoomSession.Event>.Continuation) async {
        var decoder = KeyDecoder()
        for await event in device.events {
            switch event {
            case .input(let bytes): feed.yield(.keys(decoder.keys(bytes)))
            case .resized: feed.yield(.resized(width: device.width))
            }
        }
        feed.yield(.inputEnded)
    }

    /// Sends one line after the other, so that they arrive in the order they were typed.
    private func send(_ lines: AsyncStream<String>, _ feed: AsyncStream<RoomSession.Event>.Continuation) async {
        for await line in lines {
            do throws(AppError) {
                feed.yield(.posted(key: try await connection.post(line)))
            } catch {
                feed.yield(.postFailed(text: line, error))
            }
        }
    }

    private func follow(_ feed: AsyncStream<RoomSession.Event>.Continuation) async {
        var sequence: Int?
        while !Task.isCancelled {
            do throws(AppError) {
                let posts: [RoomPost]
                if let sequence {
                    posts = try await connection.posts(after: sequence, wait: .seconds(25))
                } else {
                    posts = try await connection.last(earlierLines)
                }
                sequence = max(sequence ?? 0, posts.last?.sequence ?? 0)
                feed.yield(.connectionBack)
                if !posts.isEmpty { feed.yield(.posts(posts)) }
            } catch {
                if Task.isCancelled { return }
                feed.yield(.connectionLost(error))
                try? await clock.sleep(for: .seconds(1))
            }
        }
    }

    private func tick(_ feed: AsyncStream<RoomSession.Event>.Continuation) async {
        while !Task.isCancelled {
            try? await clock.sleep(for: .seconds(1))
            feed.yield(.tick)
        }
    }
}

import PetrelCore

/// What a terminal shows of a room and what it does next: events in, effects out, no clock and no I/O.
struct RoomSession {
    enum Event: Sendable {
        case keys([Key])
        /// Lines of the room, in order.
        case posts([RoomPost])
        /// A line that was typed here has arrived under a key.
        case posted(key: String)
        /// A line that was typed here could not be sent.
        case postFailed(text: String, AppError)
        /// The room can't be reached; it is tried again.
        case connectionLost(AppError)
        case connectionBack
        case resized(width: Int)
        /// What Tab completes to.
        case commands([String])
        case tick
        /// The terminal is gone.
        case inputEnded
    }

    enum Effect: Sendable, Hashable {
        case write(String)
        case post(String)
        /// A line to be added to the history file.
        case remember(String)
        case leave
    }

    private var editor: LineEditor
    private let label: String
    private var style: TextStyle
    private var width: Int
    private var lastSequence = 0
    /// Keys of what was said here and is not answered to the end, with the time it was said.
    private var open: [String: Instant] = [:]
    /// Keys that were answered to the end, maybe before ``Event/posted(key:)`` told that they are ours.
    private var answered: [String] = []
    private var isLost = false

    /// A session on a terminal of some width.
    init(label: String, prefix: String, history: [String], style: TextStyle, width: Int) {
        editor = LineEditor(history: InputHistory(history))
        editor.prefix = prefix
        self.label = label
        self.style = style
        self.width = width
    }

    /// Whether something said here is not answered to the end.
    var isWaiting: Bool { !open.isEmpty }

    /// Takes an event.
    mutating func take(_ event: Event, at now: Instant) -> [Effect] {
        switch event {
        case .keys(let keys): return take(keys, at: now)
        case .posts(let posts): return show(posts, at: now)
        case .posted(let key):
            if !answered.contains(key) { open[key] = now }
            return [redraw(at: now)]
        case .postFailed(let text, let problem): return take(back: text, problem, at: now)
        case .connectionLost(let problem):
            guard !isLost else { return [] }
            isLost = true
            return [print(rendering.notice(problem.message + "; trying again …"), at: now)]
        case .connectionBack:
            guard isLost else { return [] }
            isLost = false
            return [print(rendering.notice("connected again"), at: now)]
        case .resized(let width):
            self.width = width
            return [redraw(at: now)]
        case .commands(let commands):
            editor.commands = commands
            return []
        case .tick: return isWaiting ? [redraw(at: now)] : []
        case .inputEnded: return [.write(PromptRendering.erase), .leave]
        }
    }

    private mutating func take(_ keys: [Key], at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        for key in keys {
            switch editor.take(key) {
            case .redraw: break
            case .bell: effects.append(.write("\u{07}"))
            case .submit(let line):
                effects.append(.post(line))
                if editor.remember(line) { effects.append(.remember(line)) }
            case .hint: effects.append(print(rendering.notice("Control-D leaves"), at: now))
            case .leave: return effects + [.write(PromptRendering.erase), .leave]
            case .clearScreen: effects.append(.write("\u{1B}[H\u{1B}[2J"))
            case .choices(let words):
                effects.append(print(rendering.notice(words.prefix(40).joined(separator: "   ")), at: now))
            }
        }
        return effects + [redraw(at: now)]
    }

    private mutating func show(_ posts: [RoomPost], at now: Instant) -> [Effect] {
        let new = posts.filter { $0.sequence > lastSequence }
        guard let last = new.last else { return [] }
        lastSequence = last.sequence
        for post in new where post.isFinal {
            guard let key = post.inReplyTo else { continue }
            open[key] = nil
            answered.append(key)
        }
        answered = answered.suffix(1000)
        return [print(new.flatMap(rendering.lines), at: now)]
    }

    private mutating func take(back text: String, _ problem: AppError, at now: Instant) -> [Effect] {
        // What was typed since then is worth more than what can be had from the history.
        if editor.characters.isEmpty { editor.replace(with: text) }
        let hint = problem.hint.map { ". \($0)" } ?? ""
        return [print(rendering.notice("not sent: " + problem.message + hint), at: now)]
    }

    private var rendering: PostRendering { PostRendering(style: style, width: width) }

    private func print(_ lines: [String], at now: Instant) -> Effect {
        .write(PromptRendering.erase + lines.map { $0 + "\r\n" }.joined() + prompt(at: now))
    }

    private func redraw(at now: Instant) -> Effect { .write(prompt(at: now)) }

    private func prompt(at now: Instant) -> String {
        let since = open.values.min()
        return PromptRendering(style: style, width: width)
            .draw(editor, label: label, runningFor: since.map { now - $0 })
    }
}

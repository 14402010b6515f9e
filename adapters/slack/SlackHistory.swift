import PetrelCore

/// Reads what was said in Slack's channels.
struct SlackHistory: Sendable {
    private static let pageSize = 200
    private static let maxPages = 10

    let client: SlackClient
    let me: SlackIdentityBox

    /// Shows the bot's own messages since a time, newest first, with their metadata.
    /// - Parameter thread: the thread to look into; nil for the channel.
    func ownMessages(
        channel: String, thread: String?, since: Instant, _ body: (Value) -> Void
    ) async throws(PlatformFailure) {
        let bot = me.current
        try await pages(channel: channel, thread: thread, since: since) { message in
            guard message["user"]?.string == bot?.user || message["bot_id"]?.string == bot?.bot else { return }
            body(message)
        }
    }

    /// What was said in a channel since a time and in those of its threads that went on, oldest first.
    func messages(channel: String, since: Instant) async throws(PlatformFailure) -> [Value] {
        // A thread that began earlier may have gone on.
        let rootsSince = since - .seconds(3600)
        var messages: [Value] = []
        var threads: [String] = []
        try await pages(channel: channel, thread: nil, since: rootsSince) { message in
            if let stamp = SlackTime(message["ts"]?.string), stamp.instant > since { messages.append(message) }
            if message["reply_count"]?.integer ?? 0 > 0, let root = message["thread_ts"]?.string,
                SlackTime(message["latest_reply"]?.string).map({ $0.instant > since }) ?? true
            {
                threads.append(root)
            }
        }
        for thread in threads.prefix(50) {
            try await pages(channel: channel, thread: thread, since: since) { message in
                guard let stamp = SlackTime(message["ts"]?.string), stamp.instant > since, stamp.text != thread else {
                    return
                }
                messages.append(message)
            }
        }
        return messages.sorted { ($0["ts"]?.string ?? "") < ($1["ts"]?.string ?? "") }
    }

    private func pages(
        channel: String, thread: String?, since: Instant, _ body: (Value) -> Void
    ) async throws(PlatformFailure) {
        var arguments: ValueObject = [
            "channel": .string(channel), "oldest": .string(SlackTime(since).text), "limit": .integer(Self.pageSize),
            "include_all_metadata": true,
        ]
        arguments["ts"] = thread.map(Value.string)
        for _ in 0..<Self.maxPages {
            let answer = try await client.call(thread == nil ? .history : .replies, arguments)
            answer["messages"]?.array?.forEach(body)
            guard let cursor = answer["response_metadata"]?["next_cursor"]?.string, !cursor.isEmpty else { return }
            arguments["cursor"] = .string(cursor)
        }
    }
}

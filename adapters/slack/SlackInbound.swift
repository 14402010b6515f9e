import PetrelCore

/// Reads what Slack says as messages.
struct SlackInbound: Sendable {
    /// What an envelope holds for Petrel.
    enum Content: Sendable {
        case message(Draft)
        /// Nothing that concerns Petrel: acknowledged and forgotten.
        case nothing
        /// The bot was taken into a channel or out of it.
        case membershipChanged
    }

    /// A message whose names are still to be looked up.
    struct Draft: Sendable {
        var key: String
        var channel: String
        var thread: String?
        var user: String
        var userName: String?
        var text: SlackText
        var platformID: String
        var isAddressed: Bool
        var isDirect: Bool
        var channelName: String?
        var sentAt: Instant
        var kind: InboundKind
        var callback: String?
    }

    /// Subtypes that carry what a person wrote.
    private static let spoken: Set<String> = ["file_share", "thread_broadcast", "me_message"]

    let me: SlackSelf
    /// The slash command that stands for the bot itself; another one's name is read as the first word.
    let slashCommand: String
    /// Bots (`B…`) that are listened to all the same.
    let heardBots: Set<String>
    let handsOnEdits: Bool

    func content(of envelope: SlackEnvelope, at now: Instant) -> Content {
        switch envelope.type {
        case "events_api": event(envelope.payload["event"] ?? .null)
        case "slash_commands": slash(envelope.payload, at: now).map(Content.message) ?? .nothing
        case "interactive": choice(envelope.payload, at: now).map(Content.message) ?? .nothing
        default: .nothing
        }
    }

    private func event(_ event: Value) -> Content {
        switch event["type"]?.string {
        case "message", "app_mention":
            guard let channel = event["channel"]?.string else { return .nothing }
            return message(event, channel: channel, channelType: event["channel_type"]?.string).map(Content.message)
                ?? .nothing
        case "member_joined_channel", "member_left_channel", "channel_left", "group_left", "im_created",
            "channel_archive", "channel_unarchive":
            return .membershipChanged
        default: return .nothing
        }
    }

    /// A message as events and histories have it; nil when it is nobody's speech or the bot's own.
    func message(_ message: Value, channel: String, channelType: String?) -> Draft? {
        if message["subtype"]?.string == "message_changed" {
            guard handsOnEdits, let changed = message["message"] else { return nil }
            return edit(changed, channel: channel, channelType: channelType)
        }
        guard isSpoken(message), let stamp = SlackTime(message["ts"]?.string), let user = message["user"]?.string,
            let raw = message["text"]?.string, !raw.isEmpty
        else { return nil }
        var text = SlackText(raw)
        let isMentioned = text.removeMention(of: me.user)
        let isDirect = channelType.map { $0 == "im" } ?? channel.hasPrefix("D")
        let thread = SlackTime(message["thread_ts"]?.string)
        // The same message comes as `message`, as `app_mention` and from the history: channel and time are what they share.
        return Draft(
            key: channel + ":" + stamp.text, channel: channel, thread: thread == stamp ? nil : thread?.text, user: user,
            userName: nil, text: text, platformID: stamp.text, isAddressed: isDirect || isMentioned,
            isDirect: isDirect, sentAt: stamp.instant, kind: .message)
    }

    private func edit(_ changed: Value, channel: String, channelType: String?) -> Draft? {
        guard let at = SlackTime(changed["edited"]?["ts"]?.string),
            var draft = message(changed, channel: channel, channelType: channelType)
        else { return nil }
        draft.key += ":" + at.text
        draft.kind = .edit
        draft.sentAt = at.instant
        return draft
    }

    private func isSpoken(_ message: Value) -> Bool {
        if message["user"]?.string == me.user { return false }
        if let bot = message["bot_id"]?.string { return bot != me.bot && heardBots.contains(bot) }
        if message["hidden"]?.bool == true { return false }
        return message["subtype"]?.string.map(Self.spoken.contains) ?? true
    }

    private func slash(_ payload: Value, at now: Instant) -> Draft? {
        guard let channel = payload["channel_id"]?.string, let user = payload["user_id"]?.string,
            let command = payload["command"]?.string, let trigger = payload["trigger_id"]?.string
        else { return nil }
        let words = payload["text"]?.string ?? ""
        var text = SlackText(command == slashCommand ? words : command.dropFirst() + " " + words)
        _ = text.removeMention(of: me.user)
        let isDirect = channel.hasPrefix("D")
        return Draft(
            key: "slash:" + trigger, channel: channel, thread: nil, user: user, userName: payload["user_name"]?.string,
            text: text, platformID: "", isAddressed: true, isDirect: isDirect,
            channelName: isDirect ? nil : payload["channel_name"]?.string, sentAt: now, kind: .slashCommand,
            callback: payload["response_url"]?.string)
    }

    private func choice(_ payload: Value, at now: Instant) -> Draft? {
        guard payload["type"]?.string == "block_actions", let action = payload["actions"]?.array?.first,
            action["action_id"]?.string?.hasPrefix(SlackBlocks.actionPrefix) == true,
            let said = action["value"]?.string, let user = payload["user"]?["id"]?.string,
            let channel = payload["container"]?["channel_id"]?.string ?? payload["channel"]?["id"]?.string,
            let stamp = SlackTime(payload["container"]?["message_ts"]?.string)
        else { return nil }
        let pressed = SlackTime(action["action_ts"]?.string)
        let thread =
            SlackTime(payload["container"]?["thread_ts"]?.string)
            ?? SlackTime(payload["message"]?["thread_ts"]?.string)
        let isDirect = channel.hasPrefix("D")
        return Draft(
            key: "choice:\(channel):\(stamp.text):\(pressed?.text ?? ""):\(user)", channel: channel,
            thread: thread == stamp ? nil : thread?.text, user: user,
            userName: payload["user"]?["username"]?.string ?? payload["user"]?["name"]?.string,
            text: SlackText(literal: said), platformID: stamp.text, isAddressed: true, isDirect: isDirect,
            channelName: isDirect ? nil : payload["channel"]?["name"]?.string, sentAt: pressed?.instant ?? now,
            kind: .choice, callback: payload["response_url"]?.string)
    }
}

import PetrelCore

/// Reads the requests that a Mattermost server makes: slash commands and pressed buttons.
struct MattermostCallbacks: Sendable {
    private static let limits = Limits(maxBytes: 256 << 10, maxDepth: 32, maxNodes: 10_000)

    let options: MattermostOptions
    let choices: MattermostChoices
    let clock: any PetrelClock

    /// What came of a request.
    enum Reading: Sendable {
        case message(InboundMessage)
        case refused(status: Int, reason: String)
    }

    func reading(_ callback: PlatformCallback) -> Reading {
        guard callback.body.count <= Self.limits.maxBytes else { return .refused(status: 413, reason: "too large") }
        if callback.headers["content-type"]?.hasPrefix("application/json") == true { return button(callback) }
        return command(callback)
    }

    private func command(_ callback: PlatformCallback) -> Reading {
        let fields = WebBody.fields(of: callback.body)
        guard isKnown(callback.headers["authorization"], fields["token"]) else {
            return .refused(status: 401, reason: "the command's token is not known here")
        }
        guard let channel = fields["channel_id"], let user = fields["user_id"], MattermostDirectory.isID(channel),
            MattermostDirectory.isID(user), let command = fields["command"], let trigger = fields["trigger_id"]
        else { return .refused(status: 400, reason: "this is no slash command") }
        let text = fields["text"] ?? ""
        let isDirect = fields["channel_name"]?.contains("__") == true
        return .message(
            InboundMessage(
                key: MessageKey(adapter: options.name, eventID: "slash:" + trigger),
                conversation: Conversation(
                    adapter: options.name, channel: channel,
                    thread: fields["root_id"].flatMap { MattermostDirectory.isID($0) ? $0 : nil }),
                sender: ChatPerson(adapter: options.name, id: user, name: fields["user_name"] ?? user),
                text: command == options.slashCommand ? text : command.dropFirst() + " " + text, platformID: "",
                isAddressed: true, sentAt: clock.now, kind: .slashCommand, isDirect: isDirect,
                channelName: isDirect ? nil : fields["channel_name"], callback: fields["response_url"]))
    }

    private func button(_ callback: PlatformCallback) -> Reading {
        guard let body = try? JSONReader.value(callback.body, limits: Self.limits),
            let channel = body["channel_id"]?.string, let user = body["user_id"]?.string,
            let post = body["post_id"]?.string, MattermostDirectory.isID(channel), MattermostDirectory.isID(user),
            MattermostDirectory.isID(post), let trigger = body["trigger_id"]?.string
        else { return .refused(status: 400, reason: "this is no pressed button") }
        guard let text = choices.text(of: body["context"] ?? .null, channel: channel) else {
            return .refused(status: 401, reason: "that button is not one of Petrel's")
        }
        return .message(
            InboundMessage(
                key: MessageKey(adapter: options.name, eventID: "choice:\(post):\(trigger)"),
                conversation: Conversation(adapter: options.name, channel: channel),
                sender: ChatPerson(
                    adapter: options.name, id: user, name: body["user_name"]?.string ?? user),
                text: text, platformID: post, isAddressed: true, sentAt: clock.now, kind: .choice,
                channelName: body["channel_name"]?.string))
    }

    /// The token stands in the header, in older servers in the form.
    private func isKnown(_ header: String?, _ field: String?) -> Bool {
        let prefix = "Token "
        let token = header.flatMap { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : nil } ?? field
        guard let token else { return false }
        return options.commandTokens.reduce(false) { isEqualInConstantTime($1.reveal(), token) || $0 }
    }
}

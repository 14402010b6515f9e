import PetrelCore

/// Reads what Mattermost says as messages.
struct MattermostInbound: Sendable {
    /// A message whose sender's name may still have to be looked up.
    struct Draft: Sendable {
        var key: String
        var channel: String
        var channelName: String?
        var thread: String?
        var user: String
        var userName: String?
        var text: String
        var platformID: String
        var isAddressed: Bool
        var isDirect: Bool
        var sentAt: Instant
        var kind: InboundKind
        var callback: String?
    }

    /// A reaction that may be a choice.
    struct Reaction: Sendable, Hashable {
        var post: String
        var user: String
        /// From 0.
        var choice: Int
        var at: Instant
    }

    /// Where a post stands.
    struct Place: Sendable {
        /// `O` open, `P` private, `D` direct, `G` group.
        var type: String
        var name: String?
    }

    let me: MattermostSelf
    let heardBots: Set<String>
    let handsOnEdits: Bool

    /// The message in a `posted` or `post_edited` event; nil when it is nobody's speech or the bot's own.
    func message(_ event: MattermostEvent) -> Draft? {
        guard let post = event.object("post").flatMap(MattermostPost.init) else { return nil }
        let place = Place(
            type: event.data["channel_type"]?.string ?? "O", name: event.data["channel_name"]?.string)
        guard var draft = message(post, in: place) else { return nil }
        draft.userName = event.data["sender_name"]?.string.map { $0.hasPrefix("@") ? String($0.dropFirst()) : $0 }
        if event.name == "post_edited" {
            guard handsOnEdits, let at = post.editedAt else { return nil }
            draft.key += ":" + String(at.milliseconds)
            draft.kind = .edit
            draft.sentAt = at
        }
        return draft
    }

    /// The message of a post.
    func message(_ post: MattermostPost, in place: Place) -> Draft? {
        guard post.user != me.id, post.type.isEmpty || post.type == "me",
            !post.isFromProgram || heardBots.contains(post.user)
        else { return nil }
        let (text, isMentioned) = MattermostText.withoutMention(of: me.name, in: post.message)
        guard !text.isEmpty || isMentioned else { return nil }
        let isDirect = place.type == "D"
        return Draft(
            key: post.id, channel: post.channel, channelName: isDirect ? nil : place.name, thread: post.root,
            user: post.user, userName: nil, text: text, platformID: post.id, isAddressed: isDirect || isMentioned,
            isDirect: isDirect, sentAt: post.createdAt, kind: .message)
    }

    /// The reaction in a `reaction_added` event, if it can be a choice.
    func reaction(_ event: MattermostEvent) -> Reaction? {
        guard let reaction = event.object("reaction"), let post = reaction["post_id"]?.string,
            let user = reaction["user_id"]?.string, user != me.id, let name = reaction["emoji_name"]?.string,
            let choice = MattermostChoices.emojis.firstIndex(of: name)
        else { return nil }
        return Reaction(
            post: post, user: user, choice: choice, at: Instant(milliseconds: reaction["create_at"]?.integer ?? 0))
    }

    /// The choice that a reaction to a post of ours takes.
    func choice(_ reaction: Reaction, of post: MattermostPost, at now: Instant) -> Draft? {
        guard post.user == me.id, let texts = post.props[MattermostChoices.property]?.array,
            texts.indices.contains(reaction.choice), let text = texts[reaction.choice].string
        else { return nil }
        return Draft(
            key: "reaction:\(post.id):\(reaction.user):\(reaction.choice):\(reaction.at.milliseconds)",
            channel: post.channel, thread: post.root, user: reaction.user, text: text, platformID: post.id,
            isAddressed: true, isDirect: false, sentAt: reaction.at.microseconds > 0 ? reaction.at : now, kind: .choice)
    }
}

extension MattermostInbound.Draft {
    /// The message that is handed on.
    func message(adapter: AdapterName, name: String?) -> InboundMessage {
        InboundMessage(
            key: MessageKey(adapter: adapter, eventID: key),
            conversation: Conversation(adapter: adapter, channel: channel, thread: thread),
            sender: ChatPerson(adapter: adapter, id: user, name: name ?? user), text: text, platformID: platformID,
            isAddressed: isAddressed, sentAt: sentAt, kind: kind, isDirect: isDirect, channelName: channelName,
            callback: callback)
    }
}

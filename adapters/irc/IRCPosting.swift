import PetrelCore

/// Sends posts to IRC, each as the lines that it takes.
struct IRCPosting: Sendable {
    let socket: IRCSocket
    let partial: PartialSends

    func send(_ post: OutboundPost) async -> Delivery {
        do throws(PlatformFailure) {
            let target = try await target(of: post)
            let lines = IRCText.lines(
                post.plainText(name: socket.nick), maxBytes: socket.room(for: target),
                names: socket.names(in: post.to.conversation.channel), allowsMentions: post.allowsMentions)
            let id = try await partial.send(IRCText.plan(lines), of: post.id) { step throws(PlatformFailure) in
                guard case .message(let text) = step.content else { return "" }
                try await socket.post(text.split(separator: "\n").map(String.init), to: target)
                return "\(post.id)-\(step.index)"
            }
            return .delivered(id: id)
        } catch {
            return error.delivery
        }
    }

    /// A channel, or the nick of whoever is to be told in private.
    private func target(of post: OutboundPost) async throws(PlatformFailure) -> String {
        let channel = post.to.conversation.channel
        let isPrivate = post.isEphemeral || post.placement == .direct || !IRCSession.isChannel(channel)
        guard isPrivate else {
            guard !channel.contains(where: { " ,\u{7}".contains($0) }) else {
                throw .refused(code: "bad_channel", message: "\"\(channel)\" is no channel")
            }
            return channel
        }
        let person = IRCSession.isChannel(channel) ? post.to.person.id : channel
        return try await socket.nick(of: person, lastSeenAs: post.to.person.name)
    }
}

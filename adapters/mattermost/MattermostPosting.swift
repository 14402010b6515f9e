import PetrelCore
import PetrelSystem

/// Sends posts to Mattermost and finds them again.
struct MattermostPosting: Sendable {
    private static let sizes = PostPlan.Sizes(
        message: 16_000, fileAbove: 48_000, beginning: 4000, fencesOpenAnywhere: false)
    /// What a post of ours carries: its delivery id and which part of it it is.
    private static let deliveryProperty = "petrel_delivery"
    private static let partProperty = "petrel_part"
    private static let rootErrors: Set<String> = [
        "api.post.create_post.root_id.app_error", "api.post.create_post.channel_root_id.app_error",
    ]

    let client: MattermostClient
    let directory: MattermostDirectory
    let partial: PartialSends
    let choices: MattermostChoices

    /// Where a post goes.
    private struct Place: Sendable {
        var channel: String
        var root: String?
    }

    func send(_ post: OutboundPost) async -> Delivery {
        do throws(PlatformFailure) {
            let place = try await place(of: post)
            do throws(PlatformFailure) {
                return .delivered(
                    id: try await partial.send(plan(post), of: post.id) { step throws(PlatformFailure) in
                        try await send(step, of: post, to: place)
                    })
            } catch {
                guard case .refused = error, let url = post.to.callback else { throw error }
                return .delivered(id: try await answer(post, at: url))
            }
        } catch {
            return error.delivery
        }
    }

    func find(_ post: OutboundPost) async -> DeliveryTrace {
        if post.isEphemeral { return .absent }
        do throws(PlatformFailure) {
            let found = try await sent(post.id, in: try await place(of: post))
            return partial.trace(plan(post), of: post.id, found: found)
        } catch {
            if case .refused = error { return .absent }
            return .unknown(reason: error.text)
        }
    }

    // MARK: Sending

    private func plan(_ post: OutboundPost) -> PostPlan {
        PostPlan(post, sizes: Self.sizes) { MattermostText.escaped($0, allowsMentions: post.allowsMentions) }
    }

    private func send(
        _ step: PostStep, of post: OutboundPost, to place: Place
    ) async throws(PlatformFailure) -> String {
        switch step.content {
        case .file(let file):
            let id = try await client.upload(file, channel: place.channel)
            var content = content("", of: post, index: step.index)
            content["file_ids"] = [.string(id)]
            return try await create(content, post, step.index, in: place)
        case .message(var text):
            var content = content(text, of: post, index: step.index)
            if step.isLast, !post.choices.isEmpty, case .object(var props)? = content["props"] {
                choices.add(post.choices, to: &text, &props, channel: place.channel)
                content["message"] = .string(text)
                content["props"] = .object(props)
            }
            return try await send(content, step, of: post, to: place)
        }
    }

    private func send(
        _ content: ValueObject, _ step: PostStep, of post: OutboundPost, to place: Place
    ) async throws(PlatformFailure) -> String {
        if post.isEphemeral { return try await createEphemeral(content, post, in: place) }
        if step.index == 0, let earlier = post.replaces, let id = try await change(earlier, into: content, in: place) {
            return id
        }
        let id = try await create(content, post, step.index, in: place)
        if step.isLast, !post.choices.isEmpty, !choices.areButtons { await offerReactions(post.choices.count, on: id) }
        return id
    }

    private func content(_ text: String, of post: OutboundPost, index: Int) -> ValueObject {
        var props: ValueObject = [
            Self.deliveryProperty: .string(post.id.text), Self.partProperty: .integer(index),
        ]
        if index == 0, case .object(let extra)? = post.extra["mattermost"] {
            if let attachments = extra["attachments"] {
                props["attachments"] = post.allowsMentions ? attachments : MattermostText.withoutMentions(attachments)
            }
            for key in ["override_username", "override_icon_url"] { props[key] = extra[key] }
        }
        return ["message": .string(text), "props": .object(props)]
    }

    private func create(
        _ content: ValueObject, _ post: OutboundPost, _ index: Int, in place: Place
    ) async throws(PlatformFailure) -> String {
        var body = content
        body["channel_id"] = .string(place.channel)
        body["root_id"] = place.root.map(Value.string)
        // A create that is repeated with this id is answered with the post that it already made.
        body["pending_post_id"] = .string("\(try await directory.me().id):\(post.id.text)-\(index)")
        do throws(PlatformFailure) {
            return try await client.post("/posts", .object(body))["id"]?.string ?? ""
        } catch {
            guard place.root != nil, error.code.map(Self.rootErrors.contains) == true else { throw error }
            // The thread is gone; an answer in the channel is better than none.
            body["root_id"] = nil
            return try await client.post("/posts", .object(body))["id"]?.string ?? ""
        }
    }

    /// - Returns: nil when it can't be changed any more, and so has to be posted anew.
    private func change(
        _ earlier: EarlierPost, into content: ValueObject, in place: Place
    ) async throws(PlatformFailure) -> String? {
        var known = earlier.platformID
        if known == nil { known = try await sent(earlier.id, in: place)[0] }
        guard let id = known, MattermostDirectory.isID(id) else { return nil }
        do throws(PlatformFailure) {
            _ = try await client.put("/posts/\(id)/patch", .object(content))
            return id
        } catch {
            if case .refused = error { return nil }
            throw error
        }
    }

    private func createEphemeral(
        _ content: ValueObject, _ post: OutboundPost, in place: Place
    ) async throws(PlatformFailure) -> String {
        var body: ValueObject = ["channel_id": .string(place.channel), "message": content["message"] ?? ""]
        body["root_id"] = place.root.map(Value.string)
        do throws(PlatformFailure) {
            let answer = try await client.post(
                "/posts/ephemeral", ["user_id": .string(post.to.person.id), "post": .object(body)])
            return answer["id"]?.string ?? ""
        } catch {
            guard case .refused = error else { throw error }
            // Not every bot may post ephemerally; a direct conversation keeps it as private.
            let direct = Place(channel: try await directory.directChannel(with: post.to.person.id))
            return try await create(content, post, 0, in: direct)
        }
    }

    /// Puts the reactions there, so that choosing is one click; a choice works without them.
    private func offerReactions(_ count: Int, on post: String) async {
        guard let me = try? await directory.me() else { return }
        for emoji in MattermostChoices.emojis.prefix(count) {
            let reaction: Value = [
                "user_id": .string(me.id), "post_id": .string(post), "emoji_name": .string(emoji),
            ]
            guard (try? await client.post("/reactions", reaction)) != nil else { return }
        }
    }

    /// Answers a slash command where the bot is no member, at the address that came with it.
    private func answer(_ post: OutboundPost, at url: String) async throws(PlatformFailure) -> String {
        guard url.hasPrefix(client.options.url + "/") else {
            throw .refused(code: "bad_response_url", message: "the response URL is not of this server")
        }
        for case .message(let text) in plan(post).steps.prefix(2) {
            try await client.answer(
                at: url,
                [
                    "text": .string(text), "response_type": post.isEphemeral ? "ephemeral" : "in_channel",
                    "skip_slack_parsing": true,
                ])
        }
        return "response_url"
    }

    // MARK: Places

    private func place(of post: OutboundPost) async throws(PlatformFailure) -> Place {
        var conversation = post.to.conversation
        conversation.channel = try await directory.channel(conversation.channel)
        switch post.placement {
        case .inPlace: return Place(channel: conversation.channel, root: conversation.thread)
        case .thread:
            let root = conversation.thread ?? post.to.platformID
            return Place(channel: conversation.channel, root: MattermostDirectory.isID(root) ? root : nil)
        case .channel: return Place(channel: conversation.channel)
        case .direct:
            let channel = try await directory.directChannel(with: post.to.person.id)
            return Place(channel: channel, root: channel == conversation.channel ? conversation.thread : nil)
        }
    }

    /// Which parts of a post stand in a place, by what our own posts carry.
    private func sent(_ id: DeliveryID, in place: Place) async throws(PlatformFailure) -> [Int: String] {
        let since = max(0, (id.madeAt - .seconds(120)).milliseconds)
        let answer =
            if let root = place.root, MattermostDirectory.isID(root) {
                try await client.get("/posts/\(root)/thread")
            } else {
                try await client.get("/channels/\(WebBody.percentEncoded(place.channel))/posts?since=\(max(1, since))")
            }
        var found: [Int: String] = [:]
        for post in (answer["posts"]?.object ?? [:]).values.compactMap(MattermostPost.init) {
            guard post.props[Self.deliveryProperty]?.string == id.text,
                let part = post.props[Self.partProperty]?.integer
            else { continue }
            found[part] = post.id
        }
        return found
    }
}

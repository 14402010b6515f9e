import PetrelCore
import PetrelSystem

/// Sends posts to Slack and finds them again.
struct SlackPosting: Sendable {
    private static let sizes = PostPlan.Sizes(
        message: 3900, fileAbove: 12_000, beginning: 1500, fencesOpenAnywhere: true)
    /// What marks a message as a delivery of ours, in its metadata.
    private static let eventType = "petrel_delivery"
    /// Errors after which a post can't be changed, but a new one can be made.
    private static let unchangeable: Set<String> = [
        "message_not_found", "cant_update_message", "edit_window_closed", "update_failed", "channel_not_found",
    ]
    private static let threadErrors: Set<String> = ["thread_not_found", "cannot_reply_to_message"]
    /// Errors that say that the bot is not where a slash command was given.
    private static let absences: Set<String> = ["channel_not_found", "not_in_channel", "user_not_in_channel"]

    let client: SlackClient
    let directory: SlackDirectory
    let history: SlackHistory
    let partial: PartialSends

    /// Where a post goes.
    private struct Place: Sendable {
        var channel: String
        var thread: String?
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
                guard let code = error.code, Self.absences.contains(code), let url = post.to.callback else {
                    throw error
                }
                return .delivered(id: try await answer(post, at: url))
            }
        } catch {
            return error.delivery
        }
    }

    func find(_ post: OutboundPost) async -> DeliveryTrace {
        if post.isEphemeral { return .absent }
        do throws(PlatformFailure) {
            let place = try await place(of: post)
            let traces = try await sent(post.id, in: place)
            let plan = plan(post)
            var found: PartialSends.Progress = [:]
            for (index, step) in plan.steps.enumerated() { found[index] = traces.id(of: step, index) }
            return partial.trace(plan, of: post.id, found: found)
        } catch {
            if error.code.map(Self.absences.contains) == true { return .absent }
            return .unknown(reason: error.text)
        }
    }

    // MARK: Sending

    private func plan(_ post: OutboundPost) -> PostPlan {
        PostPlan(post, sizes: Self.sizes) { SlackMarkup.escaped($0, allowsMentions: post.allowsMentions) }
    }

    private func send(
        _ step: PostStep, of post: OutboundPost, to place: Place
    ) async throws(PlatformFailure) -> String {
        switch step.content {
        case .file(let file): return try await upload(file, post.id, to: place)
        case .message(let text):
            let content = content(text, of: post, index: step.index, isLast: step.isLast)
            if post.isEphemeral { return try await sendEphemeral(content, post, to: place) }
            if step.index == 0, let earlier = post.replaces,
                let id = try await change(earlier, into: content, in: place)
            {
                return id
            }
            return try await sendMessage(content, to: place)
        }
    }

    private func content(_ text: String, of post: OutboundPost, index: Int, isLast: Bool) -> ValueObject {
        var content: ValueObject = [
            "text": .string(text), "parse": "none",
            "metadata": [
                "event_type": .string(Self.eventType),
                "event_payload": ["id": .string(post.id.text), "part": .integer(index)],
            ],
        ]
        if isLast, !post.choices.isEmpty { content["blocks"] = SlackBlocks.blocks(text: text, choices: post.choices) }
        if index == 0, case .object(let extra)? = post.extra["slack"] {
            for key in ["attachments", "blocks", "username", "icon_emoji", "icon_url"] {
                guard let value = extra[key] else { continue }
                content[key] = post.allowsMentions ? value : SlackMarkup.withoutMentions(value)
            }
        }
        return content
    }

    private func sendMessage(_ content: ValueObject, to place: Place) async throws(PlatformFailure) -> String {
        var arguments = content
        arguments["channel"] = .string(place.channel)
        arguments["thread_ts"] = place.thread.map(Value.string)
        arguments["unfurl_links"] = false
        arguments["unfurl_media"] = false
        arguments["link_names"] = false
        do throws(PlatformFailure) {
            return try await client.call(.postMessage, arguments, key: place.channel)["ts"]?.string ?? ""
        } catch {
            guard place.thread != nil, error.code.map(Self.threadErrors.contains) == true else { throw error }
            // The thread is gone; an answer in the channel is better than none.
            arguments["thread_ts"] = nil
            return try await client.call(.postMessage, arguments, key: place.channel)["ts"]?.string ?? ""
        }
    }

    /// - Returns: nil when it can't be changed any more, and so has to be posted anew.
    private func change(
        _ earlier: EarlierPost, into content: ValueObject, in place: Place
    ) async throws(PlatformFailure) -> String? {
        var known = earlier.platformID
        if known == nil { known = try await sent(earlier.id, in: place).parts[0] }
        guard let stamp = SlackTime(known) else { return nil }
        var arguments = content
        arguments["channel"] = .string(place.channel)
        arguments["ts"] = .string(stamp.text)
        arguments["link_names"] = false
        // A change keeps what it does not name: buttons must go.
        if arguments["blocks"] == nil { arguments["blocks"] = [] }
        if arguments["attachments"] == nil { arguments["attachments"] = [] }
        for key in ["username", "icon_emoji", "icon_url"] { arguments[key] = nil }
        do throws(PlatformFailure) {
            _ = try await client.call(.update, arguments)
            return stamp.text
        } catch {
            if error.code.map(Self.unchangeable.contains) == true { return nil }
            throw error
        }
    }

    private func sendEphemeral(
        _ content: ValueObject, _ post: OutboundPost, to place: Place
    ) async throws(PlatformFailure) -> String {
        // A direct conversation is as private as can be.
        if place.channel.hasPrefix("D") { return try await sendMessage(content, to: place) }
        var arguments = content
        arguments["metadata"] = nil
        arguments["channel"] = .string(place.channel)
        arguments["user"] = .string(post.to.person.id)
        arguments["thread_ts"] = place.thread.map(Value.string)
        arguments["link_names"] = false
        return try await client.call(.postEphemeral, arguments)["message_ts"]?.string ?? ""
    }

    /// Answers a slash command where the bot is no member, at the address that came with it.
    private func answer(_ post: OutboundPost, at url: String) async throws(PlatformFailure) -> String {
        guard url.hasPrefix("https://") || client.options.apiURL.hasPrefix("http://") else {
            throw .refused(code: "bad_response_url", message: "the response URL is not https")
        }
        for case .message(let text) in plan(post).steps.prefix(2) {
            let body: Value = [
                "text": .string(text), "response_type": post.isEphemeral ? "ephemeral" : "in_channel",
            ]
            _ = try await client.post(to: url, body: JSONWriter.bytes(body), contentType: "application/json")
        }
        return "response_url"
    }

    // MARK: Files

    private func upload(_ file: PostFile, _ id: DeliveryID, to place: Place) async throws(PlatformFailure) -> String {
        guard !file.bytes.isEmpty else { return "" }
        let address = try await client.call(
            .uploadAddress,
            [
                "filename": .string(fileName(file, of: id)), "length": .integer(file.bytes.count),
            ])
        guard let url = address["upload_url"]?.string, let fileID = address["file_id"]?.string else {
            throw .doubtful("Slack gave no place for the file")
        }
        do throws(PlatformFailure) {
            _ = try await client.post(to: url, body: file.bytes, contentType: "application/octet-stream")
        } catch {
            // Nothing is to be seen before the last step, so this one leaves no doubt.
            if case .doubtful(let text) = error { throw .notSent(text) }
            throw error
        }
        var arguments: ValueObject = [
            "files": [["id": .string(fileID), "title": .string(WebBody.safeFileName(file.name))]],
            "channel_id": .string(place.channel),
        ]
        arguments["thread_ts"] = place.thread.map(Value.string)
        do throws(PlatformFailure) {
            _ = try await client.call(.completeUpload, arguments)
        } catch {
            guard case .doubtful = error, (try? await client.call(.fileInfo, ["file": .string(fileID)])) != nil else {
                throw error
            }
        }
        return fileID
    }

    // MARK: Places

    private func place(of post: OutboundPost) async throws(PlatformFailure) -> Place {
        var conversation = post.to.conversation
        conversation.channel = try await directory.channel(conversation.channel)
        switch post.placement {
        case .inPlace: return Place(channel: conversation.channel, thread: conversation.thread)
        case .thread:
            return Place(
                channel: conversation.channel, thread: conversation.thread ?? SlackTime(post.to.platformID)?.text)
        case .channel: return Place(channel: conversation.channel)
        case .direct:
            if conversation.channel.hasPrefix("D") {
                return Place(channel: conversation.channel, thread: conversation.thread)
            }
            return Place(channel: try await directory.directChannel(with: post.to.person.id))
        }
    }

    /// What of a post stands in a place, by what our own messages carry.
    private func sent(_ id: DeliveryID, in place: Place) async throws(PlatformFailure) -> Traces {
        var found = Traces(id: id)
        let since = id.madeAt - .seconds(120)
        try await history.ownMessages(channel: place.channel, thread: place.thread, since: since) { message in
            let metadata = message["metadata"]
            if metadata?["event_type"]?.string == Self.eventType,
                metadata?["event_payload"]?["id"]?.string == id.text,
                let part = metadata?["event_payload"]?["part"]?.integer
            {
                found.parts[part] = message["ts"]?.string
            }
            for file in message["files"]?.array ?? [] {
                guard let name = file["name"]?.string, name.hasPrefix(id.text) else { continue }
                found.files[name] = file["id"]?.string
            }
        }
        return found
    }

    /// What stands on the platform of one post.
    private struct Traces: Sendable {
        var id: DeliveryID
        var parts: [Int: String] = [:]
        var files: [String: String] = [:]

        func id(of step: PostPlan.Step, _ index: Int) -> String? {
            switch step {
            case .message: parts[index]
            case .file(let file): files[fileName(file, of: id)]
            }
        }
    }
}

/// The name under which a file is sent; the delivery id in it finds it again.
private func fileName(_ file: PostFile, of id: DeliveryID) -> String {
    id.text + "-" + WebBody.safeFileName(file.name)
}

extension Identifier {
    /// When it was made, by its first eight digits.
    var madeAt: Instant {
        Instant(microseconds: (Int64(text.prefix(8), radix: 16) ?? 0) * 1_000_000)
    }
}

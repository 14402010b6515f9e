import PetrelCore
import PetrelSystem

/// Sends posts to XMPP and finds them again.
struct XMPPPosting: Sendable {
    /// A stanza of 10,000 bytes is what every server must take; letters of most scripts fit.
    private static let sizes = PostPlan.Sizes(
        message: 3000, fileAbove: .max, beginning: 0, fencesOpenAnywhere: false)

    let options: XMPPOptions
    let socket: XMPPSocket
    let partial: PartialSends

    /// Where a post goes.
    private struct Place: Sendable {
        var target: String
        var isRoom: Bool
    }

    func send(_ post: OutboundPost) async -> Delivery {
        let place = place(of: post)
        do throws(PlatformFailure) {
            let id = try await partial.send(plan(post), of: post.id) { step throws(PlatformFailure) in
                guard case .message(let text) = step.content else { return "" }
                let id = stanzaID(of: post, step.index)
                try await socket.post(text, id: id, to: place.target, isRoom: place.isRoom)
                return id
            }
            return .delivered(id: id)
        } catch {
            return error.delivery
        }
    }

    /// Reads the archive back; where there is none, nothing can be found.
    func find(_ post: OutboundPost) async -> DeliveryTrace {
        let place = place(of: post)
        let since = post.id.madeAt - .seconds(120)
        do throws(PlatformFailure) {
            let archived = try await socket.archived(
                room: place.isRoom ? place.target : nil, since: since, with: place.isRoom ? nil : place.target)
            let plan = plan(post)
            let ids = Set((archived ?? []).filter { isOwn($0.message, place) }.compactMap { $0.message["id"] })
            var found: PartialSends.Progress = [:]
            for index in plan.steps.indices where ids.contains(stanzaID(of: post, index)) {
                found[index] = stanzaID(of: post, index)
            }
            return partial.trace(plan, of: post.id, found: found)
        } catch {
            return .unknown(reason: error.text)
        }
    }

    private func stanzaID(of post: OutboundPost, _ index: Int) -> String { "\(post.id)-\(index)" }

    private func plan(_ post: OutboundPost) -> PostPlan {
        let channel = post.to.conversation.channel.lowercased()
        var plain = post
        plain.text = post.plainText(name: socket.nick(in: channel))
        (plain.file, plain.choices) = (nil, [])
        let names = post.allowsMentions ? [] : socket.names(in: channel)
        return PostPlan(plain, sizes: Self.sizes) { NickCalls.quieted(PlainText.cleaned($0), names: names) }
    }

    private func place(of post: OutboundPost) -> Place {
        let channel = post.to.conversation.channel.lowercased()
        let isRoom = post.to.person.id != channel && options.rooms.contains(channel)
        guard isRoom, !post.isEphemeral, post.placement != .direct else {
            return Place(target: isRoom ? post.to.person.id : channel, isRoom: false)
        }
        return Place(target: channel, isRoom: true)
    }

    /// Whether the bot wrote it; ids alone can be made by anybody.
    private func isOwn(_ message: XMLElement, _ place: Place) -> Bool {
        let from = XMPPAddress(message["from"] ?? "")
        guard place.isRoom else { return from.bare == options.address }
        let item = message.first("x", XMPPNames.mucUser)?.first("item", XMPPNames.mucUser)
        let address = item?["jid"].map { XMPPAddress($0).bare }
        return from.bare == place.target
            && (address.map { $0 == options.address } ?? (from.resource == socket.nick(in: place.target)))
    }
}

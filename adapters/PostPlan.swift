import PetrelCore

/// A step of a post, and where it stands in it.
struct PostStep: Sendable, Hashable {
    var content: PostPlan.Step
    /// From 0.
    var index: Int
    var isLast: Bool
}

/// A post as the messages and files that it takes on a platform, in order.
struct PostPlan: Sendable, Hashable {
    /// One thing to be sent.
    enum Step: Sendable, Hashable {
        case message(String)
        case file(PostFile)
    }

    /// What a platform's messages can hold.
    struct Sizes: Sendable, Hashable {
        /// Most UTF-16 code units of one message.
        var message: Int
        /// A text that is longer is sent as a file, with its beginning before it.
        var fileAbove: Int
        /// How much of its beginning.
        var beginning: Int
        /// Whether a code fence counts within a line too.
        var fencesOpenAnywhere: Bool
    }

    var steps: [Step]

    /// Texts that each fit one message.
    init(messages: [String]) { steps = messages.map(Step.message) }

    /// - Parameters:
    ///   - post: its text is shown escaped and sent as a file as it is.
    ///   - escape: what the platform wants done to text.
    init(_ post: OutboundPost, sizes: Sizes, escape: (String) -> String) {
        let shown = escape(post.text)
        if shown.utf16.count > sizes.fileAbove, post.choices.isEmpty, !post.isEphemeral {
            let note = "\n… the whole text is in the file below."
            let beginning = Self.beginning(of: post.text, length: sizes.beginning, sizes: sizes, escape: escape)
            steps = [.message(beginning + note), .file(Self.file(post))]
        } else {
            let text = PlainText.isBlank(shown) ? PlainText.empty : shown
            let parts = PostParts.parts(
                of: text, maxLength: sizes.message, opensAnywhere: sizes.fencesOpenAnywhere)
            steps = post.file != nil && PlainText.isBlank(shown) ? [] : parts.map(Step.message)
        }
        if let file = post.file { steps.append(.file(file)) }
    }

    private static func beginning(
        of text: String, length: Int, sizes: Sizes, escape: (String) -> String
    ) -> String {
        let head = escape(String(text.prefix(length)))
        return PostParts.parts(of: head, maxLength: length, opensAnywhere: sizes.fencesOpenAnywhere).first ?? head
    }

    private static func file(_ post: OutboundPost) -> PostFile {
        PostFile(name: "\(post.execution?.text ?? post.id.text).txt", bytes: Array(post.text.utf8))
    }
}

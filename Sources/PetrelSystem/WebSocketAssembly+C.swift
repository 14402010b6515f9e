/// Puts the pieces of a message together, up to a limit.
///
/// The thread that serves the connection owns it.
struct WebSocketAssembly {
    enum Outcome {
        /// More pieces follow.
        case incomplete
        case message(WebSocketMessage)
        case tooLarge
        case badText
    }

    private let maxBytes: Int
    private var bytes: [UInt8] = []
    private var hasPieces = false

    init(maxBytes: Int) { self.maxBytes = maxBytes }

    /// Takes the next piece; `remaining` is how much of its frame is still to come.
    mutating func add(
        _ piece: UnsafeRawBufferPointer, isFinal: Bool, isBinary: Bool, remaining: Int
    ) -> Outcome {
        guard bytes.count + piece.count <= maxBytes, remaining <= maxBytes - bytes.count - piece.count else {
            return .tooLarge
        }
        if isFinal, !hasPieces { return whole(piece, isBinary: isBinary) }
        if !hasPieces, !isFinal { bytes.reserveCapacity(min(piece.count + remaining, 1 << 20)) }
        bytes.append(contentsOf: piece)
        hasPieces = true
        guard isFinal else { return .incomplete }
        defer {
            bytes = []
            hasPieces = false
        }
        return isBinary ? .message(.binary(bytes)) : text(String(validating: bytes, as: UTF8.self))
    }

    private func whole(_ piece: UnsafeRawBufferPointer, isBinary: Bool) -> Outcome {
        isBinary ? .message(.binary(Array(piece))) : text(String(validating: piece, as: UTF8.self))
    }

    private func text(_ text: String?) -> Outcome { text.map { .message(.text($0)) } ?? .badText }
}

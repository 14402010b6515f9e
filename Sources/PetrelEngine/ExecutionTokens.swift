public import PetrelCore

/// Mints the token that a running action is given for the API, and reads it back.
///
/// The token proves itself: it is the execution's id with a keyed digest, so nothing is stored. It is good only as long as
/// the execution runs; whoever reads one must check that.
public struct ExecutionTokens: Sendable {
    private static let prefix = "pxt-"
    private let digest: @Sendable ([UInt8]) -> String

    /// Tokens under a key that never leaves the data folder.
    public init(key: Secret<[UInt8]>, digest: any Digest) {
        self.digest = digest.hmacSHA256(key: key)
    }

    /// The token of an execution.
    public func token(for execution: ExecutionID) -> String {
        Self.prefix + execution.text + "-" + digest(Array(execution.text.utf8))
    }

    /// The execution whose token this is, or nil if it is none of ours.
    public func execution(of token: String) -> ExecutionID? {
        guard token.hasPrefix(Self.prefix), let id = ExecutionID(String(token.dropFirst(Self.prefix.count).prefix(24)))
        else { return nil }
        return isEqualInConstantTime(token, self.token(for: id)) ? id : nil
    }
}

import FoundationEssentials
import PetrelCore
import PetrelSystem

/// A log-in by SCRAM (RFC 5802): the password is not shown to the server, and the server proves that it knows it, too.
struct SCRAMLogin: Sendable {
    /// Fewer make a stolen answer cheap to guess from; more would keep us busy for a hostile server.
    private static let iterations = 4096...1_000_000

    private let hash: SCRAMHash
    private let user: String
    private let password: Secret<String>
    private let nonce: String
    private var serverSignature: [UInt8] = []

    /// - Parameter nonce: random, of printable letters.
    init(_ hash: SCRAMHash, user: String, password: Secret<String>, nonce: String) {
        self.hash = hash
        self.user = user.replacing("=", with: "=3D").replacing(",", with: "=2C")
        self.password = password
        self.nonce = nonce
    }

    private var bare: String { "n=\(user),r=\(nonce)" }

    /// The first message.
    var first: String { "n,," + bare }

    /// The answer to the server's first message; nil when that is not of SCRAM or wants too little or too much.
    mutating func answer(_ challenge: String) -> String? {
        let fields = Self.fields(challenge)
        guard let nonce = fields["r"], nonce.hasPrefix(self.nonce), nonce.utf8.count > self.nonce.utf8.count,
            let salt = fields["s"].flatMap({ Data(base64Encoded: $0) }), !salt.isEmpty, salt.count <= 1024,
            let iterations = fields["i"].flatMap({ Int($0) }), Self.iterations.contains(iterations),
            fields["m"] == nil
        else { return nil }
        let salted = hash.salted(password.reveal(), salt: Array(salt), iterations: iterations)
        let clientKey = hash.code(Array("Client Key".utf8), key: salted)
        let bareAnswer = "c=biws,r=\(nonce)"
        let signed = Array("\(bare),\(challenge),\(bareAnswer)".utf8)
        let signature = hash.code(signed, key: hash.digest(clientKey))
        let proof = zip(clientKey, signature).map { $0.0 ^ $0.1 }
        serverSignature = hash.code(signed, key: hash.code(Array("Server Key".utf8), key: salted))
        return "\(bareAnswer),p=\(Data(proof).base64EncodedString())"
    }

    /// Whether the server's last message proves that it knows the password.
    func isProof(_ message: String) -> Bool {
        guard !serverSignature.isEmpty, let proof = Self.fields(message)["v"] else { return false }
        return isEqualInConstantTime(proof, Data(serverSignature).base64EncodedString())
    }

    private static func fields(_ message: String) -> [String: String] {
        var fields: [String: String] = [:]
        for part in message.split(separator: ",").prefix(32) where part.dropFirst().first == "=" {
            fields[String(part.prefix(1))] = String(part.dropFirst(2))
        }
        return fields
    }
}

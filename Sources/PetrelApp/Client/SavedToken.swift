import Glibc
import PetrelCore
import PetrelSystem

/// A name and password by which tokens are had.
struct SavedLogin: Sendable {
    var user: String
    var password: Secret<String>
}

/// What `petrel login` keeps: a token with the server that it is for, and with `-w` the password by which to have the next.
struct SavedToken: Sendable {
    var server: String
    var token: Secret<String>
    var login: SavedLogin?

    /// Keeps it for the user alone.
    func save(_ environment: [String: String]) throws(AppError) {
        guard let path = Self.path(environment) else {
            throw AppError(.badFile, "HOME is not set, so the token can't be kept", hint: "Use petrel auth -t")
        }
        let lines = [server, token.reveal()] + (login.map { [$0.user, $0.password.reveal()] } ?? [])
        guard !lines.contains(where: { $0.contains("\n") }) else {
            throw AppError(.badFile, "a name or password with a line break can't be kept", hint: "Leave -w out")
        }
        mkdir(path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }, 0o700)
        try LocalFile.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: path)
        chmod(path, 0o600)
    }

    /// What is kept for a server; nil if nothing is, or it is for another.
    static func find(server: String, _ environment: [String: String]) -> SavedToken? {
        guard let path = path(environment), let text = try? LocalFile.text(path, maxBytes: 4096) else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        guard lines.count == 2 || lines.count == 4, lines[0] == server else { return nil }
        let login = lines.count == 4 ? SavedLogin(user: lines[2], password: Secret(lines[3])) : nil
        return SavedToken(server: server, token: Secret(lines[1]), login: login)
    }

    private static func path(_ environment: [String: String]) -> String? {
        environment.text("HOME").map { $0 + "/.petrel/token" }
    }
}

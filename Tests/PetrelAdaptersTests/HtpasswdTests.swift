import FoundationEssentials
import PetrelAdapters
import PetrelCore
import Testing

@Suite("Password files")
struct HtpasswdTests {
    private let path = FileManager.default.temporaryDirectory.path + "/petrel-htpasswd-\(UUID().uuidString)"

    private func isValid(_ password: String, of user: String) async throws -> Bool {
        try await HtpasswdFile(path: path).isValid(Secret(password), of: user)
    }

    // Made by `openssl passwd -apr1`, Python's crypt and hashlib.
    private static let lines = """
        bcrypt:$2y$05$abcdefghijklmnopqrstuuUq7qXkDOZJ5Q8HA9wCOH0FErWp6q0b6
        apr1:$apr1$lZL6V/ci$sQw6g73nRuoOIj/gnD18Z.
        sha512:$6$saltsalt$13ZWs86TCGWlKvPnoiZ5uGRk0I6FWQWsoBjy.0NUb9IUt/pnMWcsVBWPeXm2zbrm1/3NvnFsJFn2dIliX8SAJ/
        sha:{SHA}Ys23Ag/5IOWqZCw9QGaVDdHwH00=
        windows:{SHA}Ys23Ag/5IOWqZCw9QGaVDdHwH00=\r
        empty:
        broken
        """

    @Test("every kind of hash is understood", arguments: ["bcrypt", "apr1", "sha512", "sha", "windows"])
    func kinds(_ user: String) async throws {
        try Data(Self.lines.utf8).write(to: URL(filePath: path))
        let password = user == "apr1" ? "myPassword" : "bar"
        #expect(try await isValid(password, of: user))
        #expect(try await !isValid(password + "x", of: user))
        #expect(try await !isValid("", of: user))
    }

    @Test("no file, no such user, an empty hash and a name with a colon let nobody in")
    func nobody() async throws {
        #expect(try await !isValid("x", of: "ann"))
        try Data(Self.lines.utf8).write(to: URL(filePath: path))
        for user in ["ann", "", "empty", "broken", "sha:", "SHA", "sha\n"] {
            #expect(try await !isValid("bar", of: user), "\(user)")
            #expect(try await !isValid("", of: user), "\(user)")
        }
    }
}

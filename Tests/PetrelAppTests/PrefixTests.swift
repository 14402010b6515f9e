import Testing

@testable import PetrelServer

@Suite("Prefixes of paths")
struct PrefixTests {
    @Test(
        "a prefix is taken from a path, and only whole segments are one",
        arguments: [
            ("/executions", nil), ("/v1/executions?limit=1", "/executions?limit=1"), ("/v1", "/"), ("/v1/", "/"),
            ("/v1?x=1", "/?x=1"), ("/api/v1/keys/a%2Fb", "/keys/a%2Fb"), ("/api/keys", "/keys"), ("/api", "/"),
            ("/auth/tokens", "/tokens"), ("/auth/v1/tokens", "/tokens"), ("/apikeys", nil), ("/v10/keys", nil),
            ("/v1/v1/keys", "/v1/keys"), ("/stream", nil), ("/stream?events=a", nil), ("/v1/stream", "/stream"),
            ("", nil), ("/", nil), ("//v1/keys", nil), ("/API/v1/keys", nil),
        ])
    func plain(path: String, rest: String?) {
        let split = PrefixResponder.split(path)
        #expect(split.rest == rest && !split.isStream)
    }

    @Test(
        "below the stream's prefix its own service answers",
        arguments: [
            ("/stream/v1/stream", "/stream"), ("/stream/v1", "/"), ("/stream/stream?x", "/stream?x"),
            ("/stream/v1/executions/1/output", "/executions/1/output"),
        ])
    func stream(path: String, rest: String) {
        let split = PrefixResponder.split(path)
        #expect(split.rest == rest && split.isStream)
    }
}

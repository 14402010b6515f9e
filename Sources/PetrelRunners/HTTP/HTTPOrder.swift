import FoundationEssentials
import PetrelCore
import PetrelExpressions
import PetrelSystem

/// What the parameters of an `http-request` action come to: one request.
struct HTTPOrder {
    var request: HTTPRequest

    private static let maxRedirects = 30

    static func make(
        _ run: RunRequest, refusesPrivate: Bool, version: String
    ) -> Result<HTTPOrder, RunRefusal> {
        let runner = run.runnerParameters
        let action = run.actionParameters
        guard let url = nonEmpty(runner["url"]) else {
            return .failure("the action \(run.action.ref) was given no url")
        }
        if let refusal = refusal(of: url, runner) { return .failure(refusal) }
        if ResolvedAddressPolicy.isRefused(host(url), refusesPrivate: refusesPrivate) {
            return .failure("URL \"\(url)\" leads to an address that Petrel does not connect to")
        }
        var headers: [(name: String, value: String)] = []
        for (name, value) in runner["headers"]?.object ?? [:] { headers.append((name, value.pythonString)) }
        set("User-Agent", "st2/v\(version)", &headers)
        set("X-Stanley-Action", run.action.ref.name, &headers)
        let cookies = (runner["cookies"]?.object ?? [:]).map { "\($0.key)=\($0.value.pythonString)" }
        if !cookies.isEmpty { set("Cookie", cookies.joined(separator: "; "), &headers) }
        if let user = nonEmpty(runner["username"]) {
            set("Authorization", basic(user + ":" + (nonEmpty(runner["password"]) ?? "")), &headers)
        } else if let auth = nonEmpty(action["auth"]), auth.contains(":") {
            set("Authorization", basic(auth), &headers)
        }
        let body = body(action, &headers)
        var request = HTTPRequest(
            method: nonEmpty(action["method"])?.uppercased() ?? (body == nil ? "GET" : "POST"),
            url: url + query(action["params"]?.object ?? [:], of: url), headers: headers, body: body,
            timeout: timeout(action["timeout"]), proxy: proxy(runner, url),
            maxRedirects: runner["allow_redirects"]?.isTruthy == true ? maxRedirects : 0,
            allowsAddress: { !ResolvedAddressPolicy.isRefused($0, refusesPrivate: refusesPrivate) })
        request.verifiesCertificate = runner["verify_ssl_cert"]?.bool ?? true
        return .success(HTTPOrder(request: request))
    }

    // MARK: Where to

    private static func refusal(of url: String, _ runner: ValueObject) -> RunRefusal? {
        let (black, white) = (hosts(runner["url_hosts_blacklist"]), hosts(runner["url_hosts_whitelist"]))
        if !black.isEmpty, !white.isEmpty {
            return """
                "url_hosts_blacklist" and "url_hosts_whitelist" parameters are mutually exclusive. Only one should be \
                provided.
                """
        }
        let host = host(url)
        if black.contains(host) { return "URL \"\(url)\" is blacklisted" }
        if !white.isEmpty, !white.contains(host) { return "URL \"\(url)\" is not whitelisted" }
        return nil
    }

    private static func hosts(_ value: Value?) -> Set<String> {
        Set((value?.array ?? []).compactMap { $0.string?.lowercased() })
    }

    /// The host alone, without port and brackets.
    private static func host(_ url: String) -> String {
        guard let separator = url.firstRange(of: "://") else { return "" }
        var authority = url[separator.upperBound...].prefix { !"/?#".contains($0) }
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        if authority.hasPrefix("[") { return authority.dropFirst().prefix { $0 != "]" }.lowercased() }
        return authority.prefix { $0 != ":" }.lowercased()
    }

    private static func proxy(_ runner: ValueObject, _ url: String) -> ProxyChoice {
        let name = url.lowercased().hasPrefix("https:") ? "https_proxy" : "http_proxy"
        return nonEmpty(runner[name]).map { ProxyChoice.url($0) } ?? .fromEnvironment
    }

    private static func query(_ parameters: ValueObject, of url: String) -> String {
        let pairs = parameters.flatMap { name, value in
            (value.array ?? [value]).filter { !$0.isNull }.map { escaped(name) + "=" + escaped($0.pythonString) }
        }
        return pairs.isEmpty ? "" : (url.contains("?") ? "&" : "?") + pairs.joined(separator: "&")
    }

    private static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        return String(
            decoding: text.utf8.flatMap { byte -> [UInt8] in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: [byte]
                default: [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
                }
            }, as: UTF8.self)
    }

    // MARK: What

    private static func body(_ action: ValueObject, _ headers: inout [(name: String, value: String)]) -> [UInt8]? {
        if let name = nonEmpty(action["file_name"]), let content = nonEmpty(action["file_content"]) {
            var form = MultipartForm()
            form.addFile(
                "file", fileName: name, contentType: nonEmpty(action["file_content_type"]) ?? "text/plain",
                Array(content.utf8))
            let (type, bytes) = form.encoded()
            set("Content-Type", type, &headers)
            return bytes
        }
        guard let given = action["body"], !given.isNull else { return nil }
        var text = given.string ?? JSONWriter.text(given, .spaced)
        guard !text.isEmpty else { return nil }
        let type = headers.first { $0.name.lowercased() == "content-type" }?.value.lowercased() ?? ""
        // As the original: a text that is called JSON is written as JSON, whether it was JSON or a Python literal.
        if type.hasPrefix("application/json"), given.string != nil {
            let value =
                (try? JSONReader.value(text, limits: .requestBody)) ?? (try? SchemaCast.cast(given, to: "object"))
            if let value, value.string == nil { text = JSONWriter.text(value, .spaced) }
        }
        return Array(text.utf8)
    }

    private static func timeout(_ value: Value?) -> Duration {
        let seconds = value?.number ?? 60
        return .seconds(seconds > 0 ? min(seconds, 86_400) : 60)
    }

    private static func basic(_ text: String) -> String { "Basic " + Data(text.utf8).base64EncodedString() }

    private static func set(_ name: String, _ value: String, _ headers: inout [(name: String, value: String)]) {
        headers.removeAll { $0.name.lowercased() == name.lowercased() }
        headers.append((name, value))
    }

    private static func nonEmpty(_ value: Value?) -> String? {
        guard let value, !value.isNull else { return nil }
        let text = value.pythonString
        return text.isEmpty ? nil : text
    }
}

/// Which addresses an action may not connect to.
enum ResolvedAddressPolicy {
    private static let always = networks([
        "169.254.0.0/16", "fe80::/10", "0.0.0.0/8", "100.100.100.200/32", "fd00:ec2::/32", "::/128", "192.0.0.192/32",
    ])
    private static let privateOnes = networks([
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10", "::1/128", "fc00::/7",
    ])

    /// Whether a numeric address is out of reach; false for a name, which is asked for again once it is resolved.
    static func isRefused(_ address: String, refusesPrivate: Bool) -> Bool {
        let known = refusesPrivate ? always + privateOnes : always
        return known.contains { $0.contains(address) }
    }

    private static func networks(_ texts: [String]) -> [IPNetwork] { texts.compactMap(IPNetwork.init) }
}

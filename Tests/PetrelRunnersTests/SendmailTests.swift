import Foundation
import PetrelCore
import PetrelRunners
import PetrelSystem
import PetrelTestKit
import Testing

/// The script of `core.sendmail` with the real curl, and a server that takes the mails.
@Suite("Mails of core.sendmail", .serialized)
struct SendmailTests {
    private let fixture = RunnerFixture()

    /// A mail as the server took it.
    private struct Mail: Decodable {
        var from: String
        var to: [String]
        var text: String

        /// The header lines before the first blank one, by name.
        var headers: [String: String] {
            let head = text.components(separatedBy: "\r\n\r\n").first ?? ""
            let pairs = head.components(separatedBy: "\r\n").map { $0.components(separatedBy: ": ") }
            return Dictionary(pairs.map { ($0[0], $0.dropFirst().joined(separator: ": ")) }) { first, _ in first + "!" }
        }

        /// The parts, each with its header and its content.
        var parts: [(header: String, content: String)] {
            guard let boundary = headers["Content-Type"]?.components(separatedBy: "boundary=\"").last?.dropLast() else {
                return []
            }
            return text.components(separatedBy: "--\(boundary)").dropFirst().dropLast().map { part in
                let pieces = part.components(separatedBy: "\r\n\r\n")
                let base64 = pieces.dropFirst().joined().filter { !$0.isWhitespace }
                let content = Data(base64Encoded: base64).map { String(decoding: $0, as: UTF8.self) } ?? "?"
                return (pieces[0].trimmingCharacters(in: .whitespacesAndNewlines), content)
            }
        }
    }

    private func send(_ server: FakeServer?, _ given: ValueObject) async throws -> RunOutcome {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "adapters/core/pack/actions/send_mail/send_mail")
        fixture.script("pack/actions/send_mail", try String(contentsOf: script, encoding: .utf8))
        let names = [
            "sendmail_binary", "from", "to", "subject", "send_empty_body", "content_type", "body", "attachments",
        ]
        var parameters: Parameters = [:]
        for (position, name) in names.enumerated() {
            parameters[name] = Parameter(
                kind: name == "send_empty_body" ? .boolean : .string, position: position, schema: [:])
        }
        var values: ValueObject = [
            "sendmail_binary": .string(server.map { "smtp://127.0.0.1:\($0.port)" } ?? "None"),
            "from": "me@example.com",
            "to": "you@example.com", "subject": "s", "send_empty_body": true, "content_type": "text/html", "body": "b",
        ]
        values.merge(given) { $1 }
        return await fixture.run("send_mail", parameters: parameters, values: values)
    }

    private func mails(_ server: FakeServer) throws -> [Mail] {
        try server.lines.map { try JSONDecoder().decode(Mail.self, from: Data($0.utf8)) }
    }

    @Test("subject, sender, recipients, text and attachments arrive as they were given")
    func whole() async throws {
        let server = try await FakeServer("smtp_sink.py", folder: fixture.path)
        fixture.script("report.txt", "first\nsecond\n", mode: 0o600)
        fixture.script("naïve \"x\".bin", "\u{1}\u{2}", mode: 0o600)
        let text = ".\r\n..dots\nFrom here\n" + String(repeating: "ä", count: 2000)
        let outcome = try await send(
            server,
            [
                "to": "one@example.com, two@example.com", "subject": "Grüße, 100 %", "body": .string(text),
                "attachments": .string(fixture.path + "/report.txt," + fixture.path + "/naïve \"x\".bin"),
            ])
        #expect(outcome.status == .succeeded, "\(outcome)")
        let mail = try #require(try mails(server).first)
        #expect(mail.from == "me@example.com" && mail.to == ["one@example.com", "two@example.com"])
        #expect(mail.headers["From"] == "me@example.com" && mail.headers["To"] == "one@example.com, two@example.com")
        let subject = try #require(mail.headers["Subject"]?.dropFirst("=?UTF-8?B?".count).dropLast(2))
        #expect(Data(base64Encoded: String(subject)).map { String(decoding: $0, as: UTF8.self) } == "Grüße, 100 %")
        #expect(mail.parts.count == 3 && mail.parts[0].content.hasPrefix(text + "<br><br>"), "\(mail)")
        #expect(mail.parts[0].header.contains("text/html; charset=UTF-8"))
        #expect(mail.parts[1].content == "first\nsecond\n" && mail.parts[2].content == "\u{1}\u{2}")
        #expect(mail.parts[1].header.contains("filename=\"report.txt\""))
    }

    @Test("no parameter can add a header, a recipient or a part")
    func injection() async throws {
        let server = try await FakeServer("smtp_sink.py", folder: fixture.path)
        let evil = "\r\nBcc: thief@example.com\r\n\r\n.\r\nRCPT TO:<thief@example.com>\r\n"
        let rounds: [(String, Value)] = [
            ("subject", .string("s" + evil)), ("from", .string("me@example.com" + evil)),
            ("content_type", .string("text/plain" + evil)), ("body", .string("b" + evil)),
            ("to", .string("you@example.com" + evil)), ("subject", "$(touch canary) `touch canary` '\"; touch canary"),
            ("body", "'; touch canary; '$(touch canary)"), ("from", "$(touch canary)@example.com"),
        ]
        for (name, value) in rounds { _ = try await send(server, [name: value]) }
        let mails = try mails(server)
        #expect(mails.count >= 6)
        for mail in mails {
            #expect(!mail.to.contains("thief@example.com"), "\(mail)")
            #expect(mail.headers["Bcc"] == nil && mail.parts.count == 1, "\(mail)")
            #expect(
                Set(mail.headers.keys) == ["From", "To", "Subject", "MIME-Version", "Content-Type"], "\(mail.headers)")
        }
        #expect(!fixture.isThere("canary") && !fixture.isThere("pack/canary"))
    }

    @Test("what can't be sent is an error that says why")
    func refusals() async throws {
        let server = try await FakeServer("smtp_sink.py", ["--refuse", "nobody@example.com"], folder: fixture.path)
        #expect(try await send(server, ["to": "nobody@example.com"]).status == .failed)
        #expect(try await send(server, ["attachments": "/no/such/file"]).status == .failed)
        #expect(try await send(nil, ["sendmail_binary": "smtp://127.0.0.1:1"]).status == .failed)
        #expect(try await send(nil, ["sendmail_binary": "/no/such/sendmail"]).result["return_code"] == 2)
        let empty = try await send(server, ["body": "", "send_empty_body": false])
        #expect(empty.status == .succeeded && empty.stdout == "Body is empty, not sending.")
        #expect(try mails(server).isEmpty)
        #expect(try await send(server, ["body": "", "send_empty_body": true]).status == .succeeded)
        #expect(try mails(server).count == 1)
    }
}

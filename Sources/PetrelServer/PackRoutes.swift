import PetrelCore
import PetrelEngine

/// Packs and their files, and the reading of them anew.
struct PackRoutes: Sendable {
    private static let registerBody = JSONBodySchema([
        "types": ["type": ["array", "null"], "items": ["type": "string"]],
        "packs": ["type": ["array", "null"], "items": ["type": "string"]],
        "fail_on_failure": ["type": "boolean", "default": true],
    ])

    let catalog: LiveCatalog
    let runners: RunnerCatalog
    let editor: any ContentEditor

    var routes: [Route] {
        [
            Route(
                .get, "packs", .type(.packList), "List packs",
                query: QueryParameter.paging + QueryParameter.attributes + QueryParameter.ids
                    + [.string("ref", "Only the pack of this ref")]
            ) { request throws(APIError) in
                let (names, ids, ref) = (request.list("name"), request.list("id"), request.text("ref"))
                let chosen = catalog.current.packs.filter { pack in
                    (ref == nil || ref == pack.ref) && (ids.isEmpty || ids.contains(pack.id.text))
                        && (names.isEmpty || names.contains(pack.metadata["name"]?.string ?? ""))
                }
                return try Listing(request, mandatory: ["id", "ref"]).page(chosen.map(\.apiDocument), defaultLimit: 100)
            },
            Route(.get, "packs/:ref", .resource(.packView), "One pack") { request throws(APIError) in
                APIResponse(.object(try find(request).apiDocument))
            },
            Route(
                .get, "packs/views/files/:ref", .resource(.packView), "The text files of a pack with their content"
            ) { request throws(APIError) in files(try find(request)) },
            Route(.get, "packs/views/file/:ref/**", .resource(.packView), "One file of a pack") {
                request throws(APIError) in try file(request)
            },
            Route(
                .post, "packs/register", .resource(.packRegister), "Read packs anew from their folders",
                body: .json(Self.registerBody)
            ) { request throws(APIError) in try await register(request) },
        ]
    }

    private func find(_ request: APIRequest) throws(APIError) -> Pack {
        let ref = request.part("ref")
        guard let pack = catalog.current.packs.first(where: { $0.ref == ref || $0.id.text == ref }) else {
            throw APIError(.notFound, "Resource with a ref or id \"\(ref)\" not found")
        }
        try request.authorize(.pack(pack.ref))
        return pack
    }

    /// All folders are read, whatever packs are asked for: a file that has changed is in force within a second anyway.
    private func register(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let packs = (request.object["packs"]?.array ?? []).compactMap(\.string)
        for pack in packs { try request.authorize(.pack(pack)) }
        if packs.isEmpty { try request.authorize(nil) }
        let problems = try await answering { () async throws(CoreError) in try await editor.reload() }
        let content = catalog.current
        for pack in packs where !content.packs.contains(where: { $0.ref == pack }) {
            throw APIError(
                .badRequest, "Pack \"\(pack)\" not found on disk: no folder of packs holds it",
                hint: "Look at the settings packs.paths and data_dir")
        }
        let folders = content.packs.filter { packs.isEmpty || packs.contains($0.ref) }.map { $0.path + "/" }
        let wrong = problems.first { problem in
            !problem.isWarning && folders.contains { problem.file.hasPrefix($0) }
        }
        if let wrong, request.object["fail_on_failure"]?.bool != false { throw APIError(.badRequest, wrong.text) }
        return APIResponse(.object(counts(content, packs, request)))
    }

    private func counts(_ content: Catalog, _ packs: [String], _ request: APIRequest) -> ValueObject {
        func isAsked(_ pack: String) -> Bool { packs.isEmpty || packs.contains(pack) }
        let all: [(type: String, plural: String, count: Int)] = [
            ("runner", "runners", runners.types.count),
            ("action", "actions", content.actions.count { isAsked($0.ref.pack) }),
            ("alias", "aliases", content.aliases.count { isAsked($0.ref.pack) }),
        ]
        let types = (request.object["types"]?.array ?? []).compactMap(\.string)
        let isAll = types.isEmpty || types.contains("all")
        var shown: ValueObject = [:]
        for entry in all
        where isAll || types.contains(entry.type) || types.contains(entry.plural)
            || (entry.type == "runner" && (types.contains("action") || types.contains("actions")))
        { shown[entry.plural] = .integer(entry.count) }
        return shown
    }

    /// Binary files are left out.
    private func files(_ pack: Pack) -> APIResponse {
        var shown: [Value] = []
        var bytes = 0
        for name in PackContents.names(in: pack.path) where bytes < 8 << 20 {
            guard let content = PackContents.file(name, in: pack.path), !content.contains(0) else { continue }
            bytes += content.count
            shown.append(["file_path": .string(name), "content": .string(String(decoding: content, as: UTF8.self))])
        }
        return APIResponse(.array(shown))
    }

    private func file(_ request: APIRequest) throws(APIError) -> APIResponse {
        let pack = try find(request)
        let name = request.part("**")
        guard let content = PackContents.file(name, in: pack.path) else {
            if let size = PackContents.size(of: pack.path + "/" + name), size > PackContents.maxBytes {
                throw APIError(
                    .badRequest, "File \"\(name)\" has \(size) bytes; at most \(PackContents.maxBytes) are shown")
            }
            throw APIError(.notFound, "File \"\(name)\" not found")
        }
        return APIResponse(bytes: content, contentType: PackContents.contentType(of: name))
    }
}

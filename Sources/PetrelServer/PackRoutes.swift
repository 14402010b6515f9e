import PetrelCore
import PetrelEngine

/// Packs, read only, and their files.
struct PackRoutes: Sendable {
    let catalog: LiveCatalog

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

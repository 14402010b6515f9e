import PetrelAliases
import PetrelCore
import PetrelEngine

// Action aliases that are made, replaced and deleted over the API: what is sent becomes a file in the pack's folder.

extension AliasRoutes {
    private static let body: JSONBodySchema = {
        let text: Value = ["type": ["string", "null"]]
        let object: Value = ["type": ["object", "null"]]
        return JSONBodySchema(
            [
                "name": ["type": "string", "minLength": 1], "pack": ["type": "string", "minLength": 1],
                "action_ref": ["type": "string", "minLength": 1],
                "formats": ["type": "array", "items": ["type": ["string", "object"]]],
                "description": text, "enabled": ["type": "boolean", "default": true], "ack": object, "result": object,
                "extra": object, "immutable_parameters": object, "metadata_file": text, "id": text, "ref": text,
                "uid": text,
            ], required: ["name", "pack", "action_ref"])
    }()

    var changeRoutes: [Route] {
        [
            Route(
                .post, "actionalias", .resource(.aliasCreate), "Make an action alias in a pack", body: .json(Self.body)
            ) { request throws(APIError) in
                let ref = ContentRef(
                    pack: request.object["pack"]?.string ?? "", name: request.object["name"]?.string ?? "")
                try request.authorize(.alias(ref, runs: runs(request)))
                if let known = catalog.current.alias(ref.description) { throw .exists(known.id, "action alias", ref) }
                return APIResponse(.object(try await write(ref, isNew: true, request)), status: .created)
            },
            Route(
                .put, "actionalias/:ref", .resource(.aliasModify), "Replace an action alias", body: .json(Self.body)
            ) { request throws(APIError) in
                let alias = try find(request)
                try alias.ref.checkStays(in: request.object)
                return APIResponse(.object(try await write(alias.ref, isNew: false, request)))
            },
            Route(.delete, "actionalias/:ref", .resource(.aliasDelete), "Delete an action alias") {
                request throws(APIError) in
                let alias = try find(request)
                try await answering { () async throws(CoreError) in
                    try await editor.remove(.alias, alias.ref, withScript: false, by: request.identity.user)
                }
                return .noContent
            },
        ]
    }

    /// The action that the body names.
    private func runs(_ request: APIRequest) -> ContentRef? {
        request.object["action_ref"]?.string.flatMap { ContentRef($0) }
    }

    /// An alias opens its action to everybody who may use aliases, so it takes the right to run that action.
    private func write(_ ref: ContentRef, isNew: Bool, _ request: APIRequest) async throws(APIError) -> ValueObject {
        let action = request.object["action_ref"]?.string ?? ""
        try request.authorize(.actionExecute, runs(request).map(ResourceUID.action), action)
        let document = metadataDocument(request.object)
        try checkFormats(document)
        let draft = ContentDraft(kind: .alias, ref: ref, document: document, mustBeNew: isNew)
        try await answering { () async throws(CoreError) in try await editor.write(draft, by: request.identity.user) }
        guard let alias = catalog.current.alias(ref.description) else {
            throw APIError(.notFound, "Resource with a reference or id \"\(ref)\" not found")
        }
        return alias.apiDocument
    }

    /// A format that can't be read would be told in the log only, later.
    private func checkFormats(_ document: ValueObject) throws(APIError) {
        let texts = (document["formats"]?.array ?? []).flatMap { format -> [String] in
            if let text = format.string { return [text] }
            let representation = format["representation"]
            return representation?.array?.compactMap(\.string) ?? representation?.string.map { [$0] } ?? []
        }
        let alias = ActionAlias(
            id: ContentID(stored: ""), ref: ContentRef(pack: "new", name: "new"), summary: nil, isEnabled: true,
            actionRef: "new.new", formats: texts.map { AliasFormat(display: $0, representations: [$0]) },
            immutableParameters: [:], leastRole: .operator, metadataFile: "", document: [:])
        if let problem = AliasMatcher(aliases: [alias]).problems.first {
            throw APIError(.badRequest, problem.message, hint: problem.hint)
        }
    }
}

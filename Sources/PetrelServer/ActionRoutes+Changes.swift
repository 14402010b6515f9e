import PetrelCore
import PetrelEngine

// Actions that are made, replaced, copied and deleted over the API: what is sent becomes a file in the pack's folder.

extension ActionRoutes {
    private static let properties: ValueObject = [
        "name": ["type": "string", "minLength": 1], "runner_type": ["type": "string", "minLength": 1],
        "description": ["type": ["string", "null"]], "enabled": ["type": "boolean", "default": true],
        "entry_point": ["type": ["string", "null"], "default": ""],
        "pack": ["type": "string", "default": "default"],
        "parameters": ["type": ["object", "null"], "default": [:]], "output_schema": ["type": ["object", "null"]],
        "tags": ["type": ["array", "null"], "items": ["type": "object"]], "notify": ["type": ["object", "null"]],
        "metadata_file": ["type": ["string", "null"]], "id": ["type": ["string", "null"]],
        "ref": ["type": ["string", "null"]], "uid": ["type": ["string", "null"]],
        "data_files": [
            "type": "array",
            "items": [
                "type": "object", "required": ["file_path", "content"], "additionalProperties": false,
                "properties": ["file_path": ["type": "string"], "content": ["type": "string"]],
            ],
        ],
    ]
    private static let body = JSONBodySchema(properties, required: ["name", "runner_type"])
    private static let cloneBody = JSONBodySchema(
        [
            "dest_pack": ["type": "string", "minLength": 1], "dest_action": ["type": "string", "minLength": 1],
            "overwrite": ["type": "boolean", "default": false],
        ], required: ["dest_pack", "dest_action"])
    private static let deleteBody = JSONBodySchema(["remove_files": ["type": "boolean", "default": false]])

    var changeRoutes: [Route] {
        [
            Route(
                .post, "actions", .resource(.actionCreate), "Make an action in a pack", body: .json(Self.body)
            ) { request throws(APIError) in try await create(request) },
            Route(
                .put, "actions/:ref", .resource(.actionModify), "Replace the metadata of an action",
                body: .json(Self.body)
            ) { request throws(APIError) in try await update(request) },
            Route(
                .delete, "actions/:ref", .resource(.actionDelete),
                "Delete an action's metadata and, if asked to, the file that it runs", body: .json(Self.deleteBody)
            ) { request throws(APIError) in
                let action = try find(request)
                let withScript = request.object["remove_files"]?.bool == true
                try withScript ? checkScript(action.entryPoint, of: action.ref, request) : ()
                try await answering { () async throws(CoreError) in
                    try await editor.remove(.action, action.ref, withScript: withScript, by: request.identity.user)
                }
                return .noContent
            },
            Route(
                .post, "actions/:ref/clone", .resource(.actionView), "Copy an action with the file that it runs",
                body: .json(Self.cloneBody)
            ) { request throws(APIError) in try await clone(request) },
        ]
    }

    private func create(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let ref = ContentRef(
            pack: request.object["pack"]?.string ?? "default", name: request.object["name"]?.string ?? "")
        try request.authorize(.action(ref))
        if let known = catalog.current.action(ref.description) { throw .exists(known.id, "action", ref) }
        try await write(request.object, as: ref, isNew: true, request)
        return APIResponse(.object(try written(ref).apiDocument), status: .created)
    }

    private func update(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let action = try find(request)
        try action.ref.checkStays(in: request.object)
        try await write(request.object, as: action.ref, isNew: false, request)
        return APIResponse(.object(try written(action.ref).apiDocument))
    }

    private func write(
        _ object: ValueObject, as ref: ContentRef, isNew: Bool, _ request: APIRequest
    ) async throws(APIError) {
        var files: [ContentDraft.File] = []
        for entry in object["data_files"]?.array ?? [] {
            let path = entry["file_path"]?.string ?? ""
            try checkScript(path, of: ref, request)
            files.append(.init(path: path, content: Array((entry["content"]?.string ?? "").utf8)))
        }
        let draft = ContentDraft(
            kind: .action, ref: ref, document: metadataDocument(object), files: files, mustBeNew: isNew)
        try await write(draft, request)
    }

    /// Writes, and tells rules of the files before the answer: whoever gets none writes again, and they hear of it then.
    private func write(_ draft: ContentDraft, _ request: APIRequest) async throws(APIError) {
        try await answering { () async throws(CoreError) in try await editor.write(draft, by: request.identity.user) }
        guard !draft.files.isEmpty, let action = catalog.current.action(draft.ref.description) else { return }
        for file in draft.files {
            try await deciding { () async throws(EngineError) in
                try await dispatch.emitFileWritten(
                    "\(action.packPath)/actions/\(file.path)", of: draft.ref, on: hostname, cause: request.caller.cause)
            }
        }
    }

    /// What another action runs is changed only by whoever may change that action.
    private func checkScript(_ path: String, of ref: ContentRef, _ request: APIRequest) throws(APIError) {
        let plain = path.split(separator: "/").joined(separator: "/")
        for other in catalog.current.actions where other.ref.pack == ref.pack && other.ref != ref {
            if other.entryPoint.split(separator: "/").joined(separator: "/") == plain {
                try request.authorize(.actionModify, .action(other.ref))
            }
        }
    }

    private func written(_ ref: ContentRef) throws(APIError) -> Action {
        guard let action = catalog.current.action(ref.description) else {
            throw APIError(.notFound, "Resource with a reference or id \"\(ref)\" not found")
        }
        return action
    }

    // MARK: Copies

    private func clone(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let source = try find(request)
        let ref = ContentRef(
            pack: request.object["dest_pack"]?.string ?? "", name: request.object["dest_action"]?.string ?? "")
        try request.authorize(.actionCreate, .action(ref))
        guard catalog.current.packs.contains(where: { $0.ref == ref.pack }) else {
            throw APIError(.badRequest, "Destination pack '\(ref.pack)' doesn't exist")
        }
        let isThere = catalog.current.action(ref.description) != nil
        if isThere {
            guard request.object["overwrite"]?.bool == true else {
                throw APIError(
                    .badRequest, "The requested destination action already exists", hint: "Send overwrite: true")
            }
            try request.authorize(.actionModify, .action(ref))
        }
        var document = source.document
        for key in ["id", "ref", "uid", "metadata_file"] { document[key] = nil }
        document["name"] = .string(ref.name)
        if document["pack"] != nil { document["pack"] = .string(ref.pack) }
        var files: [ContentDraft.File] = []
        if let script = try script(of: source, named: ref.name) {
            try checkScript(script.path, of: ref, request)
            document["entry_point"] = .string(script.path)
            files.append(script)
        }
        try await write(
            ContentDraft(kind: .action, ref: ref, document: document, files: files, mustBeNew: !isThere), request)
        return APIResponse(.object(try written(ref).apiDocument), status: .created)
    }

    /// What the source runs, under the name of the copy; nil where it runs no file.
    private func script(of source: Action, named name: String) throws(APIError) -> ContentDraft.File? {
        let entry = source.entryPoint
        guard !entry.isEmpty, !entry.hasPrefix("/") else { return nil }
        guard let content = PackContents.file("actions/" + entry, in: source.packPath) else {
            throw APIError(
                .badRequest, "The file \(entry) of action \(source.ref) can't be read",
                hint: "It must be in the pack and have at most \(PackContents.maxBytes) bytes")
        }
        if entry.hasPrefix("workflows/") { return .init(path: "workflows/\(name).yaml", content: content) }
        let file = entry.split(separator: "/").last ?? ""
        let parts = file.split(separator: ".")
        return .init(path: name + (parts.count > 1 ? ".\(parts[parts.count - 1])" : ""), content: content)
    }
}

/// The metadata that a document of the API stands for: without what only the API says, and without what says nothing.
func metadataDocument(_ object: ValueObject) -> ValueObject {
    var document: ValueObject = [:]
    for (key, value) in object where !["id", "ref", "uid", "metadata_file", "data_files"].contains(key) {
        switch value {
        case .null, .string(""), .array([]), .object([:]): continue
        default: document[key] = value
        }
    }
    return document
}

extension ContentRef {
    /// Fails if a document that is to replace this one has another name or pack.
    func checkStays(in object: ValueObject) throws(APIError) {
        let (pack, name) = (object["pack"]?.string ?? self.pack, object["name"]?.string ?? self.name)
        guard name == self.name, pack == self.pack || pack == "default" else {
            throw APIError(
                .badRequest, "\(self) can't become \(pack).\(name): the name of content stays",
                hint: "Make a new one and delete this one")
        }
    }
}

extension APIError {
    /// 409 with the id of what is there.
    static func exists(_ id: ContentID, _ what: String, _ ref: ContentRef) -> APIError {
        var error = APIError(.conflict, "\(what) \"\(ref)\" exists already", hint: "Update it, or choose another name")
        error.extra["conflict-id"] = .string(id.text)
        return error
    }
}

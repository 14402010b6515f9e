import PetrelCore
import PetrelEngine

/// What packs can be told, and are told.
struct ConfigRoutes: Sendable {
    let catalog: LiveCatalog
    let digest: any Digest
    /// Writes the values of a pack where the next load finds them, and loads them.
    let write: @Sendable (_ pack: String, _ values: ValueObject) async throws(CoreError) -> Void

    var routes: [Route] {
        [
            Route(
                .get, "configs", .type(.packList), "List the configurations of packs",
                query: QueryParameter.paging + QueryParameter.ids + QueryParameter.secrets
            ) { request throws(APIError) in
                let showsSecrets = try request.showsSecrets()
                let names = request.list("name")
                let documents = configs.filter { names.isEmpty || names.contains($0.pack) }.compactMap { config in
                    config.values.map { document(config, $0, showsSecrets: showsSecrets) }
                }
                return try Listing(request).page(documents, defaultLimit: 100)
            },
            Route(
                .get, "configs/:ref", .resource(.packView), "The configuration of a pack",
                query: QueryParameter.secrets
            ) { request throws(APIError) in
                let ref = request.part("ref")
                try request.authorize(.pack(ref))
                guard let config = catalog.current.configs[ref], let values = config.values else {
                    throw APIError(.notFound, "Unable to find config for pack \"\(ref)\"")
                }
                return APIResponse(.object(document(config, values, showsSecrets: try request.showsSecrets())))
            },
            Route(.put, "configs/:ref", .resource(.packConfig), "Configure a pack", body: .anyJSON) {
                request throws(APIError) in try await put(request)
            },
            Route(
                .get, "config_schemas", .type(.packList), "List what packs can be told", query: QueryParameter.paging
            ) { request throws(APIError) in
                try Listing(request).page(configs.compactMap(schemaDocument), defaultLimit: 100)
            },
            Route(.get, "config_schemas/:ref", .resource(.packView), "What a pack can be told") {
                request throws(APIError) in
                let ref = request.part("ref")
                try request.authorize(.pack(ref))
                guard let document = catalog.current.configs[ref].flatMap(schemaDocument) else {
                    throw APIError(.notFound, "Unable to find config schema for pack \"\(ref)\"")
                }
                return APIResponse(.object(document))
            },
        ]
    }

    private var configs: [PackConfig] { catalog.current.configs.values.sorted { $0.pack < $1.pack } }

    private func put(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let ref = request.part("ref")
        try request.authorize(.pack(ref))
        let current = catalog.current
        guard current.packs.contains(where: { $0.ref == ref }) else {
            throw APIError(.notFound, "Resource with a ref or id \"\(ref)\" not found")
        }
        guard let values = request.body.object else {
            throw APIError(.badRequest, "Expected a JSON object as the body, got \(request.body.typeName)")
        }
        let config = PackConfig(pack: ref, schema: current.configs[ref]?.schema, values: values)
        if let problem = config.problem(of: values, file: "\(ref).yaml") { throw APIError(.badRequest, problem) }
        try await answering { () async throws(CoreError) in try await write(ref, values) }
        return APIResponse(["pack": .string(ref), "values": .object(config.masked(values))])
    }

    private func document(_ config: PackConfig, _ values: ValueObject, showsSecrets: Bool) -> ValueObject {
        [
            "id": .string(id("config", config.pack)), "pack": .string(config.pack),
            "values": .object(showsSecrets ? values : config.masked(values)),
        ]
    }

    private func schemaDocument(_ config: PackConfig) -> ValueObject? {
        config.schema.map {
            ["id": .string(id("config_schema", config.pack)), "pack": .string(config.pack), "attributes": .object($0)]
        }
    }

    private func id(_ kind: String, _ pack: String) -> String {
        String(digest.sha256(Array("\(kind):\(pack)".utf8)).prefix(24))
    }
}

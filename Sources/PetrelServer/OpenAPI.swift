import PetrelCore
import PetrelEngine

/// The description of the API that `/openapi.json` serves, made from the table of routes.
struct OpenAPI: Sendable {
    /// The document as JSON.
    let bytes: [UInt8]

    init(routes: [Route], version: String) {
        var paths: ValueObject = [:]
        for route in routes {
            let path = "/" + route.path.split(separator: "/").map(Self.segment).joined(separator: "/")
            let prefixed = route.service == .stream ? "/stream/v1" + path : path
            var operations = paths[prefixed]?.object ?? [:]
            operations[route.method.rawValue.lowercased()] = .object(Self.operation(route))
            paths[prefixed] = .object(operations)
        }
        bytes = JSONWriter.bytes([
            "openapi": "3.1.0",
            "info": [
                "title": "Petrel", "version": .string(version),
                "description": "StackStorm's API, served by Petrel. Every path also answers under /v1 and /api/v1.",
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "paths": .object(paths), "components": .object(Self.components),
            "security": [["token": []], ["apiKey": []]],
        ])
    }

    private static let components: ValueObject = [
        "securitySchemes": [
            "token": ["type": "apiKey", "in": "header", "name": "X-Auth-Token"],
            "apiKey": ["type": "apiKey", "in": "header", "name": "St2-Api-Key"],
            "basic": ["type": "http", "scheme": "basic"],
        ],
        "schemas": [
            "Error": [
                "type": "object", "required": ["faultstring"],
                "properties": ["faultstring": ["type": "string"], "hint": ["type": "string"]],
            ]
        ],
    ]

    private static func segment(_ segment: Substring) -> String {
        if segment == "**" { return "{file_path}" }
        return segment.hasPrefix(":") ? "{\(segment.dropFirst())}" : String(segment)
    }

    private static func operation(_ route: Route) -> ValueObject {
        var operation: ValueObject = [
            "operationId": .string(operationID(route)), "summary": .string(route.summary),
            "parameters": .array(parameters(route)),
        ]
        if let body = route.body { operation["requestBody"] = .object(requestBody(body)) }
        if let permission = route.permission { operation["x-permission"] = .string(permission.rawValue) }
        if route.gate == .open { operation["security"] = route.path == "tokens" ? [["basic": []]] : [] }
        operation["responses"] = .object(responses(route))
        return operation
    }

    /// Unique: method and path in words.
    private static func operationID(_ route: Route) -> String {
        let words = route.path.split { $0 == "/" || $0 == "_" || $0 == "." || $0 == "-" }.map { word in
            word.hasPrefix(":") ? "by_" + word.dropFirst() : word == "**" ? "file" : String(word)
        }
        return ([route.method.rawValue.lowercased()] + words).joined(separator: "_")
    }

    private static func parameters(_ route: Route) -> [Value] {
        let path = route.path.split(separator: "/").filter { $0.hasPrefix(":") || $0 == "**" }.map { segment -> Value in
            [
                "name": .string(segment == "**" ? "file_path" : String(segment.dropFirst())), "in": "path",
                "required": true, "schema": ["type": "string"],
            ]
        }
        let query = route.query.map { parameter -> Value in
            [
                "name": .string(parameter.name), "in": "query", "description": .string(parameter.summary),
                "schema": schema(parameter.kind),
            ]
        }
        return path + query
    }

    private static func schema(_ kind: QueryParameter.Kind) -> Value {
        switch kind {
        case .string, .list: ["type": "string"]
        case .integer: ["type": "integer"]
        case .boolean: ["type": "boolean"]
        }
    }

    private static func requestBody(_ body: RequestBody) -> ValueObject {
        switch body {
        case .json(let schema):
            [
                "required": .bool(schema.document["required"] != nil),
                "content": ["application/json": ["schema": .object(schema.document)]],
            ]
        case .anyJSON: ["content": ["application/json": ["schema": [:]]]]
        case .text: ["content": ["text/plain": ["schema": ["type": "string"]]]]
        }
    }

    private static func responses(_ route: Route) -> ValueObject {
        let error: Value = ["application/json": ["schema": ["$ref": "#/components/schemas/Error"]]]
        var responses: ValueObject = ["2XX": ["description": "Done"]]
        responses["400"] = ["description": "The request is wrong", "content": error]
        if route.gate != .open {
            responses["401"] = ["description": "No credentials, or bad ones", "content": error]
            responses["403"] = ["description": "Not allowed", "content": error]
        }
        responses["default"] = ["description": "An error", "content": error]
        return responses
    }
}

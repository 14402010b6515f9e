import Foundation
import PetrelCore
import PetrelEngine
import PetrelExpressions
import Testing

/// The recorded renderings and casts of action parameters.
@Suite("Parameter vectors")
struct ParameterConformance {
    @Test("each recorded request gives the recorded parameters, or an error of the recorded kind")
    func vectors() throws {
        let score = try ConformanceFile("params.jsonl").score { record in
            switch record["kind"]?.string {
            case "cast": Self.cast(record)
            case "final": Self.outcome { () throws(EngineError) in try Self.final(record) }
            default: Self.outcome { () throws(EngineError) in try Self.live(record) }
            }
        }
        #expect(score.isEnough)
    }

    private static func cast(_ record: Value) -> Value? {
        try? SchemaCast.cast(record["value"] ?? .null, to: record["type"]?.string)
    }

    private static func outcome(_ body: () throws(EngineError) -> Value) -> Value? { try? body() }

    private static func live(_ record: Value) throws(EngineError) -> Value {
        .object(
            try pipeline(record).rendered(record["params"]?.object ?? [:], cast: .api, scope: scope(record)))
    }

    private static func final(_ record: Value) throws(EngineError) -> Value {
        let final = try pipeline(record).final(record["params"]?.object ?? [:], scope: scope(record))
        return ["runner": .object(final.runner), "action": .object(final.action)]
    }

    private static func pipeline(_ record: Value) -> ParameterPipeline {
        ParameterPipeline(
            action: Action(
                id: ContentID(stored: ""), ref: ContentRef(pack: "p", name: "a"), summary: nil, isEnabled: true,
                runner: "r", entryPoint: "", parameters: parameters(record["action_parameters"]), packPath: "",
                metadataFile: "", document: [:]),
            runner: RunnerType(
                name: "r", summary: "", parameters: parameters(record["runner_parameters"]), package: "", module: ""))
    }

    private static func parameters(_ value: Value?) -> Parameters {
        var parameters: Parameters = [:]
        for (name, value) in value?.object ?? [:] {
            let schema = value.object ?? [:]
            parameters[name] = Parameter(
                kind: schema["type"]?.string.flatMap(Parameter.Kind.init(rawValue:)),
                defaultValue: schema["default"].flatMap { $0.isNull ? nil : $0 },
                isRequired: schema["required"]?.bool ?? false, isSecret: schema["secret"]?.bool ?? false,
                isImmutable: schema["immutable"]?.bool, schema: schema)
        }
        return parameters
    }

    private static func scope(_ record: Value) -> ParameterScope {
        var roots: ValueObject = [
            "action_context": record["action_context"] ?? [:], "config_context": record["config"] ?? [:],
        ]
        for (name, value) in record["additional_contexts"]?.object ?? [:] { roots[name] = value }
        let user = record["action_context"]?["api_user"]?.string ?? record["action_context"]?["user"]?.string ?? ""
        return ParameterScope(
            roots: roots, lookups: ["st2kv": RecordedKeys(keys: record["datastore"] ?? [:], user: user)])
    }
}

/// The datastore of a record.
private struct RecordedKeys: LookupRoot {
    let keys: Value
    let user: String

    func value(at path: [String]) throws(ExpressionError) -> Value? {
        guard path.count > 1 else { return nil }
        let name = path.dropFirst().joined(separator: ".")
        return keys[path[0]]?[path[0] == "user" ? "\(user):\(name)" : name]
    }
}

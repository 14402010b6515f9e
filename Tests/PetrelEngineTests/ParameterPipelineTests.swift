import PetrelCore
import PetrelEngine
import PetrelTestKit
import Testing

@Suite("Parameters")
struct ParameterPipelineTests {
    private static func parameter(
        _ kind: Parameter.Kind?, standard: Value? = nil, required: Bool = false, immutable: Bool? = nil,
        secret: Bool = false, choices: [Value]? = nil, schema: ValueObject = [:]
    ) -> Parameter {
        Parameter(
            kind: kind, defaultValue: standard, isRequired: required, isSecret: secret, isImmutable: immutable,
            choices: choices, schema: schema)
    }

    private let pipeline = ParameterPipeline(
        action: Samples.action(
            parameters: [
                "cmd": parameter(nil, required: true, schema: ["required": true]),
                "count": parameter(.integer, standard: 3), "ratio": parameter(.number), "flag": parameter(.boolean),
                "list": parameter(.array), "map": parameter(.object), "free": parameter(nil),
                "fixed": parameter(.string, standard: "f", immutable: true),
                "token": parameter(.string, secret: true),
                "size": parameter(.string, choices: ["s", "m"]),
            ]),
        runner: RunnerType(
            name: "fake", summary: "",
            parameters: ["cmd": parameter(.string), "timeout": parameter(.integer, standard: 60)],
            package: "", module: ""))

    private func requested(_ given: ValueObject) throws -> ValueObject {
        try pipeline.requested(given, cast: .api)
    }

    private func message(_ given: ValueObject) -> String {
        do throws(EngineError) {
            _ = try pipeline.requested(given, cast: .api)
            return "no error"
        } catch { return error.message }
    }

    @Test("templates that are given stay text where rendering what was given is off")
    func literals() throws {
        var scope = ParameterScope(roots: ["action_context": ["user": "ann"]])
        let given: ValueObject = ["cmd": "echo {{ action_context.user }}", "map": ["a": "{{ cmd }}"]]
        #expect(try pipeline.requested(given, cast: .api, scope: scope)["cmd"] == "echo ann")
        scope.rendersGiven = false
        #expect(try pipeline.requested(given, cast: .api, scope: scope) == given)
    }

    @Test("text is cast to the declared type, and what has no type is left alone")
    func casts() throws {
        let given: ValueObject = [
            "cmd": "x", "count": " 5 ", "ratio": "1.5", "flag": "True", "list": "[1, \"a\"]", "map": "{\"a\": 1}",
            "free": "5",
        ]
        #expect(
            try requested(given) == [
                "cmd": "x", "count": 5, "ratio": 1.5, "flag": true, "list": [1, "a"], "map": ["a": 1], "free": "5",
            ])
    }

    @Test("a value that can't be cast is named with its parameter and type")
    func badCasts() {
        #expect(message(["cmd": "x", "count": "many"]).contains("\"many\""))
        #expect(message(["cmd": "x", "count": "many"]).contains("\"count\" of type \"integer\""))
        #expect(message(["cmd": "x", "flag": "maybe"]).contains("boolean"))
        #expect(message(["cmd": 5]) == "Value \"5\" must either be a string or None. Got \"int\".")
    }

    @Test("missing, unknown, immutable and forbidden values are refused in StackStorm's words")
    func refusals() {
        #expect(message([:]) == "'cmd' is a required property")
        #expect(
            message(["cmd": "x", "y": 1]) == "Additional properties are not allowed ('y' was unexpected)")
        #expect(
            message(["cmd": "x", "fixed": "g"]) == "Override of immutable parameter(s) ['fixed'] is unsupported.")
        #expect(message(["cmd": "x", "size": "xl"]) == "'xl' is not one of ['s', 'm']")
    }

    @Test("an explicit null is as good as absent")
    func explicitNull() throws {
        #expect(message(["cmd": .null]) == "'cmd' is a required property")
        let final = try pipeline.final(["cmd": "x", "count": .null])
        #expect(final.action["count"] == 3)
    }

    @Test("defaults are filled in at run time and split by who declares the name")
    func finalParameters() throws {
        let final = try pipeline.final(["cmd": "x"])
        #expect(final.runner == ["cmd": "x", "timeout": 60])
        #expect(final.action["fixed"] == "f")
        #expect(final.action["count"] == 3)
        #expect(final.action["cmd"] == nil)
    }

    @Test("secret values are starred where parameters are shown")
    func masks() {
        #expect(pipeline.masked(["token": "hunter2", "cmd": "x"]) == ["token": "********", "cmd": "x"])
    }
}

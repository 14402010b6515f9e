import PetrelCore
import PetrelExpressions
import Testing

private struct Datastore: LookupRoot {
    let keys: [String: Value]

    func value(at path: [String]) throws(ExpressionError) -> Value? { keys[path.joined(separator: ".")] }
}

private func problem(_ work: () throws(ExpressionError) -> Void) -> ExpressionError? {
    do throws(ExpressionError) {
        try work()
        return nil
    } catch { return error }
}

@Suite("JinjaTemplate")
struct JinjaTemplateTests {
    private func render(_ source: String, _ context: JinjaContext) throws -> String {
        try JinjaTemplate(source).render(context)
    }

    @Test("a text is a template when it has an opening mark, and only then")
    func isTemplate() {
        #expect(JinjaTemplate.isTemplate("a {{ b }}"))
        #expect(JinjaTemplate.isTemplate("{%"))
        #expect(!JinjaTemplate.isTemplate("{ { } % {# #} }}"))
        #expect(!JinjaTemplate.isTemplate(""))
    }

    @Test("datastore names are looked up by their whole path, and missing ones are empty")
    func lookups() throws {
        var context = JinjaContext(values: ["n": 1])
        context.lookups["st2kv"] = Datastore(keys: ["system.a": "one", "system.a.b": 2])
        #expect(
            try render("{{ st2kv.system.a }}-{{ st2kv.system.a.b }}-{{ st2kv['system'].zz }}|", context) == "one-2-|")
        #expect(try render("{{ st2kv.system.a ~ 'x' }}{{ st2kv.system.a|upper }}", context) == "onexONE")
        #expect(try render("{{ st2kv.system.a|to_complex }}", context) == "\"one\"")
        #expect(
            problem { () throws(ExpressionError) in
                _ = try JinjaTemplate("{{ st2kv.system.__class__ }}").render(context)
            }?.code == .forbidden)
    }

    @Test("decrypt_kv uses what the context gives, and names a missing item")
    func decryption() throws {
        var context = JinjaContext()
        context.lookups["st2kv"] = Datastore(keys: ["system.pw": "abc"])
        context.decrypt = { (value) throws(ExpressionError) in .string(String((value.string ?? "").reversed())) }
        #expect(try render("{{ st2kv.system.pw | decrypt_kv }}", context) == "cba")
        let missing = problem { () throws(ExpressionError) in
            _ = try JinjaTemplate("{{ st2kv.system.no | decrypt_kv }}").render(context)
        }
        #expect(
            missing?.message
                == "Referenced datastore item \"st2kv.system.no\" doesn't exist or it contains an empty string")
    }

    @Test("functions of the caller take positional and keyword arguments and defaults")
    func functions() throws {
        let join = HostFunction("joined", [.init("a"), .init("b", default: "B"), .init("c", default: .null)]) {
            (arguments) throws(ExpressionError) in
            .string(arguments.map(\.pythonString).joined(separator: "+"))
        }
        let fails = HostFunction("fails") { (_) throws(ExpressionError) in throw ExpressionError(.failed, "no luck") }
        let context = JinjaContext(values: ["n": 1], functions: [join, fails])
        #expect(try render("{{ joined(n, c=3) }}{{ joined(a=[1], b='x', c=none) }}", context) == "1+B+3[1]+x+None")
        #expect(
            problem { () throws(ExpressionError) in _ = try JinjaTemplate("{{ fails() }}").render(context) }?.message
                == "no luck")
        #expect(
            problem { () throws(ExpressionError) in _ = try JinjaTemplate("{{ joined() }}").render(context) }?.code
                == .failed)
        #expect(
            problem { () throws(ExpressionError) in _ = try JinjaTemplate("{{ joined(1, d=2) }}").render(context) }?
                .code == .failed)
        #expect(
            problem { () throws(ExpressionError) in _ = try JinjaTemplate("{{ joined(missing) }}").render(context) }?
                .code == .undefined)
    }

    @Test("references are the names that come from the context, with their literal attributes")
    func references() throws {
        func of(_ source: String) throws -> [[String]] { try JinjaTemplate(source).references }
        #expect(try of("{{ a.b['c'].d }} {{ a.b }}") == [["a", "b", "c", "d"], ["a", "b"]])
        #expect(try of("{{ st2kv.system.key }}") == [["st2kv", "system", "key"]])
        #expect(try of("{{ l[i].x }}") == [["l"], ["i"]])
        #expect(try of("{{ s.upper() }} {{ d.items()|list }}") == [["s"], ["d"]])
        #expect(
            try of("{% set x = y %}{{ x }}{% for i in items %}{{ i.name }}{{ loop.index }}{% endfor %}{{ i }}")
                == [["y"], ["items"], ["i"]])
        #expect(
            try of("{% macro m(a, b=c) %}{{ a }}{{ d }}{{ caller() }}{% endmacro %}{{ m(e) }}") == [
                ["c"], ["d"], ["e"],
            ])
        #expect(try of("{% if a %}{% set b = 1 %}{% endif %}{{ b }}") == [["a"], ["b"]])
        #expect(
            try of("{{ range(n)|map('string')|join(sep) }} {{ x is defined }} {{ f(k=v) }}")
                == [["n"], ["sep"], ["x"], ["f"], ["v"]])
        #expect(try of("plain") == [])
        #expect(try JinjaTemplate("{{ a.b }}{{ a.c }}{{ d }}").names == ["a", "d"])
    }

    @Test("one compiled template serves many tasks at once")
    func sharing() async throws {
        let template = try JinjaTemplate(
            "{% set x = [] %}{% for i in l %}{% set _ = x.append(i) %}{% endfor %}{{ x }}{{ l.append(9) }}{{ l }}")
        let texts = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<50 { group.addTask { try? template.render(JinjaContext(values: ["l": [1, 2]])) } }
            return await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(texts == ["[1, 2]None[1, 2, 9]"])
    }

    @Test("a template that changes its data leaves the caller's values alone")
    func isolation() throws {
        let context = JinjaContext(values: ["d": ["l": [1]]])
        #expect(try render("{{ d.l.append(2) }}{{ d }}", context) == "None{'l': [1, 2]}")
        #expect(try render("{{ d }}", context) == "{'l': [1]}")
    }

    @Test("errors carry Jinja's words and one of the module's codes")
    func errors() {
        for (source, code, message) in [
            ("{{ x }}", ExpressionErrorCode.undefined, "'x' is undefined"),
            ("{{ 1 + }}", .syntax, "unexpected 'end of print statement'"),
            ("{{ 1|nope }}", .unknownFunction, "No filter named 'nope'."),
            ("{{ 1 is nope }}", .unknownFunction, "No test named 'nope'."),
            ("{{ ''.__class__ }}", .forbidden, "access to attribute '__class__' of 'str' object is unsafe."),
            ("{{ 1 / 0 }}", .failed, "division by zero"),
        ] {
            let error = problem { () throws(ExpressionError) in _ = try JinjaTemplate(source).render(JinjaContext()) }
            #expect(error?.code == code)
            #expect(error?.message == message)
        }
    }

    @Test("a mapping is rendered value by value; what does not change keeps its type")
    func values() throws {
        let context = JinjaContext(values: ["n": 5, "s": "a\"b"])
        let rendered = try JinjaValues.render(
            [
                "a": "{{ n }}", "b": [1, "{{ n }}", true], "c": 7, "d": ["k": ["x"]], "e": "{{ __context.n }}",
                "f": nil,
            ],
            context)
        #expect(rendered == ["a": "5", "b": [1, "5", true], "c": 7, "d": ["k": ["x"]], "e": "5", "f": nil])
        #expect(
            problem { () throws(ExpressionError) in _ = try JinjaValues.render(["a": ["{{ s }}"]], context) }?.code
                == .failed)
        #expect(try JinjaValues.render(["a": ["{{ s|json_escape }}"]], context) == ["a": ["a\"b"]])
        #expect(try JinjaValues.render(["a": "{{ x }}"], JinjaContext()) == ["a": "{{ x }}"])
    }
}

@Suite("OrquestaJinja")
struct OrquestaJinjaTests {
    private func evaluate(_ text: String, _ context: ValueObject, reevaluates: Bool = false) throws(ExpressionError)
        -> Value
    {
        let ctx = HostFunction("ctx", [.init("key", default: .null)]) { (arguments) throws(ExpressionError) in
            arguments[0].string.flatMap { context[$0] } ?? .object(context)
        }
        return try OrquestaJinja.evaluate(
            text, functions: [ctx], context: context, limits: .content, reevaluatesResults: reevaluates)
    }

    @Test("data that looks like an expression stays data, unless results are evaluated again")
    func data() throws {
        let context: ValueObject = ["x": "{{ ctx().secret }}", "secret": "s3cret", "b": "{% if true %}run{% endif %}"]
        #expect(try evaluate("{{ ctx().x }}", context) == "{{ ctx().secret }}")
        #expect(
            try evaluate("a {{ ctx().x }} {{ ctx().b }}", context) == "a {{ ctx().secret }} {% if true %}run{% endif %}"
        )
        #expect(try evaluate("{% if true %}{{ ctx().x }}{% endif %}", context) == "{{ ctx().secret }}")
        #expect(try evaluate("{% raw %}{{ q }}{% endraw %}{{ ctx().x }}", context) == "{{ q }}{{ ctx().secret }}")
        #expect(
            try evaluate("{% if 1 %}{{ ctx().x }}{% endif %}{% raw %}{{ q }}{% endraw %}", context)
                == "{{ ctx().secret }}{{ q }}")
        #expect(try evaluate("{{ ctx().x }}", context, reevaluates: true) == "s3cret")
        #expect(try evaluate("a {{ ctx().b }}", context, reevaluates: true) == "a run")
    }

    @Test("an undefined expression is named as unresolved, in either mode")
    func unresolved() throws {
        for reevaluates in [false, true] {
            let error = problem { () throws(ExpressionError) in
                _ = try evaluate("a {{ ctx().no }} {{ no }}", ["x": 1], reevaluates: reevaluates)
            }
            #expect(error?.code == .unresolved)
            #expect(error?.message == "There are unresolved variables: ctx().no, no")
        }
    }

    @Test("one expression keeps its type; with anything around it becomes Python's text")
    func types() throws {
        let context: ValueObject = ["l": [1, true, nil], "d": ["a": 1.5]]
        #expect(try evaluate("{{ ctx().l }}", context) == [1, true, nil])
        #expect(try evaluate("{{ ctx().l }} ", context) == "[1, True, None] ")
        #expect(try evaluate("{{ ctx().l|map('string') }}", context) == ["1", "True", "None"])
        #expect(try evaluate("{{ (1, 'a') }}{{ (1,) }}", context) == "(1, 'a')(1,)")
        #expect(try evaluate("{{ ctx('d').a + 1 }}", context) == 2.5)
    }

    @Test("results that are expressions for ever come to an end")
    func loops() {
        let error = problem { () throws(ExpressionError) in
            _ = try evaluate("{{ ctx().x }}", ["x": "{{ ctx().x }}"], reevaluates: true)
        }
        #expect(error?.code == .tooComplex)
        let growing = problem { () throws(ExpressionError) in
            _ = try evaluate("{{ ctx().x }}", ["x": "{{ ctx().x }}{{ ctx().x }}"], reevaluates: true)
        }
        #expect(growing?.code == .tooComplex)
    }
}

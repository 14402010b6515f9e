import PetrelCore
import PetrelExpressions
import Testing

private let context: ValueObject = [
    "a": 1, "b": "two", "nul": nil, "l": [1, "x", nil, true], "d": ["k": 1.5], "code": "<% ctx().b %>",
    "deep": "<% ctx().code %>", "loop": "<% ctx().loop %>", "jinja": "{{ ctx().b }}", "__state": ["tasks": [:]],
]

private func evaluate(_ value: Value, reevaluates: Bool = false) throws(ExpressionError) -> Value {
    try EmbeddedExpression.evaluate(value, in: ExpressionContext(values: context, reevaluatesResults: reevaluates))
}

private func problem(_ value: Value, reevaluates: Bool = false) -> ExpressionError? {
    do throws(ExpressionError) {
        _ = try evaluate(value, reevaluates: reevaluates)
        return nil
    } catch { return error }
}

@Suite("Embedded expressions")
struct EmbeddedExpressionTests {
    @Test("a text that is one expression keeps the type of its value; in a longer text it is printed")
    func types() throws {
        #expect(try evaluate("<% ctx().l %>") == [1, "x", nil, true])
        #expect(try evaluate("<% ctx().a %> ") == "1 ")
        #expect(
            try evaluate("n <% ctx().nul %> <% ctx().l %> <% ctx().d %>") == "n None [1, 'x', None, True] {'k': 1.5}")
        #expect(
            try evaluate("<% set(1) %> <% set() %> <% datetime(2020, 1, 2) %>") == "{1} set() 2020-01-02 00:00:00+00:00"
        )
        #expect(try evaluate("<% set(2, 3) %>") == [2, 3])
    }

    @Test("expressions are found within one line, the shortest first")
    func finding() throws {
        #expect(try evaluate("<%\nctx().a\n%>") == "<%\nctx().a\n%>")
        #expect(try evaluate("<<% ctx().a %>>\n<% ctx().b %>") == "<1>\ntwo")
        #expect(try evaluate("<% 1") == "<% 1")
        #expect(EmbeddedExpression.hasExpressions("<%%>"))
        #expect(!EmbeddedExpression.hasExpressions("<%>"))
        #expect(!EmbeddedExpression.hasExpressions("100% <b>"))
    }

    @Test("arrays and objects are gone through, keys too, and what is no text is left alone")
    func containers() throws {
        let value: Value = ["<% ctx().b %>": ["<% ctx().a %>", 5, nil, ["x": "<% ctx().d %>"]], "plain": true]
        #expect(try evaluate(value) == ["two": [1, 5, nil, ["x": ["k": 1.5]]], "plain": true])
        #expect(try evaluate(["<% ctx().a %>": 1]) == ["1": 1])
        #expect(problem(["<% ctx().l %>": 1])?.code == .failed)
    }

    @Test("Jinja goes before YAQL in one text, and each gives its own typed value")
    func languages() throws {
        #expect(try evaluate(["{{ ctx().a }}", "<% ctx().a %>"]) == [1, 1])
        #expect(try evaluate("{{ ctx('l') }}") == [1, "x", nil, true])
        #expect(try evaluate("<% 2 %> {{ ctx().a }}") == "<% 2 %> 1")
    }

    @Test("a result is data: what looks like an expression in it stays as it is, unless the operator wants otherwise")
    func resultsAreData() throws {
        #expect(try evaluate("<% ctx().code %>") == "<% ctx().b %>")
        #expect(try evaluate("x <% ctx().code %> <% ctx().b %>") == "x <% ctx().b %> two")
        #expect(try evaluate("{{ ctx().jinja }}") == "{{ ctx().b }}")
        #expect(try evaluate("<% ctx().code %>", reevaluates: true) == "two")
        #expect(try evaluate("x <% ctx().deep %>", reevaluates: true) == "x two")
        #expect(try evaluate("<% ctx().jinja %>", reevaluates: true) == "{{ ctx().b }}")
        #expect(problem("<% ctx().loop %>", reevaluates: true)?.code == .tooComplex)
    }

    @Test("an error names the expression with its marks, and the missing key")
    func messages() {
        #expect(
            problem("x <% ctx().zz %>")?.message
                == "Unable to resolve key 'zz' in expression '<% ctx().zz %>' from context.")
        #expect(problem("<% ctx().zz %>")?.code == .missingKey)
        #expect(
            problem("<% ctx(zz) %>")?.message
                == "Unable to evaluate expression '<% ctx(zz) %>'. VariableUndefinedError: The variable \"zz\" is undefined."
        )
        #expect(
            problem("{{ ctx('zz') }}")?.message
                == "Unable to evaluate expression '{{ ctx('zz') }}'. VariableUndefinedError: The variable \"zz\" is undefined."
        )
        #expect(
            problem("<% foo() %>")?.message
                == "Unable to evaluate expression '<% foo() %>'. NoFunctionRegisteredException: Unknown function \"foo\""
        )
    }

    @Test("private names are neither shown nor given")
    func privateNames() throws {
        #expect(try evaluate("<% ctx().containsKey('__state') %>") == false)
        #expect(try evaluate("<% ctx().keys().len() %>") == 9)
        #expect(try evaluate("<% ctx() %>").object?["__state"] == nil)
        #expect(problem("<% ctx('__state') %>")?.code == .failed)
        #expect(problem("{{ ctx('__state') }}")?.code == .failed)
    }

    @Test("the caller's functions work in both languages")
    func functions() throws {
        let store = HostFunction("st2kv", [.init("key"), .init("decrypt", default: false)]) {
            (arguments) throws(ExpressionError) in
            ["key": arguments[0], "decrypt": arguments[1]]
        }
        let context = ExpressionContext(values: [:], functions: [store])
        let expected: Value = ["key": "system.k", "decrypt": true]
        #expect(try EmbeddedExpression.evaluate("<% st2kv('system.k', decrypt => true) %>", in: context) == expected)
        #expect(try EmbeddedExpression.evaluate("{{ st2kv('system.k', decrypt=true) }}", in: context) == expected)
        #expect(try EmbeddedExpression.evaluate("<% st2kv('k').key.toUpper() %>", in: context) == "K")
    }

    @Test("the state of a workflow is read on the route of the current task, or on an earlier one that leads to it")
    func workflowState() throws {
        let values: ValueObject = [
            "__state": [
                "tasks": ["t1__r0": 0, "t2__r1": 1],
                "routes": [[], ["t1__t0"], ["t1__t0", "t2__t0"]],
                "sequence": [["id": "t1", "status": "succeeded"], ["id": "t2", "status": "failed"]],
            ],
            "__current_task": ["id": "t2", "route": 2, "result": ["out": [1, 2]]],
            "__current_item": ["x": 7],
        ]
        for (yaql, jinja, expected): (String, String, Value) in [
            ("task_status(t1)", "task_status('t1')", "succeeded"), ("task_status(t2)", "task_status('t2')", "failed"),
            ("task_status(t2, 0)", "task_status('t2', 0)", "null"), ("task_status(t9)", "task_status('t9')", "null"),
            ("failed()", "failed()", true), ("succeeded()", "succeeded()", false), ("completed()", "completed()", true),
            ("result().out[1]", "result().out[1]", 2), ("item(x)", "item('x')", 7), ("item().x", "item().x", 7),
            ("zip([1], [2, 3], pad => 0)", "zip([1], [2, 3], pad=0)", [[1, 2], [0, 3]]),
            ("json('[1]')", "json('[1]')", [1]),
        ] {
            let context = ExpressionContext(values: values)
            #expect(try EmbeddedExpression.evaluate(.string("<% \(yaql) %>"), in: context) == expected, "\(yaql)")
            #expect(try EmbeddedExpression.evaluate(.string("{{ \(jinja) }}"), in: context) == expected, "\(jinja)")
        }
    }

    @Test("the expressions of a text are listed with their places")
    func listing() {
        let found = EmbeddedExpression.expressions(in: "é <% 1 %> {{ 2 }}")
        #expect(found.map(\.text) == ["{{ 2 }}", "<% 1 %>"])
        #expect(found.map(\.language) == [.jinja, .yaql])
        #expect(found.map(\.range) == [11..<18, 3..<10])
    }

    @Test(
        "syntax is checked without evaluating, in the original's words",
        arguments: [
            ("<% 'unclosed %>", "Lexical error: illegal character ''' at position 0"),
            ("<% (1 %>", "Parse error: unexpected end of statement"),
            ("<% <% succeeded() %>", "Parse error: unexpected '<' at position 0 of expression '<% succeeded()'"),
            ("<% ctx().__x %>", "Lexical error: illegal character '_' at position 6"),
            ("<% 1 %> {{ 2 }}", "Expression with multiple types is not supported."),
            ("{{ a b }}", "expected token 'end of print statement', got 'b'"),
        ])
    func validation(text: String, message: String) {
        #expect(EmbeddedExpression.validate(text).map(\.message) == [message])
        let problems = EmbeddedExpression.problems(in: ["k": [.string(text)]])
        #expect(problems.map(\.expression) == [text])
    }

    @Test("what is right, or only unknown, is no syntax error")
    func validExpressions() {
        #expect(EmbeddedExpression.validate("<% foo(1).bar %> and <% ctx().x %>").isEmpty)
        #expect(EmbeddedExpression.validate("plain % text").isEmpty)
    }

    @Test("the variables that expressions read are found by name, whichever way they are written")
    func variables() {
        let text =
            "<% ctx().a + ctx(b) + ctx('c') + ctx(\"d\").e %> {{ ctx().f.g }} <% ctx().h.select(ctx().i) %> ctx().no"
        #expect(EmbeddedExpression.variables(in: text).map(\.name) == ["a", "b", "c", "d", "f", "h"])
        #expect(EmbeddedExpression.variables(in: ["<% ctx().k %>": ["<% ctx().v %>", 1]]).map(\.name) == ["k", "v"])
        #expect(EmbeddedExpression.variables(in: "<% ctx().fn() %> <% xctx().z %>").isEmpty)
    }
}

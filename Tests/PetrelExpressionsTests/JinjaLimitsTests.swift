import Foundation
import PetrelCore
import PetrelExpressions
import Testing

private func outcome(_ source: String, _ context: JinjaContext = JinjaContext()) -> ExpressionErrorCode? {
    do throws(ExpressionError) {
        _ = try JinjaTemplate(source).render(context)
        return nil
    } catch { return error.code }
}

private func nested(_ open: String, _ middle: String, _ close: String, _ count: Int) -> String {
    String(repeating: open, count: count) + middle + String(repeating: close, count: count)
}

/// Runs work on a thread with a small stack, such as those of a task pool may be.
private func onSmallStack(_ work: @escaping @Sendable () -> Void) {
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
        work()
        done.signal()
    }
    thread.stackSize = 1 << 20
    thread.start()
    done.wait()
}

@Suite("Jinja limits")
struct JinjaLimitsTests {
    @Test(
        "what would take too much is an error after bounded work",
        arguments: [
            "{{ 'x' * 10**9 }}", "{{ [1] * 10**9 }}", "{{ (1,2) * 10**12 }}", "{{ 'x'.ljust(10**9) }}",
            "{{ 'x'.rjust(10**18) }}", "{{ 'x'.center(10**9) }}", "{{ 'x'.zfill(10**9) }}", "{{ 'x'|center(10**9) }}",
            "{{ '%1000000000d' % 1 }}", "{{ '%.1000000000f' % 1 }}", "{{ '%*d' % (10**9, 1) }}",
            "{{ '%999999999999999999999d' % 1 }}", "{{ '{:1000000000}'.format(1) }}",
            "{{ '{:.1000000000f}'.format(1) }}",
            "{{ '{:<9999999999999999999999}'.format(1) }}", "{{ 9**(9**9) }}", "{{ 9**99999999 }}",
            "{{ 10**19999 * 10**19999 }}", "{{ 'a\\tb'.expandtabs(10**9) }}", "{{ 'x'|indent(10**9) }}",
            "{{ [1,2]|batch(10**9, 0)|list }}", "{{ [1]|slice(10**9)|list }}", "{{ lipsum(10**9) }}",
            "{{ lipsum(1, min=10**9, max=10**9+1) }}", "{{ ('a' * 10**6).replace('', 'b' * 100) }}",
            "{{ ('a' * 10**6).replace('a', 'b' * 100) }}", "{{ ','.join('a' * 10**7) }}",
            "{% for i in range(1000) %}{% for j in range(1000) %}{% for k in range(1000) %}x{% endfor %}{% endfor %}{% endfor %}",
            "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
            "{% set l = [1] %}{% for x in l %}{{ l.append(x) or '' }}{% endfor %}",
            "{% set l = [1] %}{% for x in range(50) %}{{ l.extend(l) or '' }}{% endfor %}",
            "{% set l = [1] %}{{ l.append(l) }}{{ l }}", "{% set l = [1] %}{{ l.append(l) }}{{ l == l }}{{ l|tojson }}",
            "{% set d = {} %}{{ d.update(a=d) }}{{ d|to_json_string }}",
            "{% set l = [] %}{{ l.append(l) }}{{ [l] == [[l]] }}{{ l|pprint }}",
            "{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
            "{% macro m(x) %}{{ m(x ~ x) }}{% endmacro %}{{ m('x' * 1000) }}",
            "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
            "{% macro m() %}{{ caller() }}{% endmacro %}{% macro n() %}{% call m() %}{{ n() }}{% endcall %}{% endmacro %}{{ n() }}",
            "{% block a %}{{ self.a() }}{% endblock %}", "{{ range(100000)|map('string')|join('x' * 1000) }}",
            "{% set x %}{{ 'a' * 10**6 }}{% endset %}{% for i in range(1000) %}{{ x }}{% endfor %}",
            "{{ ('a' * 10**7)|regex_replace('a', 'bbbb') }}", "{{ ('a' * 40 ~ '!')|regex_match('(a+)+$') }}",
            "{{ range(100000)|sort|list|map('string')|list|sort|join(',')|list|length * 'x' }}",
            "{{ ('<' * 10**7)|e }}",
            "{{ ('a ' * 10**6)|wordwrap(1)|wordwrap(1)|wordwrap(1)|wordwrap(1)|wordwrap(1)|wordwrap(1) * 100 }}",
        ])
    func explosions(source: String) {
        let code = outcome(source)
        #expect(code == .tooComplex || code == .failed, "\(source)")
    }

    @Test("long ranges are refused in the sandbox's words")
    func ranges() {
        for source in [
            "{{ range(10**9) }}", "{{ range(0, 10**18, 3)|list }}",
            "{{ range(-9223372036854775808, 9223372036854775807) }}",
        ] {
            #expect(outcome(source) == .failed)
        }
        #expect(outcome("{{ range(10**30) }}") == .failed)
    }

    @Test("deep nesting is refused by the parser, on a small stack too")
    func nesting() {
        onSmallStack {
            for source in [
                nested("(", "1", ")", 100_000), nested("[", "", "]", 100_000), nested("{1:", "1", "}", 100_000),
                nested("f(", "1", ")", 100_000), nested("a[", "1", "]", 100_000), nested("-", "1", "", 100_000),
                nested("not ", "1", "", 100_000), nested("1+", "1", "", 100_000), nested("1~", "1", "", 100_000),
                nested("1 if 1 else ", "1", "", 100_000), "a" + nested(".b", "", "", 100_000),
                "a" + nested("[0]", "", "", 100_000), "a" + nested("()", "", "", 100_000),
                "1" + nested("|abs", "", "", 100_000), "1" + nested(" is odd", "", "", 100_000),
                nested("(", "1", "|abs)", 90), nested("(", "1", "|abs|abs|abs|abs|abs|abs|abs|abs)", 90),
                nested("1 and ", "1", "", 100_000), nested("1 < ", "1", "", 100_000), nested("2**", "1", "", 10_000),
                nested("x if ", "1", "", 10_000), nested("[[", "1", "]]", 45), nested("(1+", "1", ")", 90),
            ] {
                let code = outcome("{{ \(source) }}", JinjaContext(values: ["a": [1], "x": 1]))
                // A chain of `and` is as flat as its evaluation.
                let isFlat = source.hasPrefix("1 and ") || source.utf8.count < 600_000
                #expect(code != nil || isFlat, "\(source.prefix(12))")
            }
            for block in [
                "if 1", "for x in [1]", "with", "filter upper", "macro m()", "call m()", "set x", "autoescape true",
            ] {
                let name = block.prefix { $0 != " " }
                let code = outcome(nested("{% \(block) %}", "x", "{% end\(name) %}", 5_000))
                #expect(code == .tooComplex)
                _ = outcome(nested("{% \(block) %}", "x", "{% end\(name) %}", 90))
            }
        }
    }

    @Test("the deepest template that is allowed, in the deepest macro that is allowed, fits a small stack")
    func deepestStack() {
        onSmallStack {
            let deep = nested("(1 + [", "f()", "][0])", 24)
            #expect(outcome("{% macro f() %}{{ \(deep) }}{% endmacro %}{{ f() }}") == .tooComplex)
            let blocks = nested("{% for x in [1] %}{% if x %}", "{{ f() }}", "{% endif %}{% endfor %}", 30)
            #expect(outcome("{% macro f() %}\(blocks)\(blocks){% endmacro %}{{ f() }}") == .tooComplex)
            let expression = nested("(", "1", "|abs|abs)", 45)
            #expect(outcome("{{ \(expression) }}") == nil)
        }
    }

    @Test(
        "long chains of values in values end without a deep stack, and circles too",
        arguments: [
            "{% set ns.x = [ns.x] %}", "{% set ns.x = (ns.x,) %}", "{% set ns.x = {'a': ns.x} %}",
            "{% set ns.x = ns.x|map('string') %}",
            "{% set ns.x = [ns.x]|map('list') %}", "{% set ns.x = cycler(ns.x) %}", "{% set ns.x = joiner(ns.x) %}",
            "{% set ns.x = namespace(a=ns.x) %}", "{% set ns.x = {'a': ns.x}.items() %}",
            "{% set ns.x = [ns.x].append %}",
            "{% set ns.x = {'a': ns.x}.values() %}", "{% set q = [] %}{{ ns.x.append(q) or '' }}{% set ns.x = q %}",
            "{% set q = {} %}{{ ns.y.update(a=q) or '' }}{% set ns.y = q %}", "{% set ns.x = [ns.x]|unique %}",
            "{% set ns.x = [loop, ns.x] %}", "{% set ns.x = [ns.x]|batch(1) %}", "{% set ns.x = ns.x|select %}",
        ])
    func chains(step: String) {
        let start = "{% set ns = namespace(x=[], y={}) %}{% set first = ns.x %}"
        onSmallStack {
            for ending in [
                "", "{{ ns.x }}", "{{ ns.x|list }}", "{{ ns.x == ns.x }}", "{{ first }}", "{{ ns.x|tojson }}",
                "{{ ns.x|first }}",
            ] {
                _ = outcome(start + "{% for i in range(20000) %}\(step){% endfor %}" + ending)
            }
        }
    }

    @Test("deep values are refused where they are shown or compared, not walked into the ground")
    func deepValues() {
        var deep: Value = [1]
        for _ in 0..<2_000 { deep = [deep] }
        let context = JinjaContext(values: ["d": deep])
        onSmallStack {
            for source in [
                "{{ d }}", "{{ d == d }}", "{{ d < d }}", "{{ d|pprint }}", "{{ d|tojson }}", "{{ [d] ~ '' }}",
                "{{ d|to_yaml_string }}",
            ] {
                #expect(outcome(source, context) != nil, "\(source)")
            }
            #expect(outcome("{{ d|length }}{{ d[0][0]|length }}", context) == nil)
        }
    }

    @Test("an output of many megabytes is bounded, and below the bound it is whole")
    func output() throws {
        let text = String(repeating: "é", count: 1 << 20)
        let context = JinjaContext(values: ["s": .string(text)])
        #expect(try JinjaTemplate("{{ s }}").render(context).utf8.count == 2 << 20)
        #expect(outcome(String(repeating: "{{ s }}", count: 10), context) == .tooComplex)
    }

    @Test("an output of eight megabytes passes what is linear in it")
    func longOutput() throws {
        let line = "2026-11-21 10:00:00 host-17 is \"up\" since yesterday, load average: 0.17, 0.21, 0.19\n"
        // A fiftieth of the text, and a fiftieth of the limits: a step is a number of bytes, whatever the text.
        let text = String(repeating: line, count: 160_000 / line.utf8.count) + "  "
        let content = EvaluationLimits.content
        let limits = EvaluationLimits(maxSteps: content.maxSteps / 50, maxBytes: content.maxBytes / 50, maxDepth: 200)
        let half = Value.string(String(text.prefix(80_000)))
        let context = JinjaContext(values: ["s": .string(text), "half": half], limits: limits)
        for source in [
            "{{ s }}", "{{ s|trim }}", "{{ s.strip() }}", "{{ s|to_json_string }}",
            "{{ s|replace('yesterday', 'today') }}",
            "{{ s|regex_replace('since \\w+', 'now') }}", "{{ s|upper }}", "{{ s|trim|length }}",
            "{{ 'host-18' in s }}",
            "{{ s|regex_search('host-18') }}", "{{ half.split('\n')|length }}", "{{ s == s ~ '' }}", "{{ s[-100:] }}",
        ] {
            #expect(outcome(source, context) == nil, "\(source)")
        }
    }

    @Test("a text is found from the end on, also across the pieces in which a long one is searched")
    func backwardSearch() throws {
        let tail = String(repeating: "y", count: (1 << 16) - 3)
        let context = JinjaContext(values: ["s": .string("xneedle" + tail)])
        #expect(try JinjaTemplate("{{ s.rfind('needle') }}").render(context) == "1")
        #expect(try JinjaTemplate("{{ s.rsplit('needle')|map('length')|list }}").render(context) == "[1, 65533]")
        #expect(try JinjaTemplate("{{ s.rpartition('y')[0]|length }}").render(context) == "65539")
        #expect(try JinjaTemplate("{{ 'aaaaa'.rsplit('aa') }}").render(context) == "['a', '', '']")
    }

    @Test("searches that are each within their bounds are paid for by the template that loops over them")
    func searchesInLoop() {
        let search = "'aaaaaaaaaaaa!'|regex_search('(a+)+$')"
        #expect(outcome("{{ \(search) }}") == nil)
        #expect(outcome("{% for a in range(10000) %}{% set m = \(search) %}{% endfor %}") == .tooComplex)
    }

    @Test("breaking a long word into lines takes steps in proportion to it")
    func longWord() throws {
        let context = JinjaContext(values: ["s": .string(String(repeating: "a", count: 200_000))])
        let text = try JinjaTemplate("{{ s|wordwrap(79) }}").render(context)
        #expect(text.utf8.count == 200_000 + 200_000 / 79)
        #expect(try JinjaTemplate("{{ 'ab-cd ef'|wordwrap(3) }}").render(context) == "ab-\ncd\nef")
    }

    @Test("wrong numbers, nulls and texts in every place are errors, never crashes")
    func extremes() {
        let numbers = [
            "9223372036854775807", "(-9223372036854775808)", "10**30", "-10**30", "1e308", "-1e308", "(1e308*10)",
            "(1e308*10-1e308*10)", "0", "-1", "none", "'x'", "true", "0.5", "[]", "{}",
        ]
        let places = [
            "{{ 'abc'[N] }}", "{{ 'abc'[N:] }}", "{{ 'abc'[:N] }}", "{{ 'abc'[::N] }}", "{{ 'abc'[N:N:N] }}",
            "{{ [1,2][N] }}", "{{ [1,2][N::N] }}", "{{ range(N) }}", "{{ range(N, N) }}", "{{ range(0, N, N) }}",
            "{{ range(5)[N] }}", "{{ range(5)[N:N:N] }}", "{{ 'a,b'.split(',', N) }}", "{{ 'ab'.replace('a','b',N) }}",
            "{{ 'ab'.find('a', N, N) }}", "{{ 'ab'.center(N) }}", "{{ 'ab'.zfill(N) }}", "{{ [1].pop(N) }}",
            "{{ [1].insert(N, N) }}", "{{ 'x'|truncate(N) }}", "{{ ('x'*300)|truncate(N, true, '', N) }}",
            "{{ 'a b'|wordwrap(N) }}", "{{ 'a'|indent(N) }}", "{{ [1]|batch(N)|list }}", "{{ [1]|slice(N)|list }}",
            "{{ 1.5|round(N) }}", "{{ 12345|round(N) }}", "{{ 2.5|round(N,'ceil') }}", "{{ N|int }}", "{{ N|float }}",
            "{{ N|abs }}", "{{ N|filesizeformat }}", "{{ '%d' % N }}", "{{ '%x' % N }}", "{{ '%c' % N }}",
            "{{ '%f %e %g' % (N,N,N) }}", "{{ '{:d}'.format(N) }}", "{{ '{:c}'.format(N) }}",
            "{{ '{:.3f}'.format(N) }}",
            "{{ '{:b}'.format(N) }}", "{{ N + N }}", "{{ N - N }}", "{{ N * N }}", "{{ N / N }}", "{{ N // N }}",
            "{{ N % N }}", "{{ -N }}", "{{ N ** 2 }}", "{{ 2 ** N }}", "{{ N ** N }}", "{{ N == N }}", "{{ N < N }}",
            "{{ N // -1 }}", "{{ N % -1 }}", "{{ N|string|int }}", "{{ 'zz'|int(0, N) }}", "{{ N is odd }}",
            "{{ N is divisibleby(N) }}", "{{ N in range(10) }}", "{{ N|to_human_time_from_seconds }}",
            "{{ {N: 1} }}", "{{ [N]|sum }}", "{{ [N,N]|max }}", "{{ [N]|sort }}", "{{ N|tojson(N) }}",
            "{{ 'a'|urlize(N) }}",
            "{{ 'ab'.expandtabs(N) }}", "{{ [1,2].index(1, N, N) }}", "{{ cycler(N).next() }}", "{{ lipsum(N) }}",
            "{{ lipsum(1, true, N, N) }}", "{{ 'a' * N }}", "{{ [1] * N }}", "{{ N ~ N }}", "{{ 1 if N else 2 }}",
            "{{ [1]|join(N) }}", "{{ dict([[N, 1]]) }}", "{{ N|default(N, N) }}", "{{ [N]|unique|list }}",
            "{{ 'a'|center(N) }}",
            "{{ 5|round(N) }}", "{{ {'a': N}|dictsort(by='value') }}", "{{ [{'a': N}]|groupby('a') }}",
            "{{ N|urlencode }}",
            "{{ 'x'|regex_substring('x', N) }}", "{{ {'a':1}|to_json_string(N) }}", "{{ {'a':1}|to_yaml_string(N) }}",
            "{{ 'abc'.translate({97: N}) }}", "{{ 'x'.startswith('x', N, N) }}", "{{ 'abc'|batch(N, N)|list }}",
        ]
        for place in places {
            for number in numbers { _ = outcome(place.replacingOccurrences(of: "N", with: number)) }
        }
    }
}

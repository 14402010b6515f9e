"""The small languages beside the Python originals, in one run.

    languages.py PETREL_BENCH [--seconds N] [--only ROW]

PETREL_BENCH is the release build of petrel-bench. Run it with a Python that has jinja2, yaql, PyYAML and jsonpath-rw;
a row whose original is missing says so. Each row is measured in turns, ours and theirs, in processor time, and the
medians count. The mix is
drawn from the vectors: records that both can do, each as often as the other. Prints lines `language key=value …`;
`allocations` are ours for one case.
"""

import argparse
import importlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Bench:
    """The other side of the pipe."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def original(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def vectors(name):
    with open(os.path.join(ROOT, "Tests/Fixtures/conformance", name), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def spread(items, count):
    """So many of them, from all over the list."""
    return items if len(items) <= count else [items[number * len(items) // count] for number in range(count)]


def runs(body, case):
    try:
        body(case)
        return True
    except Exception:
        return False


class Jinja:
    """StackStorm's environment, without its own filters: templates that use those are not in the mix."""

    def __init__(self):
        sandbox = importlib.import_module("jinja2.sandbox")
        jinja2 = importlib.import_module("jinja2")
        self.environment = sandbox.SandboxedEnvironment(
            undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)

    def mix(self):
        kept = []
        for record in vectors("jinja.jsonl"):
            if record["engine"] != "st2" or "result" not in record:
                continue
            try:
                if self.environment.from_string(record["template"]).render(record["context"]) == record["result"]:
                    kept.append({key: record[key] for key in ("template", "context", "engine")})
            except Exception:
                pass
        return spread(kept, 400)

    def rows(self, mix):
        compiled = [(self.environment.from_string(record["template"]), record["context"]) for record in mix]
        yield "jinja.compiled", "jinja2, compiled once", 2, compiled, lambda case: case[0].render(case[1])
        yield "jinja.uncached", "jinja2, from a string", 20, mix, lambda case: self.environment.from_string(
            case["template"]).render(case["context"])
        # What a service does: StackStorm compiles each time, Petrel keeps what it compiled.
        yield "jinja.cached", "jinja2, from a string", 20, mix, lambda case: self.environment.from_string(
            case["template"]).render(case["context"])


class YAQL:
    """As Orquesta evaluates: the text is parsed each time, the context is a child of the library's."""

    def __init__(self):
        yaql = importlib.import_module("yaql")
        specs = importlib.import_module("yaql.language.specs")
        factory = importlib.import_module("yaql.language.factory")
        self.engine = factory.YaqlFactory().create()
        self.library = yaql.create_context()

        @specs.inject("context", importlib.import_module("yaql.language.yaqltypes").Context())
        @specs.name("ctx")
        def ctx(context, key=None):
            values = context["__vars"] or {}
            return values[key] if key else values

        self.library.register_function(ctx)

    def evaluate(self, record):
        context = self.library.create_child_context()
        context["__vars"] = record["context"]
        result = self.engine(record["source"]).evaluate(context=context)
        return list(result) if hasattr(result, "__next__") else result

    def mix(self):
        kept = []
        for record in vectors("yaql.jsonl"):
            expression = record["expr"]
            whole = isinstance(expression, str) and re.fullmatch(r"<%((?:(?!%>).)*)%>", expression, re.S)
            if not whole or "result" not in record or record.get("lang"):
                continue
            record["source"] = whole.group(1).strip()
            began = time.perf_counter()
            if runs(self.evaluate, record) and time.perf_counter() - began < 0.2:
                kept.append({key: record[key] for key in ("expr", "source", "context")})
        return spread(kept, 250)

    def rows(self, mix):
        yield "yaql", "yaql, parsed each time as Orquesta does", 20, mix, self.evaluate
        yield "yaql.parsing", "yaql's parser", 20, mix, lambda record: self.engine(record["source"])


class YAML:
    """PyYAML on the metadata files that ship with Petrel."""

    def __init__(self):
        self.yaml = importlib.import_module("yaml")

    def mix(self):
        texts = []
        for top in ("adapters", "aliases"):
            for folder, _, names in sorted(os.walk(os.path.join(ROOT, top))):
                for name in sorted(names):
                    if name.endswith(".yaml"):
                        with open(os.path.join(folder, name), encoding="utf-8") as file:
                            texts.append(file.read())
        return [text for text in texts if runs(self.yaml.safe_load, text)]

    def rows(self, mix):
        yield "yaml", "PyYAML, SafeLoader", 20, mix, self.yaml.safe_load
        if hasattr(self.yaml, "CSafeLoader"):
            yield "yaml", "PyYAML, CSafeLoader (libyaml)", None, mix, lambda text: self.yaml.load(
                text, self.yaml.CSafeLoader)


class Criteria:
    """A re-made filter: the key's JSONPath is parsed and looked up for each event, then the operator is called.

    That is what StackStorm's does, and nearly all of its cost; templates in patterns are not in the mix.
    """

    OPERATORS = {
        "equals": lambda value, pattern: value == pattern, "eq": lambda value, pattern: value == pattern,
        "nequals": lambda value, pattern: value != pattern, "neq": lambda value, pattern: value != pattern,
        "iequals": lambda value, pattern: value.lower() == pattern.lower(),
        "contains": lambda value, pattern: pattern in value,
        "ncontains": lambda value, pattern: pattern not in value,
        "icontains": lambda value, pattern: pattern.lower() in value.lower(),
        "startswith": lambda value, pattern: value.startswith(pattern),
        "endswith": lambda value, pattern: value.endswith(pattern),
        "lessthan": lambda value, pattern: value < pattern, "lt": lambda value, pattern: value < pattern,
        "greaterthan": lambda value, pattern: value > pattern, "gt": lambda value, pattern: value > pattern,
        "matchregex": lambda value, pattern: re.match(pattern, value, re.S) is not None,
        "regex": lambda value, pattern: re.search(pattern, value, re.S) is not None,
        "iregex": lambda value, pattern: re.search(pattern, value, re.I | re.S) is not None,
        "exists": lambda value, pattern: value is not None, "nexists": lambda value, pattern: value is None,
        "inside": lambda value, pattern: value in pattern,
    }

    def __init__(self):
        self.parse = importlib.import_module("jsonpath_rw").parse

    def evaluate(self, record):
        for key, criterion in record["criteria"].items():
            found = self.parse(key.split("#")[0]).find({"trigger": record["payload"]})
            value = found[0].value if found else None
            if not self.OPERATORS[criterion["type"]](value, criterion.get("pattern")):
                return False
        return True

    def mix(self):
        kept = []
        for record in vectors("criteria.jsonl"):
            if record["kind"] == "criterion" and "result" in record:
                record["criteria"] = {record["key"]: record["criterion"]}
            elif record["kind"] != "rule":
                continue
            if "{{" not in json.dumps(record["criteria"]) and runs(self.evaluate, record):
                if self.evaluate(record) == record["result"]:
                    kept.append({key: record[key] for key in ("criteria", "payload", "now") if key in record})
        return spread(kept, 100)

    def rows(self, mix):
        yield "criteria", "jsonpath-rw and the operators, re-made", 20, mix, self.evaluate
        yield "criteria.uncached", "jsonpath-rw and the operators, re-made", 20, mix, self.evaluate


def documents():
    """An action's result of 1 KB, and a list of executions of 1 MB."""
    result = {
        "succeeded": True, "failed": False, "return_code": 0, "stderr": "", "stdout": "web1 ok\nweb2 ok\nweb3 \"ok\"\n" * 20,
        "hosts": [{"name": "web%d.example.com" % number, "load": number * 0.37, "up": True} for number in range(6)],
    }
    executions = [
        {"id": "5f9e%020x" % number, "status": "succeeded", "start_timestamp": "2026-11-21T10:%02d:00.000000Z" % (number % 60),
         "elapsed_seconds": number / 7, "parameters": {"cmd": "uptime", "hosts": ["a", "b"], "retries": number, "x": None},
         "result": result}
        for number in range(720)
    ]
    return {"1kb": result, "1mb": executions}


def median_us(cases, body, seconds):
    def run():
        for case in cases:
            body(case)
    run()
    passes = []
    end = time.process_time() + seconds
    while not passes or time.process_time() < end:
        began = time.process_time()
        run()
        passes.append(time.process_time() - began)
    return statistics.median(passes) / len(cases) * 1e6


def show(row, ours, name, theirs, goal):
    if theirs is None:
        print("language row=%s us=%.3f cases=%d allocations=%.1f beside=\"%s\" not installed" % (
            row, ours["us"], ours["cases"], ours["allocations"], name), flush=True)
        return
    print("language row=%s us=%.3f cases=%d allocations=%.1f beside=\"%s\" beside_us=%.3f times=%.1f%s" % (
        row, ours["us"], ours["cases"], ours["allocations"], name, theirs, theirs / ours["us"],
        "" if goal is None else " goal=%d" % goal), flush=True)


def in_turns(bench, row, seconds, theirs, rounds=5):
    """The medians of both sides, measured one after the other and again."""
    pairs = [(bench.ask(op="measure", row=row, seconds=seconds), theirs()) for _ in range(rounds)]
    ours = dict(pairs[0][0], us=statistics.median(pair[0]["us"] for pair in pairs))
    if ours["ok"] < ours["cases"]:
        sys.exit("%s: %d of %d cases do what they should" % (row, ours["ok"], ours["cases"]))
    return ours, None if pairs[0][1] is None else statistics.median(pair[1] for pair in pairs)


def compare(bench, seconds, only):
    kinds = [("jinja", Jinja, "jinja2"), ("yaql", YAQL, "yaql"), ("criteria", Criteria, "jsonpath_rw"), ("yaml", YAML, "yaml")]
    made = {name: kind() for name, kind, module in kinds if original(module)}
    mix = {name: side.mix() for name, side in made.items()}
    mix["json"] = documents()
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(mix, file)
        file.flush()
        bench.ask(op="load", file=file.name)
    for name, _, module in kinds:
        if name not in made:
            print("language row=%s beside=%s not installed" % (name, module))
            continue
        for row, title, goal, cases, body in made[name].rows(mix[name]):
            if only in row:
                ours, theirs = in_turns(bench, row, seconds, lambda: median_us(cases, body, seconds))
                show(row, ours, title, theirs, goal)
    for size in ("1kb", "1mb"):
        for row, other, goal in (
                ("read", "decode", 3), ("write", "encode", 10), ("read", "read", 3), ("write", "write", 10)):
            if only in "json.%s.%s" % (size, row):
                name = {"decode": "JSONDecoder", "encode": "JSONEncoder"}.get(other, "JSONSerialization")
                ours, theirs = in_turns(bench, "json.%s.%s" % (size, row), seconds, lambda: bench.ask(
                    op="measure", row="json.%s.foundation.%s" % (size, other), seconds=seconds)["us"])
                show("json.%s.%s" % (size, row), ours, "Foundation's " + name, theirs, goal)


def hostile(bench):
    """Every hostile input, alone; the worst of each language."""
    with open(os.path.join(ROOT, "Tests/Fixtures/hostile.jsonl"), encoding="utf-8") as file:
        inputs = [json.loads(line) for line in file]
    def measure(request):
        # What takes long is measured three times: a moment in which the machine is slow says nothing of the input.
        found = bench.ask(op="hostile", inputs=[request])[0]
        if found["ms"] < 25:
            return found
        times = sorted([found] + [bench.ask(op="hostile", inputs=[request])[0] for _ in range(2)],
                       key=lambda one: one["ms"])
        return dict(times[1], mb=max(one["mb"] for one in times))

    measured = [measure(request) for request in inputs]
    measured.sort(key=lambda one: -one["ms"])
    for language in sorted({one["language"] for one in measured}):
        of_it = [one for one in measured if one["language"] == language]
        slowest, largest = max(of_it, key=lambda one: one["ms"]), max(of_it, key=lambda one: one["mb"])
        print("hostile language=%s inputs=%d worst_ms=%.1f worst_mb=%.1f over_50_ms=%d over_16_mb=%d" % (
            language, len(of_it), slowest["ms"], largest["mb"], sum(one["ms"] > 50 for one in of_it),
            sum(one["mb"] > 16 for one in of_it)), flush=True)
    return measured


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--only", default="")
    parser.add_argument("--all", action="store_true", help="show every hostile input above 20 ms or 16 MB")
    options = parser.parse_args()
    bench = Bench(options.program)
    if options.only != "hostile":
        compare(bench, options.seconds, options.only)
    if options.only in ("", "hostile"):
        for one in hostile(bench):
            if options.all and (one["ms"] > 20 or one["mb"] > 16):
                print("  %7.1f ms %6.1f MB %-8s %-40s %r" % (
                    one["ms"], one["mb"], one["language"], one["outcome"], one["source"]))


if __name__ == "__main__":
    main()

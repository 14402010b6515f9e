"""Figures of events: webhooks, many rules, a long history, many timers.

    bench_events.py PROGRAM [--seconds N]
"""

import argparse
import http.client
import json
import multiprocessing
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from datetime import datetime

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from service import Client, Service  # noqa: E402

PACK = "name: bench\ndescription: figures\nversion: 1.0.0\nauthor: tests\n"
RULE = """
name: r%d
enabled: true
trigger: {type: core.st2.webhook, parameters: {url: %s}}
criteria: {trigger.body.host: {type: equals, pattern: "%s"}}
action: {ref: core.noop}
"""
TIMER = """
name: t%d
enabled: true
trigger: {type: core.st2.IntervalTimer, parameters: {unit: days, delta: %d}}
action: {ref: core.noop}
"""


def share(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else float("nan")


def pack(folder, rules):
    os.makedirs(os.path.join(folder, "packs", "bench", "rules"))
    with open(os.path.join(folder, "packs", "bench", "pack.yaml"), "w") as file:
        file.write(PACK)
    for name, text in rules.items():
        with open(os.path.join(folder, "packs", "bench", "rules", name + ".yaml"), "w") as file:
            file.write(text)


def sender(port, token, url, body, seconds, results):
    """One client on one connection; sends as fast as it is answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"X-Auth-Token": token, "Content-Type": "application/json"}
    data = json.dumps(body).encode()
    times, bad = [], 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        connection.request("POST", "/v1/webhooks/" + url, data, headers)
        answer = connection.getresponse()
        answer.read()
        bad += answer.status != 202
        times.append((time.perf_counter() - began) * 1000)
    results.put((times, bad))


def send(service, url, body, clients, seconds):
    results = multiprocessing.Queue()
    began = time.perf_counter()
    workers = [
        multiprocessing.Process(target=sender, args=(service.port, service.token, url, body, seconds, results))
        for _ in range(clients)]
    for worker in workers:
        worker.start()
    found = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    elapsed = time.perf_counter() - began
    times = [each for part, _ in found for each in part]
    return times, sum(bad for _, bad in found), len(times) / elapsed


def instant(text):
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").timestamp() * 1000


def webhooks(program, seconds):
    folder = tempfile.mkdtemp(prefix="petrel-bench-events-", dir=os.environ.get("PETREL_BENCH_DIR"))
    pack(folder, {"r0": RULE % (0, "one", "h0")})
    service = Service(program, folder)
    service.start()
    try:
        for clients in (1, 16, 64):
            times, bad, rate = send(service, "one", {"host": "none"}, clients, seconds)
            print("webhooks clients=%d per_s=%.0f p50_ms=%.2f p99_ms=%.2f refused=%d" % (
                clients, rate, share(times, 0.5), share(times, 0.99), bad), flush=True)
        send(service, "one", {"host": "h0"}, 1, min(seconds, 3))
        client = Client(service)
        time.sleep(0.5)
        _, executions = client.persistently("GET", "/v1/executions?limit=100&action=core.noop")
        _, found = client.persistently("GET", "/v1/triggerinstances?limit=100")
        came = {each["id"]: instant(each["occurrence_time"]) for each in found}
        ended = [each for each in executions
                 if each.get("end_timestamp") and each["context"]["trigger_instance"]["id"] in came]
        for name, when in (
                ("started", lambda each: next(
                    entry["timestamp"] for entry in each["log"] if entry["status"] == "running")),
                ("ended", lambda each: each["end_timestamp"])):
            waits = [instant(when(each)) - came[each["context"]["trigger_instance"]["id"]] for each in ended]
            print("webhook-to-action-%s p50_ms=%.2f p99_ms=%.2f count=%d" % (
                name, share(waits, 0.5), share(waits, 0.99), len(waits)), flush=True)
    finally:
        service.stop()
    history(program, folder)
    shutil.rmtree(folder, ignore_errors=True)


def history(program, folder):
    """A hundred thousand instances in the store."""
    database = sqlite3.connect(os.path.join(folder, "petrel.db"))
    now = int(time.time() * 1e6)
    database.executemany(
        "INSERT INTO trigger_instance (id, trigger, type, payload, occurred_at, status, origin, trace, trace_tag) "
        "VALUES (?, 'core.x', 'core.x', '{}', ?, 'processed', 'webhook', ?, 't')",
        (("%024x" % number, now - number * 1000, "trace%d" % number) for number in range(100000)))
    database.commit()
    database.close()
    service = Service(program, folder)
    service.start()
    client = Client(service)
    times = []
    for _ in range(100):
        began = time.perf_counter()
        client.persistently("GET", "/v1/triggerinstances?limit=50&trigger=core.x")
        times.append((time.perf_counter() - began) * 1000)
    service.stop()
    print("instances history=100000 list_p50_ms=%.1f list_p99_ms=%.1f" % (share(times, 0.5), share(times, 0.99)),
          flush=True)


def many_rules(program, seconds):
    folder = tempfile.mkdtemp(prefix="petrel-bench-rules-", dir=os.environ.get("PETREL_BENCH_DIR"))
    pack(folder, {"r%d" % number: RULE % (number, "many", "h%d" % number) for number in range(10000)})
    service = Service(program, folder)
    began = time.perf_counter()
    service.start()
    loaded = time.perf_counter() - began
    try:
        times, bad, rate = send(service, "many", {"host": "h77"}, 1, seconds)
        print("rules count=10000 start_s=%.1f per_s=%.0f p50_ms=%.2f p99_ms=%.2f refused=%d" % (
            loaded, rate, share(times, 0.5), share(times, 0.99), bad), flush=True)
    finally:
        service.stop()
    shutil.rmtree(folder, ignore_errors=True)


def many_timers(program):
    folder = tempfile.mkdtemp(prefix="petrel-bench-timers-", dir=os.environ.get("PETREL_BENCH_DIR"))
    pack(folder, {"t%d" % number: TIMER % (number, number + 1) for number in range(10000)})
    service = Service(program, folder)
    service.start()
    time.sleep(5)

    def ticks():
        fields = open("/proc/%d/stat" % service.process.pid).read().split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    before = ticks()
    time.sleep(10)
    used = ticks() - before
    service.stop()
    print("timers count=10000 idle_cpu_percent=%.2f" % (used * 10), flush=True)
    shutil.rmtree(folder, ignore_errors=True)


LINE_RULE = """
name: lines
enabled: true
trigger: {type: linux.file_watch.line, parameters: {file_path: "%s"}}
criteria: {trigger.line: {type: equals, pattern: none}}
action: {ref: core.noop}
"""


def file_lines(program, count=20000):
    """Lines that are added to a watched file, until each is an event in the store."""
    folder = tempfile.mkdtemp(prefix="petrel-bench-lines-", dir=os.environ.get("PETREL_BENCH_DIR"))
    path = os.path.join(folder, "watched.log")
    open(path, "w").close()
    pack(folder, {"lines": LINE_RULE % path})
    service = Service(program, folder)
    service.start()

    def count_of(table):
        database = sqlite3.connect("file:%s/petrel.db?mode=ro" % folder, uri=True, timeout=5)
        found = database.execute("SELECT count(*) FROM " + table).fetchone()[0]
        database.close()
        return found

    while not count_of("watch_state"):
        time.sleep(0.05)
    began = time.perf_counter()
    with open(path, "a") as file:
        file.write("".join("line %d of a log that somebody writes\n" % number for number in range(count)))
    while count_of("trigger_instance") < count and time.perf_counter() - began < 120:
        time.sleep(0.05)
    elapsed = time.perf_counter() - began
    print("file-lines count=%d told=%d per_s=%.0f" % (count, count_of("trigger_instance"), count / elapsed), flush=True)
    service.stop()
    shutil.rmtree(folder, ignore_errors=True)


def run(program, seconds):
    webhooks(program, seconds)
    many_rules(program, min(seconds, 5))
    many_timers(program)
    file_lines(program)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seconds", type=float, default=8)
    options = parser.parse_args()
    run(options.program, options.seconds)

"""Figures of the API, for bench.py: rates and times of single routes, measured by wrk, which costs less than the service.

`healthz` is the bare Hummingbird route: it goes through the router and the headers that every answer gets, and does
nothing else.
"""

import json
import os
import re
import secrets
import shutil
import socket
import sqlite3
import statistics
import subprocess
import threading
import time

from service import Client, Service

EXECUTIONS = 100_000
# Routes that are held against the bare one are measured in turns with it: the machine's speed changes.
TURNS = 7


def wrk(service, path, seconds, connections, script=None):
    """Requests per second, and p50 and p99 in milliseconds; fails on any answer that is an error."""
    command = [
        "wrk", "-t1", "-c%d" % connections, "-d%ds" % seconds, "--latency", "--timeout", "10s",
        "-H", "X-Auth-Token: " + service.token]
    if script:
        file = os.path.join(service.folder, "load.lua")
        with open(file, "w") as out:
            out.write(script)
        command += ["-s", file]
    text = subprocess.run(
        command + ["http://127.0.0.1:%d%s" % (service.port, path)], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError("%s: %s" % (path, text))
    times = dict(re.findall(r"(50|99)%\s+([\d.]+\w+)", text))
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), milliseconds(times["50"]), milliseconds(times["99"])


def milliseconds(text):
    number, unit = re.match(r"([\d.]+)(\w+)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def seed(service):
    """Fills the database of a stopped service with copies of the executions in it; gives the id of one with a result."""
    with sqlite3.connect(os.path.join(service.folder, "petrel.db")) as database:
        database.row_factory = sqlite3.Row
        models = [dict(row) for row in database.execute("SELECT * FROM execution")]
        # Without the columns that SQLite computes itself.
        names = [column[1] for column in database.execute("PRAGMA table_info(execution)")]
        start = min(row["started_at"] for row in models) - 60_000_000
        rows = []
        for number in range(EXECUTIONS - len(models)):
            row = dict(models[number % len(models)])
            at = start - number * 1_000_000
            row.update(
                id="%08x%s" % (at // 1_000_000, secrets.token_hex(8)), started_at=at, ended_at=at + 1000,
                user="user%d" % (number % 50))
            rows.append([row[name] for name in names])
        database.executemany(
            "INSERT INTO execution (%s) VALUES (%s)" % (
                ", ".join('"%s"' % name for name in names), ", ".join("?" * len(names))), rows)
        return next(row["id"] for row in models if row["action"] == "core.local")


PAGES = """
local count = 0
request = function()
    count = count + 1
    local offset = (count * 7919) %% %d
    return wrk.format("GET", "/v1/executions?limit=50&offset=" .. offset .. "%s")
end
"""
POST = """
wrk.method = "POST"
wrk.body = '{"action": "core.noop"}'
wrk.headers["Content-Type"] = "application/json"
"""


def routes(service, seconds):
    wrk(service, "/healthz", 1, 8)
    one = seeded(service)
    bare = in_turns(service, [
        ("healthz", "/healthz"), ("get-one", "/v1/executions/" + one), ("get-action", "/v1/actions/core.local")])
    for name, path, connections, script in [
        ("list-50-newest", "/v1/executions?limit=50", 2, None),
        ("list-50-as-st2", "/", 2, PAGES % (
            EXECUTIONS - 50, "&parent=null&sort_desc=True&include_attributes=id,action.ref,context.user,status,"
            "start_timestamp,end_timestamp")),
        ("list-50-any-page", "/", 2, PAGES % (EXECUTIONS - 50, "")),
        ("list-50-of-a-user", "/", 2, PAGES % (1950, "&user=user7")),
        ("list-50-by-action", "/", 2, PAGES % (EXECUTIONS // 2 - 50, "&action=core.local&status=succeeded")),
        ("post-noop", "/v1/executions", 8, POST),
    ]:
        rate, p50, p99 = wrk(service, path, seconds, connections, script)
        print("api route=%s connections=%d per_s=%.0f p50_ms=%.2f p99_ms=%.2f of_bare=%.2f" % (
            name, connections, rate, p50, p99, rate / bare), flush=True)


def in_turns(service, paths, connections=8):
    """Prints the medians of each route's turns, and the median of its share of the first one's rate; gives that rate."""
    found = [[wrk(service, path, 1, connections) for _, path in paths] for _ in range(TURNS)]
    for place, (name, _) in enumerate(paths):
        rate, p50, p99 = (statistics.median(turn[place][figure] for turn in found) for figure in range(3))
        share = statistics.median(turn[place][0] / turn[0][0] for turn in found)
        print("api route=%s connections=%d per_s=%.0f p50_ms=%.2f p99_ms=%.2f%s" % (
            name, connections, rate, p50, p99, " of_bare=%.2f" % share if place else ""), flush=True)
    return statistics.median(turn[0][0] for turn in found)


def seeded(service):
    client = Client(service)
    for body in ({"action": "core.noop"}, {"action": "core.local", "parameters": {"cmd": "echo 12345"}}):
        for _ in range(2):
            _, execution = client.request("POST", "/v1/executions", body)
    while client.request("GET", "/v1/executions/" + execution["id"])[1]["status"] != "succeeded":
        time.sleep(0.02)
    service.stop()
    one = seed(service)
    service.start()
    return one


def stream(service, clients=200, events=40):
    """One execution after the other; the time until each client has heard of it."""
    client = Client(service)
    heard = {}
    lock = threading.Condition()

    def listen(link):
        rest = b""
        while data := link.recv(1 << 18):
            now = time.perf_counter()
            rest += data
            found = re.findall(rb'event: st2.execution__create\n[^\n]*\ndata: {"id":"(\w+)"', rest)
            if found:
                rest = rest[-200:] if b"\n\n" not in rest[-2:] else b""
                with lock:
                    for name in found:
                        heard.setdefault(name.decode(), []).append(now)
                    lock.notify_all()

    links = []
    for _ in range(clients):
        link = socket.create_connection(("127.0.0.1", service.port))
        link.sendall((
            "GET /stream/v1/stream?events=st2.execution__create HTTP/1.1\r\nHost: x\r\nX-Auth-Token: %s\r\n\r\n"
            % service.token).encode())
        link.recv(4096)
        links.append(link)
        threading.Thread(target=listen, args=(link,), daemon=True).start()
    times = []
    began = time.perf_counter()
    for _ in range(events):
        sent = time.perf_counter()
        _, execution = client.request("POST", "/v1/executions", {"action": "core.noop"})
        with lock:
            if not lock.wait_for(lambda: len(heard.get(execution["id"], [])) >= clients, 10):
                raise RuntimeError("only %d of %d clients heard" % (len(heard.get(execution["id"], [])), clients))
        times += [(at - sent) * 1000 for at in heard[execution["id"]]]
    elapsed = time.perf_counter() - began
    for link in links:
        link.close()
    times.sort()
    print("stream clients=%d deliveries_per_s=%.0f p50_ms=%.2f p99_ms=%.2f" % (
        clients, clients * events / elapsed, times[len(times) // 2], times[int(len(times) * 0.99)]), flush=True)


def run(program, folder, seconds):
    if not shutil.which("wrk"):
        print("skipped the figures of the API: wrk is not installed (apt-get install wrk)")
        return
    os.makedirs(folder, exist_ok=True)
    service = Service(program, folder)
    service.start()
    routes(service, seconds)
    stream(service)
    service.stop()

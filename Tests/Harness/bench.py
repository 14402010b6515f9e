"""Figures of a release build, beside the limits of the machine, in one run.

    bench.py FOLDER_OF_THE_PROGRAMS [--seconds N]

Prints lines `NAME key=value …`; times in milliseconds, medians unless the key says otherwise.
"""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bench_actions  # noqa: E402
import bench_api  # noqa: E402
import bench_events  # noqa: E402
from bench_actions import percentile  # noqa: E402
from service import Room, Service  # noqa: E402


def one_flush_ms(file):
    file.write(b"x" * 4096)
    began = time.perf_counter()
    os.fdatasync(file.fileno())
    return (time.perf_counter() - began) * 1000


def flush_ms(folder):
    """The disk's flush: 4 KiB appended and flushed, over and over, as the store's log is."""
    path = os.path.join(folder, "flush")
    with open(path, "wb", buffering=0) as file:
        times = [one_flush_ms(file) for _ in range(300)]
    os.unlink(path)
    return percentile(times, 0.5), percentile(times, 0.99)


def http_ms(service, count=500):
    """A request that does nothing, over the same client: what the measuring itself costs."""
    talk = Talk(service, "wire")
    times = []
    for _ in range(count):
        began = time.perf_counter()
        talk.request("GET /healthz")
        times.append((time.perf_counter() - began) * 1000)
    talk.socket.close()
    return percentile(times, 0.5)


def counters(service):
    with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % service.port) as response:
        text = response.read().decode()
    return {name: int(value) for name, value in re.findall(r"^(\w+) (\d+)$", text, re.M)}


def memory(pid):
    text = open("/proc/%d/smaps_rollup" % pid).read()
    kilobytes = dict(re.findall(r"^(\w+):\s+(\d+) kB", text, re.M))
    return int(kilobytes["Rss"]) / 1024, int(kilobytes["Pss"]) / 1024


class Talk:
    """Says commands in a room of its own, each in one request that waits for the answer, over one plain socket:
    `http.client` takes longer than the service, on the same two cores."""

    FINAL = re.compile(rb'"status":"(\w+)"[^{}]*?"is_final":true')

    def __init__(self, service, room):
        self.room = room
        self.head = "X-Auth-Token: %s\r\nHost: petrel\r\n" % service.token
        self.socket = socket.create_connection(("127.0.0.1", service.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.count = 0

    def request(self, line, body=b""):
        self.socket.sendall(("%s HTTP/1.1\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (
            line, self.head, len(body))).encode() + body)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.receive()
        head, data = data.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"content-length: (\d+)", head, re.I)[1])
        while len(data) < length:
            data += self.receive()
        if not head.startswith(b"HTTP/1.1 20"):
            raise RuntimeError((head + data).decode())
        return data

    def receive(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise RuntimeError("the service hung up")
        return data

    def command(self, text):
        """Milliseconds until the result is there."""
        self.count += 1
        key = "%s-%08d" % (self.room, self.count)
        began = time.perf_counter()
        answer = self.request("POST /v1/rooms/%s/messages?wait=20" % self.room, b'{"key":"%s","text":"%s"}' % (
            key.encode(), text.encode()))
        final = self.FINAL.search(answer)
        if not final or final[1] != b"succeeded":
            raise RuntimeError(answer.decode())
        return (time.perf_counter() - began) * 1000


def converse(service, conversations, seconds, command):
    """Each conversation says a command, waits for its result, says the next."""
    talks = [Talk(service, "b" + os.urandom(6).hex()) for _ in range(conversations)]
    for talk in talks:
        talk.command(command)
    before = counters(service)
    times = []
    end = time.perf_counter() + seconds

    def run(talk):
        while time.perf_counter() < end:
            times.append(talk.command(command))

    began = time.perf_counter()
    threads = [threading.Thread(target=run, args=(talk,)) for talk in talks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - began
    after = counters(service)
    for talk in talks:
        talk.socket.close()
    flushes = (after["petrel_store_flushes_total"] - before["petrel_store_flushes_total"]) / len(times)
    return percentile(times, 0.5), percentile(times, 0.99), len(times) / elapsed, flushes


def beside_limits(service, folder, seconds, command):
    """Medians of a command, of a bare spawn and of a flush, in turns: each finds the machine as the others do."""
    talk = Talk(service, "o" + os.urandom(6).hex())
    commands, spawns, flushes = [], [], []
    end = time.perf_counter() + seconds
    with open(os.path.join(folder, "flush"), "wb", buffering=0) as file:
        while time.perf_counter() < end:
            commands.append(talk.command(command))
            spawns.append(bench_actions.one_spawn_ms())
            flushes.append(one_flush_ms(file))
    talk.socket.close()
    return [percentile(times, 0.5) for times in (commands, spawns, flushes)]


def start_ms(program, folder):
    """From start to the first answer of a command, and to the open port; a folder that was used before."""
    times = []
    for _ in range(7):
        service = Service(program, folder)
        began = time.perf_counter()
        service.start()
        ready = (time.perf_counter() - began) * 1000
        room = Room(service, "start")
        room.wait_final(room.say("!date"))
        times.append((ready, (time.perf_counter() - began) * 1000))
        room.close()
        service.stop()
    return percentile([ready for ready, _ in times], 0.5), percentile([answer for _, answer in times], 0.5)


def conduct(program, originals):
    """Conducting in memory, ours and the original's in turns where it can be had."""
    for shape, tasks in (("sequence", 10), ("sequence", 100), ("sequence", 1000), ("fork", 100), ("fork", 1000),
                         ("items", 10000)):
        line = subprocess.run(
            [program, "debug", "conduct", "--shape", shape, "--tasks", str(tasks)], capture_output=True, text=True,
            check=True).stdout.strip()
        print(line + beside_original(line, shape, tasks, originals), flush=True)


def beside_original(line, shape, tasks, originals):
    """What Orquesta makes of the same workflow; it is stopped after a while, since its cost grows with each task."""
    if shape == "items":
        return ""
    answer = {"missing": "orquesta"}
    if originals and os.path.exists(originals):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "conduct_original.py")
        run = subprocess.run([originals, script, shape, str(tasks)], capture_output=True, text=True)
        if run.returncode == 0:
            answer = json.loads(run.stdout)
    if "missing" in answer:
        return ' beside="Orquesta" not installed'
    rate = answer["tasks"] / answer["seconds"] if answer["seconds"] else 0
    ours = float(re.search(r"tasks_per_s=(\d+)", line).group(1))
    done = " of_its_tasks=%d" % answer["tasks"] if answer["stopped"] else ""
    times = "%.0f" % (ours / rate) if rate else "none"
    return ' beside="Orquesta" beside_tasks_per_s=%.1f%s times=%s goal=50' % (rate, done, times)


TEN_PACK = {
    "packs/ten/pack.yaml": "ref: ten\nname: ten\ndescription: figures\nversion: 1.0.0\nauthor: me\nemail: me@x.org\n",
    "packs/ten/actions/ten.yaml": "name: ten\nrunner_type: orquesta\nentry_point: workflows/ten.yaml\n",
    "packs/ten/actions/workflows/ten.yaml": "version: 1.0\ntasks:\n" + "".join(
        "  t%d:\n    action: core.noop\n    next:\n      - when: <%% succeeded() %%>\n        do: %s\n" % (
            number, "t%d" % (number + 1) if number < 9 else "noop") for number in range(10)),
}


def workflows(program, folder, durability, seconds, at_once):
    """Workflows of ten tasks in a row through the whole engine."""
    from service import Client
    data = os.path.join(folder, "flow-%s-%d" % (durability, at_once))
    for name, text in TEN_PACK.items():
        os.makedirs(os.path.dirname(os.path.join(data, name)), exist_ok=True)
        open(os.path.join(data, name), "w").write(text)
    service = Service(program, data, {"PETREL_STORE_DURABILITY": durability})
    service.start()
    client = Client(service)
    before = counters(service)
    times, count = [], 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        ids = [client.request("POST", "/v1/executions", {"action": "ten.ten"})[1]["id"] for _ in range(at_once)]
        for identity in ids:
            while True:
                _, found = client.request("GET", "/v1/executions/%s?exclude_attributes=result" % identity)
                if found["status"] not in ("requested", "running"):
                    break
                # The client shares the cores: many at once are asked after less often.
                time.sleep(0.002 if at_once == 1 else 0.02)
            if found["status"] != "succeeded":
                raise RuntimeError("a workflow is %s" % found["status"])
            times.append(found["elapsed_seconds"] * 1000)
            count += 1
    elapsed = time.perf_counter() - began
    after = counters(service)
    service.stop()
    flushes = (after["petrel_store_flushes_total"] - before["petrel_store_flushes_total"]) / count
    print("workflow durability=%s tasks=10 at_once=%d p50_ms=%.1f p99_ms=%.1f tasks_per_s=%.0f "
          "flushes_per_workflow=%.1f" % (
              durability, at_once, percentile(times, 0.5), percentile(times, 0.99), count * 10 / elapsed, flushes),
          flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--originals", help="A Python that has Orquesta")
    parser.add_argument("--only", choices=["workflow", "actions"], help="Figures of these alone")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="petrel-bench-", dir=os.environ.get("PETREL_BENCH_DIR"))
    # The stripped program is what is installed.
    program = os.path.join(folder, "petrel")
    stripped = os.path.join(options.programs, "petrel-stripped")
    shutil.copy(stripped if os.path.exists(stripped) else os.path.join(options.programs, "petrel"), program)
    shutil.copy(os.path.join(options.programs, "petrel-shim"), os.path.join(folder, "petrel-shim"))

    flush, flush99 = flush_ms(folder)
    if options.only == "actions":
        bench_actions.run_all(program, os.path.join(folder, "actions"), options.seconds)
        print("limits flush_p50_ms=%.3f flush_p99_ms=%.3f" % (flush, flush99))
        return shutil.rmtree(folder, ignore_errors=True)
    conduct(program, options.originals)
    for durability in ("full", "relaxed"):
        for at_once in (1, 50):
            workflows(program, folder, durability, options.seconds, at_once)
    if options.only:
        print("limits flush_p50_ms=%.3f flush_p99_ms=%.3f" % (flush, flush99))
        return shutil.rmtree(folder, ignore_errors=True)
    spawn, spawns = bench_actions.spawn_ms(2)
    print("limits flush_p50_ms=%.3f flush_p99_ms=%.3f spawn_ms=%.2f spawns_per_s=%.0f" % (
        flush, flush99, spawn, spawns))
    os.mkdir(os.path.join(folder, "full"))
    ready, answer = start_ms(program, os.path.join(folder, "full"))
    print("start ready_ms=%.0f first_answer_ms=%.0f" % (ready, answer))
    version = []
    for _ in range(15):
        began = time.perf_counter()
        subprocess.run([program, "--version"], stdout=subprocess.DEVNULL, check=True)
        version.append((time.perf_counter() - began) * 1000)
    print("cli version_ms=%.0f" % percentile(version, 0.5))

    for durability in ("full", "relaxed"):
        data = os.path.join(folder, durability)
        os.makedirs(data, exist_ok=True)
        service = Service(program, data, {"PETREL_STORE_DURABILITY": durability})
        service.start()
        if durability == "full":
            time.sleep(2)
            rss, pss = memory(service.process.pid)
            print("idle rss_mb=%.1f pss_mb=%.1f program_mb=%.1f" % (rss, pss, os.path.getsize(program) / 2**20))
        wire = http_ms(service)
        for conversations in (1, 10, 50):
            p50, p99, rate, flushes = converse(service, conversations, options.seconds, "!run true")
            goal = (2 * flush if durability == "full" else 0) + spawn + 1
            print("room durability=%s conversations=%d p50_ms=%.2f p99_ms=%.2f per_s=%.0f flushes_per_command=%.2f "
                  "http_ms=%.2f goal_ms=%.2f" % (
                      durability, conversations, p50, p99, rate, flushes, wire, goal), flush=True)
        command, spawned, flushed = beside_limits(service, folder, options.seconds, "!run true")
        flushes = 2 if durability == "full" else 0
        print("room-overhead durability=%s p50_ms=%.2f spawn_ms=%.2f flush_ms=%.2f flushes=%d over_ms=%.2f goal_ms=1" % (
            durability, command, spawned, flushed, flushes, command - spawned - flushes * flushed), flush=True)
        service.stop()
    bench_api.run(program, os.path.join(folder, "api"), max(2, int(options.seconds / 2)))
    bench_events.run(program, options.seconds)
    bench_actions.run_all(program, os.path.join(folder, "actions"), max(2, int(options.seconds / 2)))
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

"""Petrel beside slack-bolt, errbot and opsdroid, each a bot on the same fake chat servers, in one run.

    bench_chat.py FOLDER_OF_THE_PROGRAMS [--peers NAME,…] [--runs N] [--scale X] [--faults]

The load sits in the fake server (Tests/Fakes): `ack` is the acknowledgement of the envelope, `first` the first post that a
person sees, `result` the post, or the change of the ack, that holds the result. What `run` runs is `echo hi TOKEN` in sh, with
one post for its result (`petrel-…-sh` has `local.shell: /bin/sh`); `run-bash` runs it in bash, as StackStorm and Petrel do
where nothing else is said. `run-ack` posts an ack first and changes it into the result, as Petrel's aliases can. The peers store
nothing. Their packages come by pip into $PETREL_PEERS (~/.cache/petrel-peers); without an index they are left out, with a
line that says so. Prints lines `NAME key=value …`, medians of the runs.
"""

import argparse
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FAKES = os.path.join(ROOT, "Tests/Fakes")
BOTS = os.path.join(FAKES, "bots")
sys.path.insert(0, FAKES)
import procstat  # noqa: E402
from chat_load import call, run_load  # noqa: E402

PACKAGES = {
    "bolt": ["slack-bolt==1.30.0", "slack_sdk==3.47.0", "aiohttp==3.14.5"],
    "errbot": ["errbot==6.2.1", "errbot-backend-slackv3==0.3.2", "setuptools<81"],
    "opsdroid": ["opsdroid[connector_mattermost]==0.31.0", "setuptools<81"],
}

# name, template, specification
LOADS = [
    ("echo", "echo", {"n": 500, "warmup": 50, "concurrency": 1}),
    ("echo", "echo", {"n": 2000, "warmup": 100, "concurrency": 10}),
    ("echo", "echo", {"n": 3000, "warmup": 100, "concurrency": 50, "channels": 50, "users": 50}),
    ("echo", "echo", {"n": 500, "warmup": 25, "rate": 50}),
    ("run", "run", {"n": 300, "warmup": 30, "concurrency": 1}),
    ("run", "run", {"n": 1500, "warmup": 50, "concurrency": 10}),
    ("run-bash", "run-bash", {"n": 300, "warmup": 30, "concurrency": 1}),
    ("run-bash", "run-bash", {"n": 1500, "warmup": 50, "concurrency": 10}),
    ("run-ack", "run-ack", {"n": 300, "warmup": 30, "concurrency": 1}),
    ("run-ack", "run-ack", {"n": 1500, "warmup": 50, "concurrency": 10}),
]

PETREL_PACK = {
    "pack.yaml": "ref: bench\nname: bench\ndescription: figures\nversion: 1.0.0\nauthor: me\nemail: me@example.org\n",
    "actions/say.yaml": "name: say\nrunner_type: noop\nparameters:\n  text: {type: string}\n",
    "actions/run.yaml": "name: run\nrunner_type: local-shell-cmd\nparameters:\n  text: {type: string}\n"
                        "  cmd: {immutable: true, default: 'echo hi {{text}}'}\n",
    "aliases/echo.yaml": "name: echo\naction_ref: bench.say\nformats: ['echo {{text}}']\nack: {enabled: false}\n"
                         "result: {format: '{{ execution.parameters.text }}'}\n",
    # Not `run`: that is an alias of the core pack, and the two would be offered as a choice.
    "aliases/brun.yaml": "name: brun\naction_ref: bench.run\nformats: ['brun {{text}}']\nack: {enabled: false}\n"
                        "result: {format: '{{ execution.result.stdout }}'}\n",
    "aliases/both.yaml": "name: both\naction_ref: bench.run\nformats: ['both {{text}}']\n"
                         "ack: {format: 'begun {{ execution.parameters.text }}'}\n"
                         "result: {format: '{{ execution.result.stdout }}', replaces_ack: true}\n",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def python_of(name):
    """A Python that has a peer's packages; None when they can't be had."""
    base = os.environ.get("PETREL_PEERS") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "petrel-peers")
    folder = os.path.join(base, name)
    program = os.path.join(folder, "bin/python")
    if os.path.exists(os.path.join(folder, "ready")):
        return program
    if not os.path.exists(program):
        subprocess.run([sys.executable, "-m", "venv", folder], check=False, capture_output=True)
    done = subprocess.run([program, "-m", "pip", "-q", "install"] + PACKAGES[name], capture_output=True, text=True,
                          check=False) if os.path.exists(program) else None
    if done is None or done.returncode:
        print("skipped chat peer=%s: its packages can't be installed (%s)" % (
            name, (done.stderr.strip().splitlines() or ["?"])[-1][:150] if done else "no venv"), flush=True)
        return None
    open(os.path.join(folder, "ready"), "w").close()
    return program


class Peer:
    """A bot: how it is started and what is said to it."""

    def __init__(self, name, platform, command, environment, templates, prepare=None):
        self.name, self.platform, self.command, self.environment = name, platform, command, environment
        self.templates, self.prepare = templates, prepare

    @property
    def simplest(self):
        return self.templates.get("echo") or self.templates["run"]


def petrel(programs, platform, durability, shell=""):
    def prepare(folder, url):
        for name, text in PETREL_PACK.items():
            path = os.path.join(folder, "data/packs/bench", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)

    def environment(folder, url):
        entry = ('{name: acme, platform: slack, app_token: xapp-fake-app, bot_token: xoxb-fake-bot, api_url: "%s/api"}' % url
                 if platform == "slack" else '{name: ops, platform: mattermost, url: "%s", token: fake-bot-token}' % url)
        return {
            "PETREL_CHAT_ADAPTERS": "[%s]" % entry, "PETREL_CHAT_PACING": "false",
            "PETREL_ACCESS_CHAT_DEFAULT_ROLE": "operator", "PETREL_STORE_DURABILITY": durability,
            "PETREL_HTTP_PORT": str(free_port()), "PETREL_LOCAL_SHELL": shell, "SWIFT_BACKTRACE": "enable=no",
        }

    def command(folder, url):
        return [os.path.join(programs, "petrel"), "serve", "--data-dir", os.path.join(folder, "data")]
    name = "petrel-%s%s%s" % (durability, "" if platform == "slack" else "-mattermost", "-sh" if shell else "")
    loads = {"run": "!brun {token}"} if shell else {
        "echo": "!echo {token}", "run-bash": "!brun {token}", "run-ack": "!both {token}"}
    return Peer(name, platform, command, environment, loads, prepare)


def peers(programs):
    own = [petrel(programs, platform, durability, shell) for platform in ("slack", "mattermost")
           for durability in ("full", "relaxed") for shell in ("", "/bin/sh")]
    plain = {"echo": "!echo {token}", "run": "!run {token}"}

    def bolt(client):
        return Peer("bolt-" + client, "slack", lambda folder, url: [python_of("bolt"), BOTS + "/bolt_bot.py"],
                    lambda folder, url: {"SLACK_API_URL": url + "/api/", "BOLT_CLIENT": client},
                    dict(plain, **{"run-bash": "!bash {token}"}))

    def errbot_command(folder, url):
        return [os.path.join(os.path.dirname(python_of("errbot")), "errbot"), "-c", BOTS + "/errbot_config.py"]

    def opsdroid_prepare(folder, url):
        text = open(BOTS + "/opsdroid_mattermost.yaml.in").read()
        text = text.replace("@TMP@", folder).replace("@HERE@", FAKES).replace("@WEBPORT@", str(free_port()))
        with open(os.path.join(folder, "opsdroid.yaml"), "w") as file:
            file.write(text.replace("@MMPORT@", url.rsplit(":", 1)[1]))

    def opsdroid_command(folder, url):
        return [os.path.join(os.path.dirname(python_of("opsdroid")), "opsdroid"), "start", "-f", folder + "/opsdroid.yaml"]
    others = [
        bolt("builtin"), bolt("aiohttp"),
        Peer("errbot", "slack", errbot_command,
             lambda folder, url: {"PYTHONPATH": BOTS + "/patch", "SLACK_API_URL": url + "/api/",
                                  "ERRBOT_BACKEND": "SlackV3", "BENCH_TMP": folder},
             {"echo": "!becho {token}", "run": "!brun {token}"}),
        Peer("opsdroid", "mattermost", opsdroid_command, lambda folder, url: {}, plain, opsdroid_prepare),
    ]
    floor = Peer("null-bot", "slack", lambda folder, url: [sys.executable, BOTS + "/null_bot.py"],
                 lambda folder, url: {"SLACK_API_URL": url + "/api/"}, {"echo": "!echo {token}"})
    return own + others + [floor]


class Rig:
    """One fake server and one bot on it."""

    def __init__(self, peer):
        self.peer = peer
        self.folder = tempfile.mkdtemp(prefix="petrel-chat-bench-")
        ready = os.path.join(self.folder, "ready")
        limits = ["--rate-limits", "off"] if peer.platform == "slack" else []
        self.fake = subprocess.Popen(
            [sys.executable, os.path.join(FAKES, "fake_%s.py" % peer.platform), "--port", "0", "--ready-file", ready,
             "--max-seconds", "1800"] + limits, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.bot = None
        end = time.time() + 20
        while not os.path.exists(ready):
            if time.time() > end or self.fake.poll() is not None:
                self.stop()
                raise RuntimeError("the fake server did not start")
            time.sleep(0.02)
        self.url = "http://%s:%s" % tuple(open(ready).read().split())
        if peer.prepare:
            peer.prepare(self.folder, self.url)
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment.update(peer.environment(self.folder, self.url))
        self.log = open(os.path.join(self.folder, "bot.log"), "w")
        command = peer.command(self.folder, self.url)
        self.spawned_at = time.time()
        self.bot = subprocess.Popen(command, env=environment, cwd=self.folder, stdout=self.log, stderr=self.log,
                                    stdin=subprocess.DEVNULL, start_new_session=True)

    def first_reply(self, limit=30):
        """Seconds from the start of the bot to its first reply; asked for every 100 ms once its socket is there."""
        end = time.time() + limit
        count = 0
        while time.time() < end:
            if self.bot.poll() is not None:
                raise RuntimeError("the bot ended with %s: %s" % (
                    self.bot.returncode, open(os.path.join(self.folder, "bot.log")).read()[-300:]))
            if call(self.url, "health")["sockets"] == 0:
                time.sleep(0.01)
                continue
            count += 1
            text = self.peer.simplest.replace("{token}", "probe%dx" % count)
            answer = call(self.url, "message", {"text": text, "contains": "probe", "timeout": 0.1})
            if answer.get("ok") and answer.get("posts"):
                return min(post["t"] for post in answer["posts"]) - self.spawned_at
        raise RuntimeError("no reply in %d s" % limit)

    def stop(self):
        for process in (self.bot, self.fake):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in (self.bot, self.fake):
            if process is None:
                continue
            try:
                process.wait(8)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def specification(peer, template, base, scale):
    spec = dict(base, template=peer.templates[template], timeout=15, max_seconds=60)
    spec["n"] = max(20, int(spec["n"] * scale))
    spec["warmup"] = int(spec["warmup"] * min(1, scale))
    if template == "run-ack":
        spec["ack_pattern"] = "^begun"
    return spec


def one_run(peer, scale):
    rig = Rig(peer)
    try:
        found = {"start_ms": rig.first_reply() * 1000}
        time.sleep(2)
        pids = [rig.bot.pid]
        found["idle_rss_mb"] = procstat.rss_bytes(pids) / 2 ** 20
        found["idle_pss_mb"] = (procstat.pss_bytes(pids) or 0) / 2 ** 20
        found["loads"] = []
        for name, template, base in LOADS:
            if template not in peer.templates:
                continue
            result = run_load(rig.url, specification(peer, template, base, scale), pids)
            found["loads"].append((name, base, result))
            call(rig.url, "reset", {})
            time.sleep(0.3)
        found["peak_rss_mb"] = max([result.get("peak_rss_mib", 0) for _, _, result in found["loads"]] or [0])
        return found
    finally:
        rig.stop()


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else float("nan")


def shown(value):
    return "none" if value != value else "%.2f" % value if value < 100 else "%.0f" % value


def measure(peer, runs, scale):
    """All loads on a peer, so often, and the medians."""
    found = [one_run(peer, scale) for _ in range(runs)]
    print("chat-start peer=%s platform=%s %s" % (peer.name, peer.platform, " ".join(
        "%s=%s" % (key, shown(median([run[key] for run in found])))
        for key in ("start_ms", "idle_rss_mb", "idle_pss_mb", "peak_rss_mb"))), flush=True)
    for index, (name, base, _) in enumerate(found[0]["loads"]):
        results = [run["loads"][index][2] for run in found if index < len(run["loads"])]
        parts = ["chat peer=%s platform=%s load=%s %s" % (peer.name, peer.platform, name, load_of(base))]
        for key, label in (("ack_ms", "ack"), ("first_post_ms", "first"), ("result_ms", "result")):
            for quantile in ("p50", "p99"):
                value = median([result[key].get(quantile) for result in results])
                parts.append("%s_%s_ms=%s" % (label, quantile, shown(value)))
        parts.append("per_s=%s" % shown(median([result.get("throughput_per_s") for result in results])))
        parts.append("cpu_s_per_1000=%s" % shown(median([result.get("cpu_s_per_1000") for result in results])))
        parts += ["%s=%d" % (key, sum(result[key] for result in results)) for key in ("messages", "lost", "duplicates")]
        print(" ".join(parts), flush=True)


# Of the turns: so many conversations, or so many messages a second.
BLOCKS = [{"concurrency": 1, "n": 50}, {"concurrency": 10, "n": 200}]
STEADY = {"rate": 50, "n": 100}


def load_of(base):
    return "rate=%d" % base["rate"] if "rate" in base else "conversations=%d" % base["concurrency"]


def take_turns(rivals, load, blocks, rounds=8):
    """Short blocks of one load, the bots all started and taking turns, so that each finds the machine as the others do."""
    rigs, found = [], {}
    try:
        for peer in rivals:
            rigs.append(Rig(peer))
            rigs[-1].first_reply()
        for number in range(rounds + 1):
            for rig in rigs if number % 2 else rigs[::-1]:
                for base in blocks:
                    specified = specification(rig.peer, load, dict(base, warmup=0), 1)
                    result = run_load(rig.url, specified, [rig.bot.pid])
                    call(rig.url, "reset", {})
                    # The first turn is everybody's warm-up.
                    if number:
                        found.setdefault((load_of(base), rig.peer.name), []).append(result)
    finally:
        for rig in rigs:
            rig.stop()
    for base in blocks:
        for peer in rivals:
            results = found[load_of(base), peer.name]
            print("chat-turns peer=%s load=%s %s result_p50_ms=%s per_s=%s cpu_s_per_1000=%s turns=%d lost=%d" % (
                peer.name, load, load_of(base), shown(median([result["result_ms"].get("p50") for result in results])),
                shown(median([result.get("throughput_per_s") for result in results])),
                shown(median([result.get("cpu_s_per_1000") for result in results])), len(results),
                sum(result["lost"] for result in results)), flush=True)


def all_turns(programs):
    """Petrel and slack-bolt's standard client in turns, on echoes and on commands in either shell."""
    if python_of("bolt") is None:
        return
    bots = {peer.name: peer for peer in peers(programs)}
    for load, ending, blocks in (("echo", "", BLOCKS + [STEADY]), ("run", "-sh", BLOCKS), ("run-bash", "", BLOCKS)):
        rivals = [bots[name + ending] for name in ("petrel-relaxed", "petrel-full")] + [bots["bolt-builtin"]]
        try:
            take_turns(rivals, load, blocks)
        except (RuntimeError, OSError) as error:
            print("skipped chat-turns load=%s: %s" % (load, " ".join(str(error).split())[-300:]), flush=True)


POST = {"slack": "chat.postMessage", "mattermost": "POST /posts"}


def scenarios(platform):
    """Faults, each with the orders that bring it about and when."""
    post = POST[platform]
    yield "none", []
    yield "100-deliveries-doubled", [(0.5, "ws_next", {"kind": "duplicate", "times": 100})]
    if platform == "slack":
        yield "3-refreshes", [(at, "ws", {"action": "refresh", "warning_seconds": 0.5}) for at in (1, 4, 7)]
    yield "3-sockets-dropped", [(at, "ws", {"action": "drop"}) for at in (1, 4, 7)]
    yield "3-sockets-reset", [(at, "ws", {"action": "rst"}) for at in (1, 4, 7)]
    yield "3-broken-frames", [(at, "ws", {"action": "malformed", "kind": "json"}) for at in (1, 4, 7)]
    yield "2-bad-opcodes", [(at, "ws", {"action": "malformed", "kind": "opcode"}) for at in (1, 5)]
    yield "30-posts-429", [(1, "faults", {"method": post, "kind": "ratelimited", "retry_after": 1, "times": 30})]
    yield "30-posts-500", [(1, "faults", {"method": post, "kind": "status", "status": 500, "times": 30})]
    yield "30-posts-reset-before", [(1, "faults", {"method": post, "kind": "reset", "times": 30})]
    yield "30-posts-reset-after", [(1, "faults", {"method": post, "kind": "reset_after", "times": 30})]
    yield "posts-300-ms-for-3-s", [(1, "faults", {"method": post, "kind": "delay", "ms": 300, "times": 150})]
    yield "half-open-socket", [(1, "ws", {"action": "stall"})]


def suffer(peer, rate=50, seconds=10, timeout=40):
    """The same steady load under faults: what is lost (no answer within the time-out), doubled and late."""
    rig = None
    try:
        for title, orders in scenarios(peer.platform):
            if rig is None or rig.bot.poll() is not None or call(rig.url, "health")["sockets"] == 0:
                if rig is not None:
                    rig.stop()
                rig = Rig(peer)
                rig.first_reply()
                time.sleep(0.5)
            timers = [threading.Timer(at, call, (rig.url, verb, order)) for at, verb, order in orders]
            for timer in timers:
                timer.start()
            result = run_load(rig.url, {
                "n": rate * seconds, "rate": rate, "template": peer.templates["echo"], "timeout": timeout,
                "max_seconds": seconds + timeout + 5, "linger": 4.0})
            for timer in timers:
                timer.cancel()
            is_alive = rig.bot.poll() is None
            print("chat-fault peer=%s fault=%s messages=%d lost=%d doubled=%d late=%d result_p50_ms=%s result_p99_ms=%s "
                  "alive=%s" % (
                      peer.name, title, result["messages"], result["lost"], result["messages_with_duplicates"],
                      result["late"], result["result_ms"].get("p50"), result["result_ms"].get("p99"),
                      "yes" if is_alive else "no"), flush=True)
            call(rig.url, "reset", {})
            if title == "half-open-socket":
                rig.stop()
                rig = None
    finally:
        if rig is not None:
            rig.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs")
    parser.add_argument("--peers", help="names, with commas between, `turns` for those in turns; all without it")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--faults", action="store_true", help="what faults do, instead of the loads")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="petrel-programs-") as folder:
        # The stripped program is what is installed.
        stripped = os.path.join(options.programs, "petrel-stripped")
        source = stripped if os.path.exists(stripped) else os.path.join(options.programs, "petrel")
        shutil.copy(source, os.path.join(folder, "petrel"))
        shutil.copy(os.path.join(options.programs, "petrel-shim"), folder)
        if not options.faults:
            for formats in (1000, 10000):
                subprocess.run([os.path.join(folder, "petrel"), "debug", "match", "--formats", str(formats)], check=False)
        wanted = options.peers.split(",") if options.peers else None
        for peer in peers(folder):
            if wanted and peer.name not in wanted or options.faults and (peer.name == "null-bot" or peer.name.endswith("-sh")):
                continue
            needs = next((name for name in PACKAGES if peer.name.startswith(name)), None)
            if needs and python_of(needs) is None:
                continue
            try:
                suffer(peer) if options.faults else measure(peer, options.runs, options.scale)
            except (RuntimeError, OSError) as error:
                print("skipped chat peer=%s: %s" % (peer.name, " ".join(str(error).split())[-300:]), flush=True)
        if not options.faults and (not wanted or "turns" in wanted):
            all_turns(folder)


if __name__ == "__main__":
    main()

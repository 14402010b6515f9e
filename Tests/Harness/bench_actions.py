"""Figures of actions, for bench.py: what the engine adds to a process, rates through the API, Python, SSH, memory.

Times are those that the executions themselves tell, from the request to the stored end, so that the client's own cost is
not in them. Rows whose program is missing say so.
"""

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request

from service import Client, Service

ENDED = ("succeeded", "failed", "timeout", "canceled", "abandoned")
PACK = {
    "packs/figures/pack.yaml": "ref: figures\nname: figures\ndescription: d\nversion: 1.0.0\nauthor: me\n",
    "packs/figures/actions/hello.yaml": "name: hello\nrunner_type: python-script\nentry_point: hello.py\nparameters:\n"
    "  name: {type: string, default: world}\n  sleep: {type: number, default: 0}\n",
    "packs/figures/actions/hello.py": "from st2common.runners.base_action import Action\n\n\nclass Hello(Action):\n"
    "    def run(self, name, sleep):\n        if sleep:\n            import time\n            time.sleep(sleep)\n"
    "        return 'hello ' + name\n",
}
POST = """
wrk.method = "POST"
wrk.body = '%s'
wrk.headers["Content-Type"] = "application/json"
"""


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def start(program, folder, **settings):
    for name, text in PACK.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
    service = Service(program, folder, {"PETREL_" + name: str(value) for name, value in settings.items()})
    service.start()
    return service


def run(client, action, parameters=None, is_waited=True, pause=0.001):
    """Milliseconds that an execution says it took; who asks for its end all the time takes the processor from it."""
    status, made = client.request("POST", "/v1/executions", {"action": action, "parameters": parameters or {}})
    if status != 201:
        raise RuntimeError("%s: %s" % (action, made))
    while is_waited:
        _, found = client.request("GET", "/v1/executions/%s?include_attributes=status,elapsed_seconds" % made["id"])
        if found["status"] in ENDED:
            if found["status"] != "succeeded":
                _, whole = client.request("GET", "/v1/executions/" + made["id"])
                raise RuntimeError("%s is %s: %s" % (action, found["status"], whole["result"]))
            return found["elapsed_seconds"] * 1000
        time.sleep(pause)
    return made["id"]


def times(client, action, parameters, seconds, least=20, pause=0.001):
    found = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(found) < least:
        found.append(run(client, action, parameters, pause=pause))
    return found


def one_spawn_ms():
    began = time.perf_counter()
    pid = os.posix_spawn("/bin/bash", ["/bin/bash", "-c", "true"], os.environ)
    os.waitpid(pid, 0)
    return (time.perf_counter() - began) * 1000


def spawn_ms(seconds):
    found = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        found.append(one_spawn_ms())
    return percentile(found, 0.5), 1000 * len(found) / sum(found)


def counter(service, name):
    with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % service.port) as response:
        found = re.search(r"^%s (\d+)$" % name, response.read().decode(), re.M)
    return int(found[1]) if found else 0


def beside_spawns(client, parameters, seconds, least=20):
    """Times of executions and of bare spawns of the same command, in turns: each finds the machine as the other does."""
    executions, spawns = [], []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(executions) < least:
        executions.append(run(client, "core.local", parameters))
        spawns.append(one_spawn_ms())
    return executions, spawns


def overhead(program, folder, seconds):
    """What the engine adds to a bare spawn of the same command, one execution at a time."""
    for durability in ("relaxed", "full"):
        service = start(program, os.path.join(folder, "overhead-" + durability), STORE_DURABILITY=durability)
        client = Client(service)
        run(client, "core.noop")
        before = counter(service, "petrel_store_flushes_total")
        noop = times(client, "core.noop", {}, seconds)
        flushes = (counter(service, "petrel_store_flushes_total") - before) / len(noop)
        true, spawns = beside_spawns(client, {"cmd": "true"}, seconds)
        bare = percentile(spawns, 0.5)
        print("action-overhead durability=%s spawn_ms=%.2f noop_p50_ms=%.2f noop_p99_ms=%.2f true_p50_ms=%.2f "
              "true_p99_ms=%.2f true_over_spawn_ms=%.2f flushes_per_noop=%.2f" % (
                  durability, bare, percentile(noop, 0.5), percentile(noop, 0.99), percentile(true, 0.5),
                  percentile(true, 0.99), percentile(true, 0.5) - bare, flushes), flush=True)
        service.stop()


def rates(program, folder, seconds):
    """Executions asked for over so many connections, until the last of them has ended."""
    if not shutil.which("wrk"):
        return print("action-rate skipped=wrk-is-not-installed", flush=True)
    for action, body in (
            ("noop", '{"action": "core.noop"}'), ("true", '{"action": "core.local", "parameters": {"cmd": "true"}}')):
        for connections in (1, 10, 50):
            service = start(program, os.path.join(folder, "rate-%s-%d" % (action, connections)))
            client = Client(service)
            run(client, "core.noop")
            _, bare = spawn_ms(1)
            script = os.path.join(service.folder, "load.lua")
            with open(script, "w") as file:
                file.write(POST % body)
            began = time.perf_counter()
            text = subprocess.run(
                ["wrk", "-t1", "-c%d" % connections, "-d%ds" % max(1, int(seconds)), "--timeout", "30s", "-H",
                 "X-Auth-Token: " + service.token, "-s", script, "http://127.0.0.1:%d/v1/executions" % service.port],
                capture_output=True, text=True, check=True).stdout
            count = int(re.search(r"(\d+) requests in", text)[1])
            while client.request(
                    "GET", "/v1/executions?limit=1&include_attributes=id&status=requested,scheduled,running,delayed")[1]:
                time.sleep(0.01)
            rate = count / (time.perf_counter() - began)
            print("action-rate action=%s durability=full connections=%d per_s=%.0f bare_spawns_per_s=%.0f "
                  "share_of_bare=%.2f" % (action, connections, rate, bare, rate / bare), flush=True)
            service.stop()


def python(program, folder, seconds):
    """A Python action that does nothing, started anew and forked by a warm worker."""
    for kind, workers in (("cold", 0), ("warm", 4)):
        service = start(program, os.path.join(folder, "python-" + kind), PYTHON_MAX_WORKERS=workers)
        client = Client(service)
        for _ in range(5):
            run(client, "figures.hello")
            time.sleep(0.3)
        found = times(client, "figures.hello", {}, seconds, least=50, pause=0.01)
        print("python-hello kind=%s p50_ms=%.1f p99_ms=%.1f count=%d" % (
            kind, percentile(found, 0.5), percentile(found, 0.99), len(found)), flush=True)
        service.stop()


def pss_kb(pid):
    try:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            return int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M)[1])
    except (OSError, TypeError):
        return 0


def processes_below(folder):
    """The shims of a data folder, and what they keep."""
    shims, children = [], []
    parents = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name) as file:
                parents[int(name)] = int(file.read().rpartition(")")[2].split()[1])
            with open("/proc/%s/cmdline" % name) as file:
                if file.read().startswith(os.path.join(os.path.dirname(folder), "petrel-shim")):
                    shims.append(int(name))
        except OSError:
            pass
    children = [pid for pid, parent in parents.items() if parent in shims]
    return shims, children


def memory(program, folder, count=50):
    """What a running action holds: in the service, in its shim, in its process."""
    for kind, action, parameters in (
            ("local", "core.local", {"cmd": "exec sleep 30"}), ("python-warm", "figures.hello", {"sleep": 30})):
        # The programs are copied beside the data, so that the shims of this run are told from others.
        place = os.path.join(folder, "memory-" + kind)
        os.makedirs(place)
        shutil.copy(program, os.path.join(place, "petrel"))
        shutil.copy(os.path.join(os.path.dirname(program), "petrel-shim"), os.path.join(place, "petrel-shim"))
        service = start(os.path.join(place, "petrel"), os.path.join(place, "data"))
        client = Client(service)
        for _ in range(5):
            run(client, "figures.hello")
            time.sleep(0.3)
        before = pss_kb(service.process.pid)
        ids = [run(client, action, parameters, is_waited=False) for _ in range(count)]
        end = time.monotonic() + 20
        while len(processes_below(service.folder)[1]) < count and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(1)
        shims, children = processes_below(service.folder)
        each = max(1, len(shims))
        print("action-memory kind=%s running=%d service_kb_each=%.0f shim_kb_each=%.0f process_kb_each=%.0f" % (
            kind, len(shims), (pss_kb(service.process.pid) - before) / each,
            sum(map(pss_kb, shims)) / each, sum(map(pss_kb, children)) / each), flush=True)
        for identity in ids:
            client.request("DELETE", "/v1/executions/" + identity)
        service.stop()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ssh(program, folder, hosts=100):
    """A command on many hosts at once: addresses of loopback, one server. The first time, then over kept connections."""
    server = shutil.which("sshd") or "/usr/sbin/sshd"
    if not os.path.exists(server):
        return print("ssh-hosts skipped=sshd-is-not-installed", flush=True)
    data = os.path.join(folder, "ssh")
    os.makedirs(data)
    os.makedirs("/run/sshd", exist_ok=True) if os.getuid() == 0 else None
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "%s/%s" % (data, name)], check=True)
    port = free_port()
    names = ["127.0.0.%d" % number for number in range(1, hosts + 1)]
    keepers = []
    # A server listens on 16 addresses at most.
    for begin in range(0, hosts, 15):
        config = "%s/config%d" % (data, begin)
        with open(config, "w") as file:
            file.write("".join("ListenAddress %s\n" % name for name in names[begin:begin + 15]))
            file.write(
                "Port %d\nHostKey %s/host\nAuthorizedKeysFile %s/user.pub\nPasswordAuthentication no\nStrictModes no\n"
                "KbdInteractiveAuthentication no\nUsePAM no\nPermitRootLogin yes\nPidFile none\nMaxStartups 500\n"
                "MaxSessions 500\nSetEnv HOME=%s\n" % (port, data, data, data))
        keepers.append(subprocess.Popen([server, "-D", "-f", config], stderr=subprocess.DEVNULL))
    with open(data + "/known_hosts", "w") as file:
        file.write("[127.0.0.*]:%d %s" % (port, open(data + "/host.pub").read()))
    service = start(program, data, SSH_KEY_FILE=data + "/user", SSH_MAX_PARALLEL=hosts)
    try:
        client = Client(service)
        parameters = {"cmd": "true", "hosts": ",".join(names), "port": port, "timeout": 120}
        found = [run(client, "core.remote", parameters) for _ in range(5)]
        one = [run(client, "core.remote", dict(parameters, hosts=names[0])) for _ in range(10)]
        # The second time makes the connections that are kept.
        print("ssh-hosts hosts=%d first_ms=%.0f making_connections_ms=%.0f shared_ms=%.0f one_host_shared_ms=%.0f" % (
            hosts, found[0], found[1], percentile(found[2:], 0.5), percentile(one, 0.5)), flush=True)
    finally:
        service.stop()
        for keeper in keepers:
            keeper.terminate()
            keeper.wait()


def run_all(program, folder, seconds):
    os.makedirs(folder, exist_ok=True)
    overhead(program, folder, seconds)
    rates(program, folder, seconds)
    python(program, folder, seconds)
    memory(program, folder)
    ssh(program, folder)

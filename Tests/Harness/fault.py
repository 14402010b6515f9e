"""Kills a real service at every fault point and at random, and holds what was seen against docs/delivery.md.

    fault.py PROGRAM points [--passes N] [--only POINT]
    fault.py PROGRAM random --kills N --seed S [--rate MESSAGES_PER_SECOND]
    fault.py PROGRAM sleeper
    fault.py PROGRAM full
    fault.py PROGRAM workflow [--passes N] [--only POINT]
    fault.py PROGRAM events [--passes N] [--only POINT]

Each ends with one line that is the figure; the exit code is 1 if the contract was broken.
"""

import argparse
import http.client
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from service import Client, Room, Service  # noqa: E402

# The points that only a service passes that takes up the work of a dead one.
RECOVERY = ["recovery.before-adopt", "recovery.after-adopt"]
# The points on a workflow's way; the first two kinds only workflows pass.
WORKFLOW = ["workflow.", "inquiry.", "submission.", "completion.", "run.", "store.", "replies."]
# Other replies are committed with the end that they tell of.
WORKFLOW_ONLY = ("workflow.", "inquiry.", "replies.")


# The points on the way of an event; messages in a room don't pass them.
EVENT_PREFIXES = ("event.", "timer.", "key.", "watch.", "sensor.")
# Answers to other platforms; those to a room are lines of it with the transaction that makes them. ChatPlatformTests kills
# services at these.
OUTBOX_PREFIX = ("outbox.",)


class Ledger:
    """What was asked, and what the commands did: each appends its own name to a file."""

    def __init__(self, folder):
        self.folder = folder
        self.file = os.path.join(folder, "side-effects")
        self.asked = []
        self.rooms = set()
        self.lock = threading.Lock()

    def command(self, name, kind):
        append = "echo %s >> %s" % (name, self.file)
        return {
            "runs": "!run %s; printf %s-done" % (append, name),
            "slow": "!run %s; sleep 0.3; printf %s-done" % (append, name),
            "fails": "!run %s; exit 3" % append,
            "python": "!append %s" % name,
        }[kind]

    def note(self, room, key, name, kind):
        with self.lock:
            self.asked.append((room, key, name, kind))

    def lines(self):
        if not os.path.exists(self.file):
            return []
        with open(self.file) as file:
            return file.read().split()

    def final(self, room, key, seconds):
        """The final answer; waited for as long as any room still gets answers, for a busy machine takes its time."""
        began = time.monotonic()
        while True:
            found = room.wait_final(key, 0.5)
            latest = max([began] + [other.posts[-1][0] for other in self.rooms if other.posts])
            if found or time.monotonic() - latest > seconds:
                return found

    def check(self, seconds=60):
        """Compares with the contract; gives counts and sentences about what is wrong.

        What has no answer although none came to anybody for so many seconds is lost."""
        wrong = {"lost": 0, "duplicated": 0, "ran_twice": 0, "disorder": 0, "false": 0, "abandoned": 0}
        notes = []

        def blame(what, sentence):
            wrong[what] += 1
            notes.append("%s: %s" % (what, sentence))

        self.rooms = {room for room, _, _, _ in self.asked}
        for room, key, name, kind in self.asked:
            if self.final(room, key, seconds) is None:
                blame("lost", "%s (%s) has no final answer" % (name, kind))
        lines = self.lines()
        for room, key, name, kind in self.asked:
            answers = room.answers(key)
            finals = [post for post in answers if post["is_final"]]
            acks = [post for post in answers if post["kind"] == "ack"]
            if len(finals) > 1 or len(acks) > 1:
                blame("duplicated", "%s has %d final answers and %d acks" % (name, len(finals), len(acks)))
            if finals and acks and finals[0]["sequence"] < acks[0]["sequence"]:
                blame("disorder", "%s was answered before it was acknowledged" % name)
            if kind in ("runs", "slow", "fails", "python"):
                count = lines.count(name)
                if count > 1:
                    blame("ran_twice", "%s ran %d times" % (name, count))
                status = finals[0].get("status") if finals else None
                wanted = "failed" if kind == "fails" else "succeeded"
                if status == "abandoned":
                    wrong["abandoned"] += 1
                elif finals and (status != wanted or count != 1):
                    blame("false", "%s is said to be %s and ran %d times" % (name, status, count))
        return wrong, notes


def open_executions(service):
    """How many executions are not completed; asked until none is, for a while."""
    client = Client(service)
    end = time.monotonic() + 20
    while True:
        _, found = client.persistently(
            "GET", "/v1/executions?limit=-1&include_attributes=id,status"
            "&status=requested,scheduled,running,canceling,delayed,pausing,paused,resuming,pending")
        if not found or time.monotonic() > end:
            return len(found)
        time.sleep(0.1)


def keeper(service, stop, after=None):
    """Starts the service again whenever it has died, until told to stop; `after` says with which fault."""
    while not stop.is_set():
        if service.process.poll() is not None:
            fault = after.pop(0) if after else None
            service.start(fault, wait=False)
        stop.wait(0.02)


def write_pack(folder):
    """A command whose parameter has to be asked for."""
    files = {
        "pack.yaml": "name: mine\nref: mine\nversion: 1.0.0\ndescription: Mine.\nauthor: me\nemail: me@example.com\n",
        "actions/say.yaml": "name: say\nrunner_type: local-shell-cmd\nenabled: true\nparameters:\n"
        "  text: {type: string, required: true}\n"
        "  cmd: {immutable: true, default: \"echo {{text}} >> %s/side-effects; printf {{text}}-done\"}\n" % folder,
        "aliases/speak.yaml": "name: speak\naction_ref: mine.say\nformats: [\"say {{text}}\", speak]\n",
        "actions/append.yaml": "name: append\nrunner_type: python-script\nentry_point: append.py\nparameters:\n"
        "  text: {type: string, required: true}\n",
        "actions/append.py": "import os\nfrom st2common.runners.base_action import Action\n\n\nclass Append(Action):\n"
        "    def run(self, text):\n"
        "        with open('%s/side-effects', 'a') as file:\n"
        "            file.write(text + '\\n')\n"
        "        return 'forked' if '--child' in open('/proc/%%d/cmdline' %% os.getppid()).read() else 'started'\n"
        % folder,
        "aliases/append.yaml": "name: append\naction_ref: mine.append\nformats: [\"append {{text}}\"]\n"
        "result: {format: \"{{ execution.result.result }}\"}\n",
    }
    for name, text in files.items():
        path = os.path.join(folder, "packs", "mine", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)


def warm_up(room):
    """Has Python actions run until one was forked by a worker."""
    for number in range(50):
        final = room.wait_final(room.say("!append warm%d" % number), 60)
        if final is not None and "forked" in final[1].get("text", ""):
            return


def scenario(service, rooms):
    """Commands of every kind in two rooms; gives the ledger."""
    ledger = Ledger(service.folder)
    warm_up(rooms[0])
    for number in range(24):
        room = rooms[number % len(rooms)]
        name = "c%d" % number
        kind = ["runs", "slow", "fails", "python", "unmatched", "refused", "help", "asks"][number % 8]
        if kind == "unmatched":
            key = room.say("!no such command as %s" % name)
        elif kind == "refused":
            key = room.say("!run true", user="mallory")
        elif kind == "help":
            key = room.say("!help")
        elif kind == "asks":
            question = room.say("!speak")
            ledger.note(room, question, name + "-question", "help")
            room.wait_final(question, 60)
            key, kind = room.say(name), "runs"
        else:
            key = room.say(ledger.command(name, kind))
        ledger.note(room, key, name, kind)
    return ledger


def make_action(service):
    """An action made over the API; a kill in between leaves it whole or not there, and asking again makes it."""
    body = {"name": "made", "runner_type": "noop", "description": "made"}
    status, answer = Client(service).persistently("POST", "/v1/actions", body)
    if status not in (201, 409):
        raise RuntimeError("no action was made: %s %s" % (status, answer))
    status, action = Client(service).persistently("GET", "/v1/actions/default.made")
    return status == 200 and action["description"] == "made"


def run_points(program, passes, only):
    listed = subprocess.run([program, "debug", "fault-points"], capture_output=True, text=True, check=True)
    points = [point for point in listed.stdout.split()
              if (not only or point == only) and not point.startswith(WORKFLOW_ONLY + EVENT_PREFIXES + OUTBOX_PREFIX)]
    total = {"lost": 0, "duplicated": 0, "ran_twice": 0, "disorder": 0, "false": 0, "abandoned": 0}
    runs = unreached = stuck = 0
    for point in points:
        for number in passes:
            first = "run.after-spawn:2:kill" if point in RECOVERY else "%s:%d:kill" % (point, number)
            faults = ["%s:%d:kill" % (point, number)] if point in RECOVERY else []
            folder = tempfile.mkdtemp(prefix="petrel-fault-")
            write_pack(folder)
            service = Service(program, folder)
            service.start(first)
            stop = threading.Event()
            watcher = threading.Thread(target=keeper, args=(service, stop, faults))
            watcher.start()
            rooms = [Room(service, "one"), Room(service, "two")]
            try:
                ledger = scenario(service, rooms)
                is_made = make_action(service)
                wrong, notes = ledger.check()
                if not is_made:
                    wrong["lost"] += 1
                    notes.append("lost: the action that was made is not there, or not whole")
                left = open_executions(service)
            finally:
                stop.set()
                watcher.join()
                for room in rooms:
                    room.close()
                service.kill()
            runs += 1
            stuck += left
            if service.starts < (3 if point in RECOVERY else 2):
                # A point that is passed less often than N times is no fault of the service.
                unreached += 1 if number == passes[0] else 0
                if number == passes[0]:
                    print("unreached %s" % point)
            bad = {name: count for name, count in wrong.items() if count and name != "abandoned"}
            if bad or left:
                print("point=%s pass=%d %s stuck=%d (see %s)" % (point, number, bad, left, folder))
                print("\n".join("  " + note for note in notes))
            else:
                shutil.rmtree(folder, ignore_errors=True)
            for name, count in wrong.items():
                total[name] += count
    print("fault-points points=%d runs=%d unreached=%d lost=%d duplicated=%d ran_twice=%d disorder=%d false=%d "
          "abandoned=%d stuck=%d" % (len(points), runs, unreached, total["lost"], total["duplicated"],
                                     total["ran_twice"], total["disorder"], total["false"], total["abandoned"], stuck))
    return not (unreached or stuck or any(count for name, count in total.items()))


def run_random(program, kills, seed, rate):
    """Kills at random times under load, from many rooms at once."""
    chance = random.Random(seed)
    folder = tempfile.mkdtemp(prefix="petrel-random-")
    write_pack(folder)
    service = Service(program, folder)
    service.start()
    rooms = [Room(service, "r%d" % number) for number in range(10)]
    ledger = Ledger(folder)
    finished = threading.Event()

    def speak(room, seed):
        chance = random.Random(seed)
        number = 0
        while not finished.is_set():
            name = "%s-%d" % (room.name, number)
            kind = chance.choice(["runs", "runs", "slow", "fails", "python", "unmatched"])
            text = "!nothing like %s" % name if kind == "unmatched" else ledger.command(name, kind)
            ledger.note(room, room.say(text), name, kind)
            number += 1
            finished.wait(chance.expovariate(rate / len(rooms)))

    speakers = [
        threading.Thread(target=speak, args=(room, seed * 1000 + index)) for index, room in enumerate(rooms)]
    for speaker in speakers:
        speaker.start()
    slowest = 0
    for number in range(kills):
        time.sleep(chance.uniform(0.05, 0.9))
        service.kill()
        began = time.monotonic()
        service.start()
        slowest = max(slowest, time.monotonic() - began)
        if (number + 1) % 100 == 0:
            print("kills=%d messages=%d" % (number + 1, len(ledger.asked)), flush=True)
    finished.set()
    for speaker in speakers:
        speaker.join()
    wrong, notes = ledger.check()
    stuck = open_executions(service)
    for room in rooms:
        room.close()
    code = service.stop()
    for note in notes[:20]:
        print("  " + note)
    print("fault-random kills=%d messages=%d lost=%d duplicated=%d ran_twice=%d disorder=%d false=%d abandoned=%d "
          "stuck=%d exit=%d slowest_start_s=%.2f seed=%d" % (
              kills, len(ledger.asked), wrong["lost"], wrong["duplicated"], wrong["ran_twice"], wrong["disorder"],
              wrong["false"], wrong["abandoned"], stuck, code, slowest, seed))
    good = not (stuck or code or any(wrong.values()))
    if good:
        shutil.rmtree(folder, ignore_errors=True)
    return good


FLOW_PACK = {
    "packs/flow/pack.yaml": "ref: flow\nname: flow\ndescription: for faults\nversion: 1.0.0\nauthor: me\nemail: me@x.org\n",
    "packs/flow/actions/main.yaml": (
        "name: main\nrunner_type: orquesta\nentry_point: workflows/main.yaml\nparameters:\n"
        "  name: {type: string, required: true}\n"),
    "packs/flow/actions/sub.yaml": (
        "name: sub\nrunner_type: orquesta\nentry_point: workflows/sub.yaml\nparameters:\n"
        "  name: {type: string, required: true}\n"),
    "packs/flow/actions/ask.yaml": "name: ask\nrunner_type: inquirer\nparameters: {}\n",
    "packs/flow/actions/tell.yaml": (
        "name: tell\nrunner_type: action-chain\nentry_point: workflows/tell.yaml\nparameters:\n"
        "  name: {type: string, required: true}\n"),
    "packs/flow/actions/workflows/main.yaml": """
version: 1.0
input: [name]
tasks:
  begin:
    action: core.local
    input: {cmd: echo <% ctx().name %>-begin >> FILE}
    next: [{when: <% succeeded() %>, do: [left, right, items]}]
  left:
    action: core.local
    input: {cmd: echo <% ctx().name %>-left >> FILE}
    next: [{when: <% succeeded() %>, do: both}]
  right:
    action: flow.sub
    input: {name: <% ctx().name %>}
    next: [{when: <% succeeded() %>, do: both}]
  items:
    with: {items: "<% list(0, 1, 2) %>", concurrency: 2}
    action: core.local
    input: {cmd: "echo <% ctx().name %>-item<% item() %> >> FILE"}
    next: [{when: <% succeeded() %>, do: both}]
  both:
    join: all
    action: flow.ask
    next: [{when: <% succeeded() %>, do: last}]
  last:
    action: flow.tell
    input: {name: <% ctx().name %>}
""",
    "packs/flow/actions/workflows/sub.yaml": """
version: 1.0
input: [name]
tasks:
  one:
    action: core.local
    input: {cmd: echo <% ctx().name %>-sub1 >> FILE}
    next: [{when: <% succeeded() %>, do: two}]
  two:
    action: core.local
    input: {cmd: echo <% ctx().name %>-sub2 >> FILE}
""",
    "packs/flow/actions/workflows/tell.yaml": """
chain:
  - {name: one, ref: core.local, parameters: {cmd: "echo {{ name }}-last1 >> FILE"}, on-success: two}
  - {name: two, ref: core.local, parameters: {cmd: "echo {{ name }}-last2 >> FILE"}}
""",
    "aliases/flow/start.yaml": (
        "name: start\naction_ref: flow.main\ndescription: Start it\nformats:\n  - \"flow {{name}}\"\n"),
}
FLOW_STEPS = ["begin", "left", "item0", "item1", "item2", "sub1", "sub2", "last1", "last2"]


def answer_inquiries(service, stop):
    """Says yes to every inquiry, again and again: an answer that was lost is given anew."""
    client = Client(service)
    while not stop.is_set():
        try:
            _, found = client.request("GET", "/v1/inquiries")
            for inquiry in found if isinstance(found, list) else []:
                client.request("PUT", "/v1/inquiries/" + inquiry["id"],
                               {"id": inquiry["id"], "response": {"continue": True}})
        except Exception:
            pass
        stop.wait(0.1)


def run_workflow(program, passes, only):
    """Kills the service on the way of workflows with forks, lists, a workflow and a chain below, and a question."""
    listed = subprocess.run([program, "debug", "fault-points"], capture_output=True, text=True, check=True)
    points = [point for point in listed.stdout.split()
              if (not only or point == only) and point.startswith(tuple(WORKFLOW))
              # Only Python actions come by it, and there are none in this one.
              and point != "run.after-ask"]
    total = {"lost": 0, "ran_twice": 0, "false": 0, "abandoned": 0, "stuck": 0}
    runs = unreached = 0
    for point in points:
        for number in passes:
            folder = tempfile.mkdtemp(prefix="petrel-flow-")
            effects = os.path.join(folder, "side-effects")
            for name, text in FLOW_PACK.items():
                os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
                with open(os.path.join(folder, name), "w") as file:
                    file.write(text.replace("FILE", effects))
            service = Service(program, folder)
            service.start("%s:%d:kill" % (point, number))
            stop = threading.Event()
            threads = [threading.Thread(target=keeper, args=(service, stop)),
                       threading.Thread(target=answer_inquiries, args=(service, stop))]
            for thread in threads:
                thread.start()
            rooms = [Room(service, "one"), Room(service, "two")]
            wrong, notes = dict.fromkeys(total, 0), []
            try:
                asked = [(room, room.say("!flow w%d" % index), "w%d" % index)
                         for index, room in enumerate(rooms * 2)]
                for room, key, name in asked:
                    final = room.wait_final(key, 30)
                    status = final[1].get("status") if final else None
                    lines = open(effects).read().split() if os.path.exists(effects) else []
                    counts = {step: lines.count("%s-%s" % (name, step)) for step in FLOW_STEPS}
                    if final is None:
                        wrong["lost"] += 1
                    elif status == "abandoned":
                        wrong["abandoned"] += 1
                    elif status != "succeeded" or any(count != 1 for count in counts.values()):
                        wrong["false"] += 1
                        notes.append("%s is %s: %s %s" % (name, status, counts, final[1].get("text", "")[:300]))
                    wrong["ran_twice"] += sum(1 for count in counts.values() if count > 1)
                wrong["stuck"] = open_executions(service)
            finally:
                stop.set()
                for thread in threads:
                    thread.join()
                for room in rooms:
                    room.close()
                service.kill()
            runs += 1
            if service.starts < 2 and number == passes[0]:
                unreached += 1
                print("unreached %s" % point)
            if any(wrong.values()):
                print("point=%s pass=%d %s (see %s)" % (point, number, wrong, folder))
                print("\n".join("  " + note for note in notes))
            else:
                shutil.rmtree(folder, ignore_errors=True)
            for name, count in wrong.items():
                total[name] += count
    print("fault-workflow points=%d runs=%d unreached=%d lost=%d ran_twice=%d stuck=%d false=%d abandoned=%d" % (
        len(points), runs, unreached, total["lost"], total["ran_twice"], total["stuck"], total["false"],
        total["abandoned"]))
    return not (unreached or any(total.values()))


def run_sleeper(program):
    """A service that is killed while a command runs delivers its result after the next start."""
    folder = tempfile.mkdtemp(prefix="petrel-sleeper-")
    service = Service(program, folder)
    service.start()
    room = Room(service, "one")
    key = room.say("!run sleep 3; echo done")
    time.sleep(1)
    service.kill()
    time.sleep(1)
    service.start()
    final = room.wait_final(key, 20)
    text = final[1]["text"] if final else ""
    good = final is not None and final[1].get("status") == "succeeded" and "stdout : done" in text
    room.close()
    good = service.stop() == 0 and good
    print("fault-sleeper delivered=%d" % good)
    shutil.rmtree(folder, ignore_errors=True)
    return good


HOOK_RULE = """
name: hook
enabled: true
trigger: {type: core.st2.webhook, parameters: {url: fault}}
criteria: {trigger.body.kind: {type: equals, pattern: act}}
action: {ref: core.local, parameters: {cmd: "echo {{ trigger.body.name }} >> %s"}}
"""
TICK_RULE = """
name: tick
enabled: true
trigger: {type: core.st2.IntervalTimer, parameters: {unit: seconds, delta: 1}}
action: {ref: core.local, parameters: {cmd: "echo '{{ trigger.executed_at }}' >> %s"}}
"""
END_RULE = """
name: end
enabled: true
trigger: {type: core.st2.generic.actiontrigger}
criteria:
  trigger.action_name: {type: equals, pattern: core.local}
  trigger.parameters.cmd: {type: regex, pattern: "^echo w"}
action: {ref: core.local, parameters: {cmd: "echo {{ trigger.execution_id }} >> %s"}}
"""


KEY_RULE = """
name: key
enabled: true
trigger: {type: core.st2.key_value_pair.create}
criteria: {trigger.object.name: {type: startswith, pattern: w}}
action: {ref: core.local, parameters: {cmd: "echo {{ trigger.object.name }} >> %s"}}
"""
LINE_RULE = """
name: line
enabled: true
trigger: {type: linux.file_watch.line, parameters: {file_path: "%s"}}
action: {ref: core.local, parameters: {cmd: "echo {{ trigger.line }} >> %s"}}
"""
EXIT_RULE = """
name: exit
enabled: true
trigger: {type: core.st2.sensor.process_exit}
action: {ref: core.local, parameters: {cmd: "echo {{ trigger.timestamp }} {{ trigger.exit_code }} >> %s"}}
"""
# Fails after a while, and says so in a file just before.
SENSOR = """
import os
import time

from st2reactor.sensor.base import Sensor


class Failing(Sensor):
    def setup(self):
        pass

    def run(self):
        time.sleep(0.2)
        with open(%r, "a") as file:
            file.write("%%d\\n" %% os.getpid())
        raise ValueError("it fails")

    def cleanup(self):
        pass

    def add_trigger(self, trigger):
        pass

    update_trigger = remove_trigger = add_trigger
"""


def write_sensor(folder, failed):
    place = os.path.join(folder, "packs", "fault", "sensors")
    os.makedirs(place)
    with open(os.path.join(place, "failing.py"), "w") as file:
        file.write(SENSOR % failed)
    with open(os.path.join(place, "failing.yaml"), "w") as file:
        file.write("class_name: Failing\nentry_point: failing.py\n")


def write_rules(folder, files):
    pack = os.path.join(folder, "packs", "fault")
    os.makedirs(os.path.join(pack, "rules"))
    with open(os.path.join(pack, "pack.yaml"), "w") as file:
        file.write("name: fault\ndescription: faults\nversion: 1.0.0\nauthor: tests\n")
    for name, text in files.items():
        with open(os.path.join(pack, "rules", name + ".yaml"), "w") as file:
            file.write(text)


def lines(path):
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return file.read().splitlines()


def wait_until(is_done, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_done():
            return True
        time.sleep(0.05)
    return False


def count_rows(folder, query):
    """What a query on the service's database counts; 0 while it can't be read."""
    try:
        database = sqlite3.connect("file:%s?mode=ro" % os.path.join(folder, "petrel.db"), uri=True, timeout=1)
        try:
            return database.execute(query).fetchone()[0]
        finally:
            database.close()
    except sqlite3.Error:
        return 0


EXTRA_RULE = """
name: extra%d
enabled: true
trigger: {type: core.st2.webhook, parameters: {url: fault}}
action: {ref: core.noop}
"""


def event_round(program, fault, is_crowded):
    """One service that is killed on the way of its events; gives what is wrong, and how often it was started."""
    folder = tempfile.mkdtemp(prefix="petrel-events-")
    paths = {
        name: os.path.join(folder, "seen-" + name)
        for name in ("hooks", "ticks", "ends", "keys", "lines", "exits", "failed", "log")}
    open(paths["log"], "w").close()
    write_rules(folder, {
        "hook": HOOK_RULE % paths["hooks"], "tick": TICK_RULE % paths["ticks"], "end": END_RULE % paths["ends"],
        "key": KEY_RULE % paths["keys"], "line": LINE_RULE % (paths["log"], paths["lines"]),
        "exit": EXIT_RULE % paths["exits"],
        # So many rules are left to the loop, which finds the instance in the store.
        **({"extra%d" % number: EXTRA_RULE % number for number in range(17)} if is_crowded else {})})
    # A sensor fails all the time, which takes its time: only where it matters.
    is_sensor = fault.startswith("sensor.")
    if is_sensor:
        write_sensor(folder, paths["failed"])
    service = Service(program, folder)
    service.start(fault)
    stop = threading.Event()
    watcher = threading.Thread(target=keeper, args=(service, stop))
    watcher.start()
    acknowledged, sent = set(), set()
    set_keys, logged = set(), []
    client = Client(service)
    try:
        # The file is known before the first line is added: what it holds then is not told.
        wait_until(lambda: count_rows(folder, "SELECT count(*) FROM watch_state"))
        for number in range(12):
            with open(paths["log"], "a") as file:
                file.write("line%d\n" % number)
            logged.append("line%d" % number)
            # Setting a key again is an update: only the first time is told here, so it may be repeated.
            client.persistently("PUT", "/v1/keys/w%d" % number, {"name": "w%d" % number, "value": "x"})
            set_keys.add("w%d" % number)
            for attempt in range(400):
                # An answer that was lost tells nothing, so each try has a name of its own.
                name = "w%d-%d" % (number, attempt)
                sent.add(name)
                try:
                    status, _ = client.request("POST", "/v1/webhooks/fault", {"kind": "act", "name": name})
                except (OSError, ValueError, http.client.HTTPException):
                    status = 0
                if status == 202:
                    acknowledged.add(name)
                    break
                time.sleep(0.05)
        wait_until(lambda: acknowledged <= set(lines(paths["hooks"])))
        wait_until(lambda: len(lines(paths["ticks"])) >= 2)
        wait_until(lambda: len(lines(paths["ends"])) >= len(lines(paths["hooks"])))
        wait_until(lambda: set_keys <= set(lines(paths["keys"])))
        wait_until(lambda: len(lines(paths["lines"])) >= len(logged))
        if is_sensor:
            wait_until(lambda: len(lines(paths["exits"])) >= 3)
            # With the sensor off no further run begins; one that this ends has not failed.
            _, sensor = client.persistently("GET", "/v1/sensortypes/fault.Failing")
            client.persistently("PUT", "/v1/sensortypes/fault.Failing", dict(sensor, enabled=False))
            wait_until(lambda: len(lines(paths["exits"])) >= len(lines(paths["failed"])))
        left = open_executions(service)
        _, ticks = client.persistently("GET", "/v1/ruleenforcements?rule_ref=fault.tick&limit=-1")
        _, pending = client.persistently("GET", "/v1/triggerinstances?status=pending")
        wait_until(lambda: len(lines(paths["ticks"])) >= len(ticks), 10)
    finally:
        stop.set()
        watcher.join()
        service.kill()
    hooks, ended, ticked = lines(paths["hooks"]), lines(paths["ends"]), lines(paths["ticks"])
    runs = count_rows(folder, "SELECT count(*) FROM given_name WHERE name LIKE 'exit %'")
    keys, told, exits, failed = (lines(paths[name]) for name in ("keys", "lines", "exits", "failed"))
    wrong = {
        "lost": len(acknowledged - set(hooks)) + max(0, len(ticks) - len(ticked)) + len(pending)
        + max(0, len(hooks) - len(ended)) + len(set_keys - set(keys)) + len(set(logged) - set(told))
        + max(0, len(failed) - len(exits)),
        "fired_twice": sum(len(each) - len(set(each)) for each in (hooks, ended, ticked, keys, told))
        # Two ends may be told in one second, so they are counted by the names of the runs.
        + max(0, len(exits) - runs) + len(set(hooks) - sent),
        "stuck": left,
    }
    if not any(wrong.values()):
        shutil.rmtree(folder, ignore_errors=True)
    return wrong, service.starts, folder


def run_events(program, passes, only):
    """Each acknowledged webhook, each time of a timer and each end of an action starts its action once, whatever dies."""
    listed = subprocess.run([program, "debug", "fault-points"], capture_output=True, text=True, check=True)
    points = [
        point for point in listed.stdout.split()
        if (not only or point == only) and point.startswith(EVENT_PREFIXES + ("completion.", "store."))]
    total = {"lost": 0, "fired_twice": 0, "stuck": 0}
    runs = unreached = 0
    for point in points:
        for number in passes:
            wrong, starts, folder = event_round(
                program, "%s:%d:kill" % (point, number), is_crowded="handle" in point)
            runs += 1
            if starts < 2 and number == passes[0]:
                unreached += 1
                print("unreached %s" % point)
            if any(wrong.values()):
                print("point=%s pass=%d %s (see %s)" % (point, number, wrong, folder))
            for name, count in wrong.items():
                total[name] += count
    print("fault-events points=%d runs=%d unreached=%d lost=%d fired_twice=%d stuck=%d" % (
        len(points), runs, unreached, total["lost"], total["fired_twice"], total["stuck"]))
    return not (unreached or any(total.values()))


def run_full(program):
    """The disk fills while a command runs: refused clearly, nothing lost, nothing run twice, goes on by itself."""
    folder = tempfile.mkdtemp(prefix="petrel-full-")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], stderr=subprocess.DEVNULL)
    if mounted.returncode:
        print("skipped fault-full: a small file system can be mounted by root only")
        return True
    traces = tempfile.mkdtemp(prefix="petrel-full-traces-")
    wrong = []
    try:
        for restarts in (False, True):
            count = os.path.join(traces, "count-%d" % restarts)
            data = os.path.join(folder, "data-%d" % restarts)
            os.mkdir(data)
            service = Service(program, data)
            service.start()
            room = Room(service, "one")
            key = room.say("!run echo ran >> %s; sleep 2; echo over" % count)
            time.sleep(0.5)
            filler = os.path.join(folder, "filler")
            with open(filler, "wb", buffering=0) as file:
                try:
                    while True:
                        file.write(b"x" * 4096)
                except OSError:
                    pass
            client = Client(service)
            refused = os.path.join(traces, "refused-%d" % restarts)
            status, answer = 201, None
            for attempt in range(200):
                # Some pages of the log may still be free.
                status, answer = client.request(
                    "POST", "/v1/rooms/two/messages", {"key": "refused-%03d" % attempt, "text": "!run true"})
                if status != 201:
                    break
            key_refused = "refused-last"
            status, answer = client.request(
                "POST", "/v1/rooms/two/messages", {"key": key_refused, "text": "!run echo ran >> " + refused})
            if status != 503 or "full" not in str(answer):
                wrong.append("a command on a full disk was answered %s %s" % (status, answer))
            status, _ = client.request("GET", "/readyz")
            if status != 503:
                wrong.append("/readyz said %s on a full disk" % status)
            time.sleep(3)
            if restarts:
                service.stop()
                os.unlink(filler)
                service.start()
            else:
                os.unlink(filler)
            final = room.wait_final(key, 30)
            if final is None or final[1].get("status") != "succeeded":
                wrong.append("the command that ran meanwhile was answered %s" % (final,))
            status, _ = Client(service).persistently("GET", "/readyz")
            if status != 200:
                wrong.append("/readyz said %s after space came back" % status)
            after = room.say("!run echo again")
            if room.wait_final(after, 30) is None:
                wrong.append("no answer after space came back")
            if open(count).read().split() != ["ran"]:
                wrong.append("the command ran %s" % open(count).read().split())
            if not restarts and os.path.exists(refused):
                wrong.append("a refused command ran later")
            room.close()
            service.stop()
    finally:
        service.kill()
        subprocess.run(["umount", "-l", folder])
        shutil.rmtree(traces, ignore_errors=True)
    print("\n".join("  " + sentence for sentence in wrong))
    print("fault-full rounds=2 violations=%d" % len(wrong))
    return not wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("suite", choices=["points", "random", "sleeper", "full", "workflow", "events"])
    parser.add_argument("--passes", type=lambda text: [int(part) for part in text.split(",")], default=[1, 3])
    parser.add_argument("--only")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=50)
    options = parser.parse_args()
    if options.suite == "points":
        good = run_points(options.program, options.passes, options.only)
    elif options.suite == "workflow":
        good = run_workflow(options.program, options.passes, options.only)
    elif options.suite == "events":
        good = run_events(options.program, options.passes, options.only)
    elif options.suite == "sleeper":
        good = run_sleeper(options.program)
    elif options.suite == "full":
        good = run_full(options.program)
    else:
        good = run_random(options.program, options.kills, options.seed, options.rate)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

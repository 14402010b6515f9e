"""Events against a running service: what must not be taken, and sensors of a pack.

    event_checks.py hostile PROGRAM
    event_checks.py sensors PROGRAM
    event_checks.py notices PROGRAM

Each starts a service of its own and prints one line that is the figure.
"""

import hashlib
import hmac
import http.client
import json
import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from service import Client, Service  # noqa: E402

PACK = "name: %s\ndescription: a test\nversion: 1.0.0\nauthor: tests\n"


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def post(service, path, body, **headers):
    """One request as it is; the status of the answer, 0 when the connection was closed."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    try:
        connection.request("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def until(is_true, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = is_true()
        if found:
            return found
        time.sleep(0.1)
    return is_true()


def signed(scheme, secret, body, at=None):
    if scheme == "github":
        return {"X_Hub_Signature_256": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()}
    if scheme == "gitlab":
        return {"X_Gitlab_Token": secret.decode()}
    text = str(int(at))
    base = b"v0:" + text.encode() + b":" + body
    return {"X_Slack_Request_Timestamp": text,
            "X_Slack_Signature": "v0=" + hmac.new(secret, base, hashlib.sha256).hexdigest()}


def hostile(program):
    folder = tempfile.mkdtemp(prefix="petrel-hostile-")
    secret = b"s3cret"
    write(folder, "secret", secret.decode())
    write(folder, "packs/host/pack.yaml", PACK % "host")
    canary = os.path.join(folder, "canary")
    rule = """
name: %s
enabled: true
trigger: {type: core.st2.webhook, parameters: {url: %s}}
action: {ref: core.local, parameters: {cmd: "printf '%%s\\\\n' {{ trigger.body.x }}"}}
"""
    for url in ("plain", "gh", "gl", "sl"):
        write(folder, "packs/host/rules/%s.yaml" % url, rule % (url, url))
    service = Service(program, folder, {
        "PETREL_WEBHOOKS_SIGNED": "gh github secret,gl gitlab secret,sl slack secret"})
    service.start()
    client = Client(service)
    token = {"X_Auth_Token": service.token}
    json_type = {"Content_Type": "application/json"}
    refused = []

    def wants_refusal(name, status):
        if status and status < 400:
            refused.append(name)

    try:
        good = json.dumps({"x": "fine"}).encode()
        # What must be taken.
        now = time.time()
        taken = [
            post(service, "/v1/webhooks/plain", good, **token, **json_type),
            post(service, "/v1/webhooks/gh", good, **signed("github", secret, good), **json_type),
            post(service, "/v1/webhooks/gl", good, **signed("gitlab", secret, good), **json_type),
            post(service, "/v1/webhooks/sl", good, **signed("slack", secret, good, now), **json_type),
        ]
        # What must not.
        wants_refusal("no token", post(service, "/v1/webhooks/plain", good, **json_type))
        wants_refusal("wrong token", post(service, "/v1/webhooks/plain", good, X_Auth_Token="x" * 32, **json_type))
        wants_refusal("wrong key", post(service, "/v1/webhooks/plain", good, St2_Api_Key="x" * 64, **json_type))
        wants_refusal("generic without token", post(
            service, "/v1/webhooks/st2", b'{"trigger": "core.st2.generic.actiontrigger"}', **json_type))
        wants_refusal("10 MB", post(service, "/v1/webhooks/plain", b'{"x": "' + b"a" * (10 << 20) + b'"}', **token,
                                    **json_type))
        wants_refusal("deep", post(service, "/v1/webhooks/plain", b"[" * 100000 + b"]" * 100000, **token, **json_type))
        wants_refusal("half", post(service, "/v1/webhooks/plain", b'{"x": ', **token, **json_type))
        wants_refusal("no type of ours", post(service, "/v1/webhooks/plain", b"x", **token, Content_Type="image/png"))
        wants_refusal("unknown", post(service, "/v1/webhooks/other", good, **token, **json_type))
        wants_refusal("up and out", post(service, "/v1/webhooks/../../keys", good, **token, **json_type))
        for url, scheme in (("gh", "github"), ("gl", "gitlab"), ("sl", "slack")):
            wants_refusal(url + " unsigned", post(service, "/v1/webhooks/" + url, good, **json_type))
            wants_refusal(url + " token only", post(service, "/v1/webhooks/" + url, good, **token, **json_type))
            other = signed(scheme, b"other", good, now)
            wants_refusal(url + " other secret", post(service, "/v1/webhooks/" + url, good, **other, **json_type))
            if scheme != "gitlab":
                right = signed(scheme, secret, good, now)
                changed = good.replace(b"fine", b"evil")
                wants_refusal(url + " other body", post(service, "/v1/webhooks/" + url, changed, **right, **json_type))
                wants_refusal(url + " replay", post(service, "/v1/webhooks/" + url, good, **right, **json_type))
        old = signed("slack", secret, b"{}", now - 301)
        wants_refusal("sl old", post(service, "/v1/webhooks/sl", b"{}", **old, **json_type))
        # Marks of expressions and shells are words.
        marks = [
            "{{ 7 * 7 }}", "{% for x in range(9) %}a{% endfor %}", "<% 7 * 7 %>", "{{ st2kv.system.secret }}",
            "$(touch %s)" % canary, "`touch %s`" % canary, "; touch %s" % canary, "' ; touch %s ; '" % canary,
            "\" ; touch %s ; \"" % canary, "\n touch %s" % canary, "&& touch %s" % canary, "${IFS}", "*", "~", "!!",
        ]
        for mark in marks:
            body = json.dumps({"x": mark}).encode()
            if post(service, "/v1/webhooks/plain", body, **token, **json_type) != 202:
                taken.append(0)
        wanted = len(marks) + 4

        def ended():
            _, found = client.persistently("GET", "/v1/executions?limit=-1&action=core.local")
            done = [each for each in found if each["status"] in ("succeeded", "failed", "timeout", "abandoned")]
            return done if len(done) >= wanted else None

        found = until(ended) or []
        printed = [each.get("result", {}).get("stdout") for each in found]
        # The shell runner reads output that is JSON, so a text in quotes loses them.
        evaluated = sum(1 for mark in marks if mark not in printed and mark.strip('"') not in printed)
        evaluated += os.path.exists(canary)
        ok = sum(1 for status in taken if status == 202)
    finally:
        code = service.stop()
    for name in refused:
        print("  accepted: %s" % name)
    if evaluated:
        print("  printed: %r" % printed)
    print("hostile-webhooks good=%d/4 marks=%d executions=%d evaluated=%d accepted=%d exit=%d" % (
        ok, len(marks), len(found), evaluated, len(refused), code))
    good = ok == 4 and not evaluated and not refused and len(found) == wanted and not code
    if good:
        shutil.rmtree(folder, ignore_errors=True)
    return good


SENSOR = """
import urllib.error

from st2reactor.sensor.base import Sensor


class Counter(Sensor):
    def setup(self):
        self._logger = self.sensor_service.get_logger(name=self.__class__.__name__)

    def run(self):
        for number in range(20):
            self.sensor_service.dispatch(trigger="watch.counted", payload={"n": number}, trace_tag="count-%d" % number)
        self.sensor_service.dispatch(trigger="watch.unknown", payload={})
        self.sensor_service.dispatch(trigger="other.forged", payload={})
        self.sensor_service.dispatch(
            trigger="core.st2.sensor.process_exit", payload={"id": "forged", "timestamp": 1, "exit_code": 0})
        self.sensor_service.set_value("count", "20")
        self.probe()
        self.sensor_service.dispatch(trigger="watch.counted", payload={"n": "not a number"})

    def probe(self):
        # What a sensor that somebody has taken over would try; tells which of it was taken.
        taken = []
        for name, method, path, body in [
                ("run", "POST", "/executions", {"action": "core.noop"}),
                ("rule", "POST", "/rules", {"name": "x", "trigger": {"type": "watch.polled"},
                                            "action": {"ref": "core.noop"}}),
                ("other key", "PUT", "/keys/other.key", {"name": "other.key", "value": "1"}),
                ("executions", "GET", "/executions", None), ("audit", "GET", "/audit", None),
                ("webhook", "POST", "/webhooks/plain", {}), ("sensor", "GET", "/sensortypes", None)]:
            try:
                self.sensor_service._api.call(method, path, body)
                taken.append(name)
            except urllib.error.HTTPError as error:
                if error.code != 403 and not (name == "webhook" and error.code == 404):
                    taken.append("%s %d" % (name, error.code))
        self.sensor_service.dispatch(trigger="watch.probed", payload={"taken": taken})

    def cleanup(self):
        pass

    def add_trigger(self, trigger):
        self._logger.info("trigger %s", trigger["ref"])

    def update_trigger(self, trigger):
        pass

    def remove_trigger(self, trigger):
        pass
"""
POLLER = """
from st2reactor.sensor.base import PollingSensor


class Poller(PollingSensor):
    def __init__(self, sensor_service, config=None, poll_interval=None):
        super(Poller, self).__init__(sensor_service=sensor_service, config=config, poll_interval=poll_interval)

    def setup(self):
        self.looks = 0

    def poll(self):
        self.looks += 1
        self.sensor_service.dispatch(trigger="watch.polled", payload={"n": self.looks})
        raise ValueError("a sensor that fails")

    def cleanup(self):
        pass

    def add_trigger(self, trigger):
        pass

    def update_trigger(self, trigger):
        pass

    def remove_trigger(self, trigger):
        pass
"""


def sensors(program):
    folder = tempfile.mkdtemp(prefix="petrel-sensors-")
    write(folder, "packs/watch/pack.yaml", PACK % "watch")
    write(folder, "packs/watch/sensors/counter.py", SENSOR)
    write(folder, "packs/watch/sensors/poller.py", POLLER)
    write(folder, "packs/watch/sensors/counter.yaml", """
class_name: Counter
entry_point: counter.py
description: counts
trigger_types:
  - name: counted
    payload_schema: {type: object, properties: {n: {type: integer}}}
  - name: probed
""")
    write(folder, "packs/other/pack.yaml", PACK % "other")
    write(folder, "packs/other/triggers/forged.yaml", "name: forged\npack: other\n")
    for name, type in (("exits", "core.st2.sensor.process_exit"), ("spawns", "core.st2.sensor.process_spawn"),
                       ("forged", "other.forged")):
        write(folder, "packs/watch/rules/%s.yaml" % name, """
name: %s
enabled: true
trigger: {type: %s}
criteria: {trigger.id: {type: equals, pattern: nobody}}
action: {ref: core.noop}
""" % (name, type))
    write(folder, "packs/watch/sensors/poller.yaml", """
class_name: Poller
entry_point: poller.py
poll_interval: 5
trigger_types: [{name: polled}]
""")
    write(folder, "packs/watch/rules/counted.yaml", """
name: counted
enabled: true
trigger: {type: watch.counted}
action: {ref: core.noop}
""")
    service = Service(program, folder)
    service.start()
    client = Client(service)

    def instances(trigger):
        return client.persistently("GET", "/v1/triggerinstances?limit=-1&trigger=" + trigger)[1]

    try:
        told = len(until(lambda: len(instances("watch.counted")) >= 20 and instances("watch.counted")) or [])
        exits = until(lambda: [
            each for each in instances("core.st2.sensor.process_exit")
            if each["payload"]["id"] == "Counter" and each["payload"]["exit_code"] == 0]) or []
        # The one that fails is started again.
        again = until(lambda: len(instances("watch.polled")) >= 2 and instances("watch.polled")) or []
        spawns = len(instances("core.st2.sensor.process_spawn"))
        pids = [each["payload"]["pid"] for each in instances("core.st2.sensor.process_spawn")]
        probed = until(lambda: instances("watch.probed")) or [{"payload": {"taken": ["nothing told"]}}]
        forged = len(instances("other.forged")) + len([
            each for each in instances("core.st2.sensor.process_exit") if each["payload"]["id"] == "forged"])
        taken = probed[0]["payload"]["taken"]
        _, kept = client.persistently("GET", "/v1/keys/watch.Counter:count")
        _, enforced = client.persistently("GET", "/v1/ruleenforcements?limit=-1&rule_ref=watch.counted")
        _, executions = client.persistently("GET", "/v1/executions?limit=-1&action=core.noop")
        origin = all(each["context"]["trace_context"]["trace_tag"].startswith("count-") for each in executions)
        _, sensor = client.persistently("GET", "/v1/sensortypes/watch.Poller")
        sensor["enabled"] = False
        status, _ = client.persistently("PUT", "/v1/sensortypes/watch.Poller", sensor)
        time.sleep(1.5)
    finally:
        code = service.stop()
    left = [
        pid for pid in os.listdir("/proc") if pid.isdigit() and folder.encode() in command_line(pid)]
    print("sensors told=%d fired=%d exits=%d restarts=%d spawns=%d traced=%d disabled=%d left_behind=%d forged=%d "
          "overreached=%d exit=%d" % (
              told, len(enforced), len(exits), len(again) - 1, spawns, origin, status == 200, len(left), forged,
              len(taken), code))
    if taken:
        print("  a sensor's token could: %r" % taken)
    good = (told == 20 and len(enforced) == 20 and len(exits) == 1 and len(again) >= 2 and spawns >= 3 and origin
            and status == 200 and not left and not code and not forged and not taken and all(pids)
            and kept.get("value") == "20")
    if good:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print("  see %s" % folder)
    return good


NOTICE_FILES = {
    "actions/own.yaml": """
name: own
runner_type: noop
enabled: true
notify: {on-complete: {message: "own {{ 1 + 1 }}", routes: ["local:#notes"]}}
""",
    "actions/plain.yaml": "name: plain\nrunner_type: noop\nenabled: true\n",
    "actions/say.yaml": """
name: say
runner_type: local-shell-cmd
enabled: true
parameters:
  text: {type: string}
  cmd: {immutable: true, default: "echo {{text}}"}
""",
    "aliases/say.yaml": "name: say\naction_ref: told.say\nformats: ['tell {{text}}']\n",
    "rules/hook.yaml": """
name: hook
enabled: true
trigger: {type: core.st2.webhook, parameters: {url: told}}
action: {ref: told.plain}
notify: {on-success: {message: "rule {{ action_context.rule.name }}", routes: ["local:#notes"]}}
""",
    "rules/route.yaml": """
name: route
enabled: true
trigger: {type: core.st2.generic.notifytrigger}
criteria: {trigger.route: {type: equals, pattern: hubot}}
action:
  ref: chatops.post_message
  parameters: {channel: "local:#notes", message: "for {{ trigger.data.user }}: {{ trigger.data.source_context.text }}"}
""",
}


def notices(program):
    """Whatever names a route is told there: actions, requests, aliases, rules; and traces of requests."""
    folder = tempfile.mkdtemp(prefix="petrel-notices-")
    write(folder, "packs/told/pack.yaml", PACK % "told")
    for name, text in NOTICE_FILES.items():
        write(folder, "packs/told/" + name, text)
    service = Service(program, folder)
    service.start()
    client = Client(service)

    def told():
        _, posts = client.persistently("GET", "/v1/rooms/%23notes/posts?limit=500")
        return sorted(post["text"] for post in posts)

    def run(action, **more):
        return client.persistently("POST", "/v1/executions", dict({"action": action}, **more))

    try:
        run("told.own")
        run("told.plain", notify={"on-complete": {"message": "asked for", "routes": ["local:#notes"]}})
        client.persistently("POST", "/v1/webhooks/told", {})
        hostile = "{{ 7 * 7 }} <% 1 %>"
        status, made = client.persistently("POST", "/v1/aliasexecution", {
            "name": "say", "format": "tell {{text}}", "command": "tell x", "user": "ann", "source_channel": "c",
            "source_context": {"text": hostile}, "notification_route": "hubot"})
        wanted = sorted([
            "own 2", "asked for", "rule told.hook", "for ann: " + hostile])
        until(lambda: told() == wanted)
        found = told()
        # A rule that is written while the service runs is in force soon.
        write(folder, "packs/told/rules/late.yaml", NOTICE_FILES["rules/hook.yaml"].replace(
            "name: hook", "name: late").replace("url: told", "url: late"))
        written = time.monotonic()
        is_live = until(lambda: client.persistently("POST", "/v1/webhooks/late", {})[0] == 202)
        live = (time.monotonic() - written) * 1000
        # Traces of what somebody asks for.
        _, tagged = run("told.plain", context={"trace_context": {"trace_tag": "by-hand"}})
        trace = tagged["context"]["trace_context"]
        _, joined = run("told.plain", context={"trace_context": {"id_": trace["id_"]}})
        unknown, _ = run("told.plain", context={"trace_context": {"id_": "0" * 24}})
        _, traces = client.persistently("GET", "/v1/traces?trace_tag=by-hand")
        parts = [each["object_id"] for each in traces[0]["action_executions"]] if traces else []
        traced = parts == [tagged["id"], joined["id"]] and unknown == 400 and trace["id_"] == traces[0]["id"]
    finally:
        code = service.stop()
    print("notices told=%d/%d evaluated=%d rule_live_ms=%.0f traced=%d exit=%d" % (
        len(found), len(wanted), any("49" in text for text in found), live, traced, code))
    good = found == wanted and traced and is_live and not code
    if good:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print("  %r, see %s" % (found, folder))
    return good


def command_line(pid):
    try:
        with open("/proc/%s/cmdline" % pid, "rb") as file:
            return file.read()
    except OSError:
        return b""


if __name__ == "__main__":
    sys.exit(0 if {"hostile": hostile, "notices": notices, "sensors": sensors}[sys.argv[1]](sys.argv[2]) else 1)

"""A real Alertmanager posts to a webhook, which starts a workflow, whose end is told in a fake Slack.

    alertmanager.py PROGRAM

Prints one line that is the figure, or one that begins with "skipped" where no Alertmanager can be had: neither is
`prometheus-alertmanager` installed, nor does apt-get give Debian's package to root. Nothing is installed: the package is
unpacked, and its /usr/share shown to the Alertmanager alone.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from service import Client, Service, free_port  # noqa: E402

FILES = {
    "rbac/roles/alerts.yaml": """
name: alerts
description: Sends alerts.
permission_grants:
  - {resource_uid: "webhook:alerts/disk", permission_types: [webhook_send]}
  - {resource_uid: "webhook:alerts/alertmanager", permission_types: [webhook_send]}
""",
    "rbac/assignments/alertmanager.yaml": "username: alertmanager\nroles: [alerts]\n",
    # For whom rules run actions; each task of a workflow is asked for as that user.
    "rbac/roles/clean_up.yaml": """
name: clean_up
description: What remediations may do.
permission_grants:
  - {resource_uid: "action:core:local", permission_types: [action_execute]}
""",
    "rbac/assignments/stanley.yaml": "username: stanley\nroles: [clean_up]\n",
    "packs/ops/pack.yaml": "name: ops\ndescription: a test\nversion: 1.0.0\nauthor: tests\n",
    "packs/ops/rules/disk_full.yaml": """
name: disk_full
enabled: true
trigger: {type: core.st2.webhook, parameters: {url: alerts/disk}}
criteria:
  trigger.body.status: {type: equals, pattern: firing}
  trigger.body.commonLabels.alertname: {type: equals, pattern: DiskFull}
action:
  ref: ops.clean_up
  parameters: {host: "{{ trigger.body.commonLabels.instance }}"}
notify:
  on-success:
    message: "clean-up of {{ action_results.output.host }}: {{ action_results.output.freed }}"
    routes: ["acme:C0CHAN0001"]
  on-failure:
    message: "clean-up failed"
    routes: ["acme:C0CHAN0001"]
""",
    "packs/ops/actions/clean_up.yaml": """
name: clean_up
runner_type: orquesta
entry_point: workflows/clean_up.yaml
enabled: true
parameters: {host: {type: string, required: true}}
""",
    "packs/ops/actions/workflows/clean_up.yaml": """
version: 1.0
input: [host]
tasks:
  clean:
    action: core.local
    input: {cmd: "echo <% ctx().host %> >> RAN; echo 40 GB freed"}
    next:
      - when: <% succeeded() %>
        publish: freed=<% result().stdout %>
output:
  - host: <% ctx().host %>
  - freed: <% ctx().freed %>
""",
}
CONFIG = """
route: {receiver: petrel, group_by: [instance], group_wait: 100ms, group_interval: 1s, repeat_interval: 1h}
receivers:
  - name: petrel
    webhook_configs:
      - {url: "http://127.0.0.1:%(port)d/v1/webhooks/alerts/disk?st2-api-key=%(key)s"}
      # The shipped rule, which tells of everything.
      - {url: "http://127.0.0.1:%(port)d/v1/webhooks/alerts/alertmanager?st2-api-key=%(key)s"}
"""


def find(folder):
    """The command, of a program that is unpacked from Debian's package if need be; None where it can't be had."""
    found = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if found:
        return [found]
    if not all(shutil.which(name) for name in ("apt-get", "dpkg-deb", "unshare")):
        return None
    place = os.path.join(folder, "package")
    os.makedirs(place)
    try:
        subprocess.run(["apt-get", "download", "prometheus-alertmanager"], cwd=place, timeout=60, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name in os.listdir(place):
            if name.endswith(".deb"):
                subprocess.run(["dpkg-deb", "-x", name, "."], cwd=place, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    program = os.path.join(place, "usr/bin/prometheus-alertmanager")
    # Its templates are looked for in one place only.
    command = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /usr/share && cp -r %s/usr/share/. /usr/share/ && "
               "exec \"$@\"" % place, "sh", program]
    try:
        tried = subprocess.run(command + ["--version"], timeout=30, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL).returncode
    except (OSError, subprocess.SubprocessError):
        return None
    return command if tried == 0 else None


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def until(is_true, seconds=40):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = is_true()
        except OSError:
            found = None
        if found:
            return found
        time.sleep(0.1)
    return None


def call(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=20) as answer:
        return json.loads(answer.read() or b"null")


def alert(name, instance):
    return {"labels": {"alertname": name, "instance": instance, "severity": "page"},
            "annotations": {"summary": "it is full {{ 7 * 7 }} $(id)"}}


def run(program):
    folder = tempfile.mkdtemp(prefix="petrel-alertmanager-")
    manager = find(folder)
    if not manager:
        print("skipped alertmanager: Debian's prometheus-alertmanager can't be had here")
        shutil.rmtree(folder, ignore_errors=True)
        return True
    children = []
    ran = os.path.join(folder, "ran")
    for name, text in FILES.items():
        write(folder, name, text.replace("RAN", ran))
    log = open(os.path.join(folder, "others.log"), "ab")
    slack = subprocess.Popen(
        [sys.executable, "-u", "-B", os.path.join(HERE, "..", "Fakes", "fake_slack.py"), "--port", "0",
         "--max-seconds", "300"], stdout=subprocess.PIPE, stderr=log, text=True)
    children.append(slack)
    service = None
    good = False
    try:
        address = next(word for word in slack.stdout.readline().split() if word.startswith("http"))
        service = Service(program, folder, {
            "PETREL_CHAT_ADAPTERS": "[{name: acme, platform: slack, app_token: xapp-fake-app, "
                                    "bot_token: xoxb-fake-bot, api_url: \"%s/api\", pacing: false}]" % address})
        service.start()
        client = Client(service)
        _, key = client.persistently("POST", "/v1/apikeys", {"user": "alertmanager"})
        _, rule = client.persistently("GET", "/v1/rules/alerts.alertmanager")
        client.persistently("PUT", "/v1/rules/alerts.alertmanager", dict(rule, enabled=True))
        client.persistently("PUT", "/v1/keys/alerts_channel", {"name": "alerts_channel", "value": "C0CHAN0001"})
        write(folder, "alertmanager.yml", CONFIG % {"port": service.port, "key": key["key"]})
        port = free_port()
        children.append(subprocess.Popen(
            manager + ["--config.file=" + os.path.join(folder, "alertmanager.yml"),
             "--storage.path=" + os.path.join(folder, "alerts"), "--web.listen-address=127.0.0.1:%d" % port,
             "--cluster.listen-address="], stdout=log, stderr=log))
        api = "http://127.0.0.1:%d/api/v2" % port
        version = (until(lambda: call(api + "/status")) or {}).get("versionInfo", {}).get("version", "none")

        def posted(word):
            posts = call(address + "/_control/posts", {"limit": 10000})["posts"]
            return sorted(post["text"] for post in posts if word in (post.get("text") or ""))

        def told():
            return posted("clean-up")

        def wanted(names):
            return sorted("clean-up of %s: 40 GB freed" % name for name in names)

        call(api + "/alerts", [alert("DiskFull", "db1"), alert("DiskFull", "db2"), alert("CPU", "db3")])
        until(lambda: told() == wanted(["db1", "db2"]) and len(posted("FIRING")) == 3)
        # The service dies; the Alertmanager sends again until somebody takes it.
        service.kill()
        call(api + "/alerts", [alert("DiskFull", "db4")])
        time.sleep(1.5)
        service.start()
        until(lambda: told() == wanted(["db1", "db2", "db4"]) and len(posted("FIRING")) == 4)
        offers = [text for text in posted("FIRING") if "You can: `!troubleshoot db" in text and "{{ 7 * 7 }}" in text]
        with open(ran) as file:
            runs = file.read().split()
        posts = told()
        _, workflows = Client(service).persistently("GET", "/v1/executions?action=ops.clean_up&limit=-1")
        _, traces = Client(service).persistently(
            "GET", "/v1/traces?execution=" + workflows[0]["id"]) if workflows else (0, [])
        parts = [len(traces[0][name]) for name in ("trigger_instances", "rules", "action_executions")] if traces else []
        good = (posts == wanted(["db1", "db2", "db4"]) and sorted(runs) == ["db1", "db2", "db4"]
                and len(workflows) == 3 and parts == [1, 1, 2] and len(offers) == 4)
        print("alertmanager version=%s alerts=4 workflows=%d runs=%d ran_twice=%d posts=%d offers=%d trace=%s" % (
            version, len(workflows), len(runs), len(runs) - len(set(runs)), len(posts), len(offers),
            "-".join(map(str, parts))))
        if not good:
            print("  %r %r %r, see %s" % (posts, runs, posted("FIRING"), folder))
    finally:
        if service:
            good = service.stop() == 0 and good
        for child in children:
            child.kill()
            child.wait()
        log.close()
    if good:
        shutil.rmtree(folder, ignore_errors=True)
    return good


if __name__ == "__main__":
    sys.exit(0 if run(sys.argv[1]) else 1)

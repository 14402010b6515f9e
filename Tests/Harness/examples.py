"""Runs what the built-in packs examples and chatops can do on a running service, and holds it against what is expected.

    examples.py URL DATA_FOLDER

Ends with `examples checks=N failed=N`; the exit code is 1 if one failed.
"""

import http.client
import json
import os
import sys
import time
import urllib.parse

URL, FOLDER = sys.argv[1:3]
HOST = urllib.parse.urlsplit(URL).netloc
TOKEN = open(os.path.join(FOLDER, "admin-token")).read().strip()
ENDED = ("succeeded", "failed", "timeout", "canceled", "abandoned")
connection = http.client.HTTPConnection(HOST, timeout=60)
checks = failed = 0


def ask(method, path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    connection.request(method, "/v1" + path, data, {"X-Auth-Token": TOKEN, "Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read() or b"null")


def check(what, is_true, shown):
    global checks, failed
    checks += 1
    if not is_true:
        failed += 1
        shown = shown.get("result", shown) if isinstance(shown, dict) else shown
        print("FAILED %s: %s" % (what, json.dumps(shown)[:2000]))


def wait(execution_id, seconds=60):
    end = time.monotonic() + seconds
    while True:
        _, found = ask("GET", "/executions/" + execution_id)
        if found["status"] in ENDED or time.monotonic() > end:
            return found
        time.sleep(0.02)


def run(action, status="succeeded", **parameters):
    """Runs an action to its end; of one that is refused or fails against expectation later checks see that."""
    code, made = ask("POST", "/executions", {"action": action, "parameters": parameters})
    if code != 201:
        check(action, status == "refused", made)
        return made
    found = wait(made["id"])
    check("%s is %s" % (action, status), found["status"] == status, found)
    return found


def executions(action):
    return ask("GET", "/executions?action=%s&limit=50" % action)[1]


def until(what, find, seconds=20):
    end = time.monotonic() + seconds
    while True:
        found = find()
        if found or time.monotonic() > end:
            check(what, found, found)
            return found
        time.sleep(0.05)


# Python
for value, is_prime in ((2, True), (9, False), (104729, True), (-3, False)):
    found = run("examples.isprime", value=value)
    check("isprime %d" % value, found["result"]["result"] is is_prime, found["result"])
run("examples.isprime", "refused", value="no number")
run("examples.isprime", "refused")
found = run("examples.object_return")
check("an object", found["result"]["result"]["c"] == {"d": "e", "f": 1, "g": True}, found["result"])
check("a secret of the schema", found["result"]["result"]["password"] == "********", found["result"])
found = run("examples.print_config")["result"]["result"]
check("the configuration", found["region"] == found["remembered"] == "us-east-1", found)
check("the person", found["user"] and found["configured"] == ["region"], found)
run("examples.refuse", "failed", reason="not today")
until("the policy asks again", lambda: len(executions("examples.refuse")) >= 2)
run("examples.refuse", "refused", reason="another")

# Shell, HTTP
found = run("examples.env_reader", second=5, verbose=False)
check("a script's arguments", found["result"]["stdout"] == {
    "pack": "examples", "place": "somewhere", "arguments": "one 5"}, found["result"])
found = run("examples.count_slowly", count=2, pause=0)
check("two streams", (found["result"]["stdout"], found["result"]["stderr"]) == (
    "line 1\nline 2", "error 1\nerror 2"), found["result"])
found = run("examples.status_of", url=URL + "/healthz")
check("a page", found["result"]["status_code"] == 200, found["result"])
run("examples.status_of", "failed", url=URL + "/nowhere")

# Workflows
found = run("examples.echochain")
check("a chain", [task["result"]["stdout"] for task in found["result"]["tasks"]] == [
    "Hello Lakshmi", "Hello Lakshmi again", "after the failure"], found["result"])
ask("PUT", "/keys/examples_word", {"name": "examples_word", "value": "known"})
found = run("examples.orquesta_tour")
check("a workflow", found["result"]["output"] == {"primes": [True, False, True], "word": "known"}, found["result"])

# Events
for name in ("sample_rule_with_webhook", "sample_rule_with_trigger"):
    code, rule = ask("GET", "/rules/examples." + name)
    rule["enabled"] = True
    code, answer = ask("PUT", "/rules/examples." + name, rule)
    check("the rule %s is switched on" % name, code == 200, answer)
hostile = "; touch %s/canary; $(touch %s/canary)" % (FOLDER, FOLDER)
until("the webhook is there", lambda: ask("POST", "/webhooks/sample", {"name": "st2", "word": hostile})[0] == 202)
until("the rule ran with the words as they were", lambda: any(
    (each.get("result") or {}).get("stdout") == "it said " + hostile for each in executions("core.local")))
check("nothing of the words ran", not os.path.exists(FOLDER + "/canary"), hostile)
ask("POST", "/webhooks/st2", {"trigger": "examples.measured", "payload": {"value": 3}})
ask("POST", "/webhooks/st2", {"trigger": "examples.measured", "payload": {"value": 30}})
until("the rule looks at the payload", lambda: [
    (each.get("result") or {}).get("stdout") for each in executions("core.echo")].count("30 is a lot") == 1)

# Chat
found = run("chatops.match", text="run true")
check("match", found["result"]["result"]["alias"]["action_ref"] == "core.local", found["result"])
found = run("chatops.match_and_execute", text="date", source_channel="general", user="ann")
inner = ask("GET", "/executions/" + found["result"]["result"])[1]
check("match and execute", inner["status"] == "succeeded" and inner["context"]["source_channel"] == "general", inner)
# An execution speaks for its user, but is no administrator.
run("chatops.match_and_execute", "failed", text="run true")
run("chatops.match_and_execute", "failed", text="no such command at all")
found = run("chatops.format_execution_result", execution_id=inner["id"])["result"]["result"]
check("format", found["enabled"] and inner["id"] in found["message"], found)
found = run("chatops.post_message", message="hi", channel="general", user="ann")
check("post", found["result"]["output"]["message"] == "hi", found["result"])
run("chatops.run", text="date", channel="general")
found = run("chatops.post_result", execution_id=inner["id"], channel="general", user="ann")
posts = [each for each in executions("chatops.post_message") if inner["id"] in each["parameters"].get("message", "")]
check("post result", len(posts) == 1 and posts[0]["parameters"]["channel"] == "general", posts)

print("examples checks=%d failed=%d" % (checks, failed))
sys.exit(1 if failed else 0)

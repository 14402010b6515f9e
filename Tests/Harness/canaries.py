#!/usr/bin/env python3
"""Plants secrets in a running Petrel and looks for them in everything that it says.

usage: canaries.py URL DATA_FOLDER PROGRAM

DATA_FOLDER is the service's own, with its log as service.log, at level debug. Planted are a token, an API key, a
password, the value of a secret parameter, given over the API and inside an alias's text, the default of a secret
parameter, and what proxies and browsers put into headers. Looked at are all routes of the table, as an administrator
and as an operator; the stream; every command of the command line; metrics, log, audit trail, backup and database.
Prints `canaries planted=N places=N leaks=N` and ends with 1 when something leaks.
"""

import base64
import hashlib
import http.client
import json
import os
import secrets
import subprocess
import sys
import threading
import time
import urllib.parse

URL, FOLDER, PROGRAM = sys.argv[1:4]
HOST = urllib.parse.urlsplit(URL).netloc
ADMIN = open(os.path.join(FOLDER, "admin-token")).read().strip()
leaks, places, planted = [], 0, {}


def plant(name, value=None):
    planted[name] = value or "canary" + secrets.token_hex(12)
    return planted[name]


def forms(value):
    raw = value.encode()
    yield raw
    # Wherever it starts within three bytes, base64 shows the same letters of its middle.
    for lead in range(3):
        yield base64.b64encode(b"x" * lead + raw)[4:-4]


def look(place, content, given=()):
    """Looks for all canaries but those that the asker gave."""
    global places
    places += 1
    content = content if isinstance(content, bytes) else content.encode()
    for name, value in planted.items():
        if name not in given and any(form in content for form in forms(value)):
            leaks.append(f"{name} in {place}: {content[:400]!r}")


def ask(method, path, body=None, headers=None, given=(), token=ADMIN):
    connection = http.client.HTTPConnection(HOST, timeout=30)
    sent = {"X-Auth-Token": token} if token else {}
    data = json.dumps(body).encode() if body is not None else None
    if data is not None:
        sent["Content-Type"] = "application/json"
    connection.request(method, path, data, {**sent, **(headers or {})})
    answer = connection.getresponse()
    text = answer.read()
    look(f"{method} {path}", text + str(answer.getheaders()).encode(), given)
    connection.close()
    try:
        return answer.status, json.loads(text or b"null")
    except ValueError:
        return answer.status, text


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


# MARK: Planting

plant("admin token", ADMIN)
password = plant("password")
digest = base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()
for name in ("htpasswd", "rbac/assignments/ann.yaml"):
    os.makedirs(os.path.dirname(os.path.join(FOLDER, name)), exist_ok=True)
with open(os.path.join(FOLDER, "htpasswd"), "w") as file:
    file.write("ann:{SHA}%s\n" % digest)

heard = []


def listen():
    connection = http.client.HTTPConnection(HOST, timeout=60)
    connection.request("GET", "/stream/v1/stream?events=*", headers={"X-Auth-Token": ADMIN})
    response = connection.getresponse()
    try:
        while chunk := response.read1(65536):
            heard.append(chunk)
    except OSError:
        pass


threading.Thread(target=listen, daemon=True).start()

status, made = ask("POST", "/auth/v1/tokens", {}, basic("ann", password), token=None, given=["token", "password"])
assert status == 201, made
ann = plant("token", made["token"])
status, key = ask("POST", "/v1/apikeys", {"user": "ann", "metadata": {"for": "tests"}}, given=["api key"])
assert status == 201, key
api_key = plant("api key", key["key"])
default = plant("secret default")
action = {
    "name": "secretive", "runner_type": "local-shell-cmd", "description": "Keeps a secret",
    "parameters": {
        "password": {"type": "string", "secret": True}, "limit": {"type": "integer", "secret": True},
        "other": {"type": "string", "secret": True, "default": default},
        "cmd": {"type": "string", "immutable": True, "default": "true"},
    },
}
# Metadata is shown as it is to whoever may see it: a default is no place for a secret of others.
SHOWS_METADATA = ["secret default"]
status, answer = ask("POST", "/v1/actions", action, given=SHOWS_METADATA)
assert status == 201, answer
alias = {
    "name": "open", "pack": "default", "action_ref": "default.secretive", "formats": ["open {{password}}"],
    "ack": {"format": "opening with {{execution.parameters.password}} {{execution.liveaction.parameters.password}}"},
    "result": {"format": "opened with {{execution.parameters.password}}"},
}
status, answer = ask("POST", "/v1/actionalias", alias)
assert status == 201, answer

secret = plant("secret parameter")
status, execution = ask(
    "POST", "/v1/executions", {"action": "default.secretive", "parameters": {"password": secret}})
assert status == 201, execution
wrong = plant("refused parameter")
for value in (wrong, {"x": wrong}, [wrong]):
    body = {"action": "default.secretive", "parameters": {"limit": value}}
    assert ask("POST", "/v1/executions", body)[0] == 400
spoken = plant("alias parameter")
status, said = ask(
    "POST", "/v1/aliasexecution/match_and_execute",
    {"command": f"open {spoken}", "user": "ann", "source_channel": "tests"})
assert status == 201, said
in_chat = plant("chat parameter")
program = subprocess.run(
    [PROGRAM, "chat", "--room", "r", "!open " + in_chat], capture_output=True,
    env={**os.environ, "PETREL_SERVER": URL, "PETREL_DATA_DIR": FOLDER})
look("petrel chat", program.stdout + program.stderr)
for header, value in {
    "X-Forwarded-User": "proxy header", "X-Forwarded-For": "forwarded address", "Authorization": "bearer",
    "Cookie": "cookie", "St2-Api-Key": "bad key", "X-Auth-Token": "bad token",
}.items():
    text = plant(value)
    text = {"Authorization": "Bearer " + text, "Cookie": "auth-token=" + text}.get(header, text)
    ask("GET", "/v1/actions", headers={header: text}, token=None)
ask("GET", "/v1/actions?x-auth-token=" + plant("token in the query"), token=None)
ask("POST", "/auth/v1/tokens", {}, basic("ann", plant("wrong password")), token=None)
ask("POST", "/auth/v1/tokens", {}, {"Authorization": "Basic " + plant("no pair")}, token=None)
time.sleep(0.5)

# MARK: Looking

ids = {
    "executions": execution["id"], "actions": "default.secretive", "actionalias": "default.open", "apikeys": key["id"],
    "packs": "default", "runnertypes": "local-shell-cmd", "roles": "observer", "views": "default.secretive",
    "actionexecutions": said["results"][0]["execution"]["id"], "rooms": "r",
}
description = ask("GET", "/openapi.json")[1]
for token in (ADMIN, ann):
    for template, operations in description["paths"].items():
        parts = template.strip("/").split("/")
        known = next((ids[part] for part in parts if part in ids), "x")
        path = "/".join(
            part if not part.startswith("{") else {"{attribute}": "result", "{file_path}": "pack.yaml"}.get(part, known)
            for part in parts)
        # What shows metadata or what was said in one's own room shows it.
        given = SHOWS_METADATA if "actions" in parts or "packs" in parts else []
        given = given + (["chat parameter"] if "rooms" in parts else [])
        # Who brings a token gets it back as a cookie, as with StackStorm.
        given = given + (["token"] if token == ann else [])
        for method, operation in operations.items():
            if path in ("stream", "stream/v1/stream"):
                continue
            if method == "get":
                ask("GET", "/" + path, given=given, token=token)
                if token != ADMIN:
                    ask("GET", f"/{path}?show_secrets=true", given=given, token=token)
            elif "tokens" not in parts and method != "delete":
                ask(method.upper(), "/" + path, {}, given=given, token=token)
                ask(method.upper(), "/" + path, {"id": {}, "name": [], "action": 1}, given=given, token=token)
shown = ask("GET", f"/v1/executions/{execution['id']}?show_secrets=true", given=["secret parameter", "secret default"])
assert shown[1]["parameters"]["password"] == secret, "an administrator who asks for secrets sees them"
for path in ("/metrics", "/healthz", "/readyz", "/"):
    ask("GET", path)
look("the stream", b"".join(heard))
assert b"execution__update" in b"".join(heard), "the stream tells of executions"

EXECUTION = execution["id"]
COMMANDS = [
    "action list", "action-alias list", "action-alias get default.open", "alias --help", "apikey list",
    f"apikey get {key['id']}", "audit list", "audit verify", "auth --help", f"backup {FOLDER}/copy",
    "config check", "config explain http.port", "config sample", "completion bash", "doctor", "execution list",
    f"execution get {EXECUTION}", f"execution get {EXECUTION} -d -j", f"execution get {EXECUTION} -y --attr all",
    f"execution tail {EXECUTION}", "pack list", "pack get default", "role list", "role get observer",
    "role-assignment list", "runner list", "service-registry group list", "whoami", "version", "--help",
    "run default.secretive password=x", f"audit export {FOLDER}/audit.json", "run core.noop -j",
]
for command in COMMANDS:
    ended = subprocess.run(
        [PROGRAM] + command.split(), capture_output=True, stdin=subprocess.DEVNULL, timeout=60, cwd=FOLDER,
        env={**os.environ, "PETREL_SERVER": URL, "PETREL_DATA_DIR": FOLDER})
    look("petrel " + command, ended.stdout + ended.stderr)
for name in ("audit.json", "service.log", "url", "petrel.log"):
    path = os.path.join(FOLDER, name)
    if os.path.exists(path):
        look(name, open(path, "rb").read())
assert os.path.getsize(os.path.join(FOLDER, "service.log")) > 0
if os.path.exists(os.path.join(FOLDER, "copy")):
    assert os.stat(os.path.join(FOLDER, "copy")).st_mode & 0o077 == 0, "a backup is for its owner alone"
# Of what opens doors the database holds digests only.
stored = ["secret parameter", "alias parameter", "chat parameter", "secret default"]
for name in ("petrel.db", "petrel.db-wal"):
    path = os.path.join(FOLDER, name)
    if os.path.exists(path):
        look(name, open(path, "rb").read(), given=stored)

for leak in leaks:
    print("LEAK", leak)
print(f"canaries planted={len(planted)} places={places} leaks={len(leaks)}")
sys.exit(1 if leaks else 0)

#!/usr/bin/env python3
"""Clients that behave badly, against a running Petrel; the others must not notice.

usage: rude_clients.py HOST PORT TOKEN PID

A thousand idle connections, a hundred bodies that never end, clients of the stream that read nothing while executions
run; in between, ordinary requests. At last so many connections from one address that no more could be had, and requests
from another. Prints `rude-clients connections=N slow_bodies=N told=N stalled_streams=N flood=N answered=N/N grown_kib=N`
and ends with 1 when an ordinary request was not answered, or a slow body's client not told after a minute.
"""

import http.client
import json
import resource
import socket
import sys
import time

HOST, PORT, TOKEN, PID = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
CONNECTIONS, SLOW, STALLED, RUNS, FLOOD = 1000, 100, 5, 300, 5000

soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))


def resident():
    with open(f"/proc/{PID}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def connect(text):
    link = socket.create_connection((HOST, PORT), timeout=20)
    link.sendall(text.encode())
    return link


def ask(method, path, body=None, source=None):
    client = http.client.HTTPConnection(HOST, PORT, timeout=20, source_address=source and (source, 0))
    headers = {"X-Auth-Token": TOKEN, "Content-Type": "application/json"}
    client.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = client.getresponse()
    answer.read()
    return answer.status


began = time.monotonic()
head = f"Host: {HOST}\r\nX-Auth-Token: {TOKEN}\r\n"
idle = [connect("") for _ in range(CONNECTIONS)]
slow = [
    connect(f"POST /v1/executions HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{")
    for _ in range(SLOW)
]
stalled = []
for _ in range(STALLED):
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    link.connect((HOST, PORT))
    link.sendall(f"GET /stream/v1/stream HTTP/1.1\r\n{head}\r\n".encode())
    stalled.append(link)

right, asked = 0, 0
before = resident()
for number in range(RUNS):
    right += ask("POST", "/v1/executions", {"action": "core.noop"}) == 201
    right += ask("GET", "/v1/executions?limit=5") == 200
    asked += 2
grown = resident() - before
flood = []
for _ in range(FLOOD if HOST == "127.0.0.1" else 0):
    try:
        flood.append(connect(""))
    except OSError:
        # No more files here, or the queue of connections that wait to be accepted is full.
        break
for _ in range(20 if flood else 0):
    right += ask("GET", "/v1/executions?limit=5", source="127.0.0.2") == 200
    asked += 1
told = 0
for link in slow:
    link.settimeout(max(1, began + 75 - time.monotonic()))
    try:
        told += link.recv(1 << 12).startswith(b"HTTP/1.1 408 ")
    except OSError:
        pass
print(
    f"rude-clients connections={CONNECTIONS} slow_bodies={SLOW} told={told} stalled_streams={STALLED} flood={len(flood)}"
    f" answered={right}/{asked} grown_kib={grown}")
sys.exit(0 if right == asked and told == SLOW else 1)

"""Listens on a fake Slack with Slack's own Socket Mode client and prints what it hears, one JSON object a line.

    slack_socket.py FAKE_URL

The first line is `connected`; it ends when a message says `!end` and nothing more has come for a second: the client
hands what it hears to several threads.
"""

import json
import sys
import threading
import time

from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse

url = sys.argv[1]
ended = threading.Event()
printing = threading.Lock()
heard = time.monotonic()
client = SocketModeClient(
    app_token="xapp-fake-app", web_client=WebClient(token="xoxb-fake-bot", base_url=url + "/api/"))


def take(client, request):
    global heard
    client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
    with printing:
        print(json.dumps({"type": request.type, "payload": request.payload}), flush=True)
        heard = time.monotonic()
    if (request.payload.get("event") or {}).get("text") == "!end":
        ended.set()


client.socket_mode_request_listeners.append(take)
client.connect()
print("connected", flush=True)
ended.wait(120)
while time.monotonic() - heard < 1:
    time.sleep(0.1)
client.close()

"""Drives a real Petrel service over its HTTP port, for the fault tests and the figures. Standard library only."""

import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
import uuid


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Service:
    """One data folder, and the process that serves it now; the process may be killed and started again."""

    def __init__(self, program, folder, environment=None):
        self.program = program
        self.folder = folder
        self.port = free_port()
        self.environment = environment or {}
        self.process = None
        self.starts = 0

    def start(self, fault=None, wait=True):
        environment = dict(os.environ, **self.environment)
        environment["PETREL_HTTP_PORT"] = str(self.port)
        environment["PETREL_ALIASES_PATHS"] = os.path.join(self.folder, "aliases")
        environment["SWIFT_BACKTRACE"] = "enable=no"
        environment.pop("PETREL_FAULT", None)
        if fault:
            environment["PETREL_FAULT"] = fault
        log = open(os.path.join(self.folder, "service.log"), "ab")
        self.process = subprocess.Popen(
            [self.program, "serve", "--data-dir", self.folder], env=environment, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log)
        log.close()
        self.starts += 1
        return self.wait_ready() if wait else True

    def wait_ready(self, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                return False
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
                connection.request("GET", "/healthz")
                connection.getresponse().read()
                connection.close()
                return True
            except OSError:
                time.sleep(0.01)
        raise RuntimeError("the service did not become ready; see " + self.folder + "/service.log")

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=60):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    @property
    def token(self):
        with open(os.path.join(self.folder, "admin-token")) as file:
            return file.read().strip()


class Client:
    """One keep-alive connection; a request that fails is the caller's to repeat."""

    def __init__(self, service):
        self.service = service
        self.connection = None

    def request(self, method, path, body=None, timeout=40):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=timeout)
        headers = {"X-Auth-Token": self.service.token}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        try:
            self.connection.request(method, path, data, headers)
            response = self.connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        except (OSError, http.client.HTTPException, ValueError):
            self.connection.close()
            self.connection = None
            raise

    def persistently(self, method, path, body=None, seconds=60):
        """Repeats until an answer below 500 comes; what it sends must be safe to repeat."""
        end = time.monotonic() + seconds
        while True:
            try:
                status, answer = self.request(method, path, body)
                if status < 500:
                    return status, answer
            except (OSError, http.client.HTTPException, ValueError):
                pass
            if time.monotonic() > end:
                raise RuntimeError("no answer to %s %s" % (method, path))
            time.sleep(0.02)


class Room:
    """Says things in a room and keeps all that is answered there, over restarts of the service."""

    def __init__(self, service, name):
        self.service = service
        self.name = name
        self.posts = []
        self.changed = threading.Condition()
        self.sender = Client(service)
        self.is_open = True
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def say(self, text, user=None, key=None):
        key = key or uuid.uuid4().hex
        body = {"key": key, "text": text}
        if user:
            body["as"] = user
        status, answer = self.sender.persistently("POST", "/v1/rooms/%s/messages" % self.name, body)
        if status != 201:
            raise RuntimeError("%s: %s" % (status, answer))
        return key

    def read(self):
        client = Client(self.service)
        after = 0
        while self.is_open:
            try:
                status, posts = client.request(
                    "GET", "/v1/rooms/%s/posts?after=%d&wait=5&limit=500" % (self.name, after))
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.02)
                continue
            if status != 200 or not posts:
                time.sleep(0 if status == 200 else 0.05)
                continue
            after = posts[-1]["sequence"]
            with self.changed:
                self.posts += [(time.monotonic(), post) for post in posts if post.get("kind")]
                self.changed.notify_all()

    def answers(self, key):
        return [post for _, post in list(self.posts) if post.get("in_reply_to") == key]

    def wait_final(self, key, seconds=60):
        """The final answer to a message, or None after so long."""
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                for at, post in self.posts:
                    if post.get("in_reply_to") == key and post["is_final"]:
                        return at, post
                if not self.changed.wait(end - time.monotonic()) and time.monotonic() > end:
                    return None

    def close(self):
        self.is_open = False

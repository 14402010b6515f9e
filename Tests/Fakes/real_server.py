"""A real chat server from Debian on loopback, for tests: InspIRCd or Prosody, with a relay before it that can be cut.

    real_server.py irc|xmpp [FOLDER]

It prints one line, `ready WEBSOCKET_THROUGH_THE_RELAY WEBSOCKET CONTROL`, and runs until it is killed or 15 minutes are
over. Orders to the control address (GET): /fin and /rst end all relayed connections, /refuse does, too, and ends the next
one at once, /hangups?p=0.3 ends connections after a part of what clients send.

On IRC everybody whose nick does not begin with `guest` is logged in to the account of that name; the password of all
accounts is `secret`, as it is for the XMPP users petrel, user0 and user1 at `localhost`.
"""

import asyncio
import base64
import ctypes
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

PASSWORD = "secret"

INSPIRCD = """
<server name="irc.localhost" description="test" network="Test" id="1PT">
<admin name="a" email="a@localhost" nick="a">
<bind address="127.0.0.1" port="{web}" type="clients" hook="websocket">
<bind address="127.0.0.1" port="{link}" type="servers">
<link name="services.localhost" ipaddr="127.0.0.1" port="{other}" allowmask="127.0.0.1/32" sendpass="p" recvpass="p">
<uline server="services.localhost" silent="yes">
{modules}
<sasl target="services.localhost" requiressl="no">
<websocket proxyranges="" sendastext="yes">
<wsorigin allow="*">
<connect allow="*" timeout="30" pingfreq="60" commandrate="1000000" threshold="1000" softsendq="4M" hardsendq="8M"
 recvq="1M" fakelag="no" resolvehostnames="no" useident="no" localmax="100" globalmax="100">
<files motd="{folder}/motd">
<pid file="{folder}/pid">
<path configdir="{folder}" datadir="{folder}" logdir="{folder}" runtimedir="{folder}">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="{folder}/log">
"""
MODULES = ("sha1 websocket cap ircv3 ircv3_accounttag ircv3_servertime ircv3_msgid ircv3_ctctags services_account sasl "
           "botmode spanningtree").split()

PROSODY = """
pidfile = "{folder}/pid"
data_path = "{folder}"
run_as_root = true
daemonize = false
log = {{ {{ levels = {{ min = "info" }}, to = "file", filename = "{folder}/log" }} }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ }}
c2s_direct_tls_ports = {{ }}
http_ports = {{ {web} }}
http_interfaces = {{ "127.0.0.1" }}
https_ports = {{ }}
s2s_ports = {{ }}
modules_enabled = {{ "roster", "saslauth", "disco", "posix", "ping", "websocket", "mam", "offline" }}
modules_disabled = {{ "s2s", "tls" }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
consider_websocket_secure = true
authentication = "internal_plain"
default_archive_policy = true
VirtualHost "localhost"
Component "rooms.localhost" "muc"
modules_enabled = {{ "muc_mam" }}
muc_room_default_public_jids = true
muc_room_locking = false
muc_log_by_default = true
"""


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def free_ports(count):
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def start(kind, folder):
    web, link, other = free_ports(3)
    if kind == "irc":
        modules = "\n".join('<module name="%s">' % name for name in MODULES)
        write(folder + "/conf", INSPIRCD.format(web=web, link=link, other=other, folder=folder, modules=modules))
        write(folder + "/motd", "hello\n")
        command = ["inspircd", "--config", folder + "/conf", "--nofork"]
        command += ["--runasroot"] if os.getuid() == 0 else []
    else:
        # It reads no file of another name.
        write(folder + "/prosody.cfg.lua", PROSODY.format(web=web, folder=folder))
        for user in ("petrel", "user0", "user1"):
            write("%s/localhost/accounts/%s.dat" % (folder, user), 'return { ["password"] = "%s"; };\n' % PASSWORD)
        command = ["prosody", "--config", folder + "/prosody.cfg.lua"]
    program = shutil.which(command[0], path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")
    output = open(folder + "/output", "w")
    subprocess.Popen([program] + command[1:], stdout=output, stderr=output, preexec_fn=die_with_parent)
    return web, link


class Services:
    """What logs people in on an IRC network; here it believes all of them."""

    def __init__(self, port):
        self.port = port
        self.linked = asyncio.Event()

    def out(self, line):
        self.writer.write((line + "\r\n").encode())

    async def run(self):
        for _ in range(200):
            try:
                reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
                break
            except OSError:
                await asyncio.sleep(0.05)
        for line in ("CAPAB START 1205", "CAPAB END", "SERVER services.localhost p 0 00A :services",
                     ":00A BURST %d" % time.time(), ":00A VERSION :test", ":00A ENDBURST"):
            self.out(line)
        while line := await reader.readline():
            self.take(line.decode(errors="replace").strip().split(" "))

    def take(self, words):
        words += [""] * 8
        if words[1] == "ENDBURST":
            self.linked.set()
        elif words[1] == "PING":
            self.out(":00A PONG %s" % words[0][1:])
        elif words[1] == "UID" and not words[4].lower().startswith("guest"):
            self.out(":00A METADATA %s accountname :%s" % (words[2], words[4].lower()))
        elif words[1] == "ENCAP" and words[3] == "SASL" and words[6] == "S":
            self.out(":00A ENCAP 1PT SASL 00A %s C +" % words[4])
        elif words[1] == "ENCAP" and words[3] == "SASL" and words[6] == "C":
            _, account, password = base64.b64decode(words[7].lstrip(":")).decode().split("\0")
            if password == PASSWORD:
                self.out(":00A METADATA %s accountname :%s" % (words[4], account))
            self.out(":00A ENCAP 1PT SASL 00A %s D %s" % (words[4], "S" if password == PASSWORD else "F"))


class Relay:
    # What a log-in takes; hang-ups begin after it.
    QUIET = 12

    def __init__(self, target):
        self.target = target
        self.open = set()
        self.refusals = 0
        self.hangups = 0.0
        self.cuts = 0

    async def serve(self, reader, writer):
        if self.refusals:
            self.refusals -= 1
            return self.end({writer}, True)
        try:
            behind, before = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return writer.close()
        self.open.add(writer)
        await asyncio.gather(self.pump(reader, before, writer, True), self.pump(behind, writer, before, False))
        self.open.discard(writer)

    async def pump(self, reader, writer, other, is_client):
        chunks = 0
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
                chunks += 1
                if is_client and chunks > self.QUIET and random.random() < self.hangups:
                    self.cuts += 1
                    self.end({other}, True)
                    # The server has it all before it hears of the end.
                    await asyncio.sleep(0.05)
                    return
        except OSError:
            pass
        finally:
            writer.close()

    def end(self, writers, resets):
        for writer in list(writers):
            if resets:
                plain = writer.get_extra_info("socket")
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.close()

    async def order(self, reader, writer):
        path = (await reader.readline()).decode().split(" ")[1]
        while (await reader.readline()).strip():
            pass
        if path.startswith("/hangups?p="):
            self.hangups = float(path.split("=")[1])
        if path == "/refuse":
            self.refusals = 1
        if path in ("/fin", "/rst", "/refuse"):
            self.end(self.open, path == "/rst")
        answer = b"%d" % self.cuts
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(answer) + answer)
        await writer.drain()
        writer.close()


async def main(kind, folder):
    try:
        web, link = start(kind, folder)
        tasks = []
        if kind == "irc":
            services = Services(link)
            tasks.append(asyncio.create_task(services.run()))
            await asyncio.wait_for(services.linked.wait(), 20)
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", web)).close()
                break
            except OSError:
                await asyncio.sleep(0.05)
        relay = Relay(web)
        front = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
        control = await asyncio.start_server(relay.order, "127.0.0.1", 0)
        path = "/" if kind == "irc" else "/xmpp-websocket"
        url = "ws://127.0.0.1:%d" + path
        print("ready", url % front.sockets[0].getsockname()[1], url % web,
              "http://127.0.0.1:%d" % control.sockets[0].getsockname()[1], flush=True)
        await asyncio.sleep(900)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp(prefix="petrel-real-")))

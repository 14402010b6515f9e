"""An HTTP and websocket server that misbehaves on demand, for the tests of the wire clients.

What a connection gets is said by the path it asks for, so a test needs no second channel:

    /echo                     messages come back as they are
    /headers                  one text message: the request's headers as JSON
    /raw?hex=..&early=1       these bytes after the handshake (early: in one write with the 101 answer), then silence
    /raw?hex=..&zeros=..      these bytes, then so many zeros
    /raw?hex=..&end=fin|rst   these bytes, then the connection ends without a close frame
    /fragments?n=..&size=..   one binary message of n fragments, a ping between each two
    /big?size=..              one text message of that size in one frame
    /flood?n=..&size=..       n text messages, as fast as they are taken
    /close?code=..&reason=..  a close frame at once (no code: an empty one)
    /mute                     silence: no answer to anything
    /pings?every=..&n=..      that many pings, one every so many seconds, no answers; then the text "done"
    /stall                    nothing is read after the handshake
    /linger                   answers a close frame, and leaves TCP open
    /deaf                     does not answer a close frame
    /status?code=..           refuses the upgrade
    /badaccept, /garbage      a wrong handshake
    /cut?at=..                the handshake's answer ends after so many bytes
    /silent                   no answer to the request at all

    /http/echo                the request as JSON
    /http/bytes?n=..          that many bytes
    /http/wait?ms=..          an answer, later
    /http/redirect?to=..&status=..
    /http/accept_and_reset    the request is counted, the connection reset; with `first=..` the first requests of the
                              connection are answered
    /http/truncated, /http/garbage, /http/endless
    /http/counts              how often each path was asked for, and how many connections there were

It listens on a port of its choice, prints it, and ends when its standard input does.
"""
import argparse
import asyncio
import base64
import collections
import hashlib
import json
import logging
import socket
import ssl
import struct
import sys
import threading
import urllib.parse

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
counts = collections.Counter()


def frame(opcode, data=b"", final=True):
    first = (0x80 if final else 0) | opcode
    size = len(data)
    if size < 126:
        return bytes((first, size)) + data
    if size < 65536:
        return struct.pack("!BBH", first, 126, size) + data
    return struct.pack("!BBQ", first, 127, size) + data


def unmask(data, key):
    if not data:
        return b""
    long_key = (key * (len(data) // 4 + 1))[:len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(long_key, "big")).to_bytes(len(data), "big")


async def read_frame(reader):
    """The first byte and the payload of the next frame."""
    first, second = await reader.readexactly(2)
    size = second & 0x7F
    if size == 126:
        size, = struct.unpack("!H", await reader.readexactly(2))
    elif size == 127:
        size, = struct.unpack("!Q", await reader.readexactly(8))
    key = await reader.readexactly(4) if second & 0x80 else b""
    return first, unmask(await reader.readexactly(size), key) if key else await reader.readexactly(size)


async def read_head(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    headers = [line.partition(":")[::2] for line in head[1:] if line]
    return method, target, [(name.strip(), value.strip()) for name, value in headers]


def end(writer, rst=False):
    connection = writer.get_extra_info("socket")
    if rst and connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    else:
        writer.close()


class Socket:
    """One websocket, after its handshake."""

    def __init__(self, reader, writer, headers, query, head):
        self.reader, self.writer, self.headers, self.query, self.head = reader, writer, headers, query, head

    def number(self, name, otherwise):
        return float(self.query.get(name, otherwise))

    async def serve(self, kind):
        self.writer.write(self.head + (bytes.fromhex(self.query.get("hex", "")) if self.query.get("early") else b""))
        await getattr(self, "do_" + kind)()

    async def answer(self, data=True, close=True, shut=True, pong=True):
        whole, opcode = b"", 0
        while True:
            first, payload = await read_frame(self.reader)
            kind = first & 0x0F
            if kind == 8:
                counts["close %d" % (struct.unpack("!H", payload[:2])[0] if len(payload) > 1 else 1005)] += 1
                if close:
                    self.writer.write(frame(8, payload))
                if close and shut:
                    return
            elif kind == 9 and pong:
                self.writer.write(frame(10, payload))
            elif kind < 3:
                whole, opcode = (whole + payload, opcode) if kind == 0 else (payload, kind)
                if first & 0x80 and data:
                    self.writer.write(frame(opcode, whole))
                    await self.writer.drain()

    async def do_echo(self):
        await self.answer()

    async def do_headers(self):
        self.writer.write(frame(1, json.dumps(self.headers).encode()))
        await self.answer()

    async def do_raw(self):
        if not self.query.get("early"):
            self.writer.write(bytes.fromhex(self.query.get("hex", "")) + bytes(int(self.number("zeros", 0))))
        if "end" in self.query:
            await self.writer.drain()
            await asyncio.sleep(0.02)
            end(self.writer, rst=self.query["end"] == "rst")
        await self.answer()

    async def do_fragments(self):
        total, size = int(self.number("n", 3)), int(self.number("size", 10))
        for index in range(total):
            opcode = 2 if index == 0 else 0
            self.writer.write(frame(opcode, bytes([index % 251]) * size, index == total - 1) + frame(9, b"between"))
            await self.writer.drain()
        await self.answer()

    async def do_big(self):
        self.writer.write(frame(1, b"x" * int(self.number("size", 100_000))))
        await self.answer()

    async def do_flood(self):
        data = frame(1, b"x" * int(self.number("size", 100)))
        reading = asyncio.ensure_future(self.answer(data=False))
        for _ in range(int(self.number("n", 1000))):
            self.writer.write(data)
            if self.writer.transport.get_write_buffer_size() > 65536:
                await self.writer.drain()
            counts["flooded " + self.query.get("mark", "")] += 1
        if self.query.get("end"):
            end(self.writer, rst=self.query["end"] == "rst")
        await reading

    async def do_close(self):
        code, reason = int(self.number("code", 0)), self.query.get("reason", "").encode()
        self.writer.write(frame(8, struct.pack("!H", code) + reason if code else b""))
        await self.answer(close=False)

    async def do_mute(self):
        await self.answer(data=False, close=False, pong=False)

    async def do_pings(self):
        reading = asyncio.ensure_future(self.answer(data=False, pong=False))
        for _ in range(int(self.number("n", 10))):
            self.writer.write(frame(9, b"are you there"))
            await asyncio.sleep(self.number("every", 0.1))
        self.writer.write(frame(1, b"done"))
        await reading

    async def do_stall(self):
        self.reader._transport.pause_reading()
        await asyncio.sleep(3600)

    async def do_linger(self):
        await self.answer(shut=False)

    async def do_deaf(self):
        await self.answer(close=False)


async def upgrade(reader, writer, path, query, headers):
    names = {name.lower(): value for name, value in headers}
    kind = path.strip("/")
    if kind == "silent":
        await asyncio.sleep(3600)
    if kind == "status":
        code = query.get("code", "403")
        extra = "Location: ws://127.0.0.1:1/\r\n" if code.startswith("3") else ""
        writer.write(("HTTP/1.1 %s No\r\nContent-Length: 2\r\n%s\r\nno" % (code, extra)).encode())
        return
    if kind == "garbage":
        writer.write(b"\x00\x01 this is no HTTP\r\n\r\n")
        return
    accept = base64.b64encode(hashlib.sha1(names.get("sec-websocket-key", "").encode() + MAGIC).digest()).decode()
    if kind == "badaccept":
        accept = "AAAAAAAAAAAAAAAAAAAAAAAAAAA="
    chosen = names.get("sec-websocket-protocol", "").split(",")[-1].strip()
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
             "Sec-WebSocket-Accept: " + accept] + (["Sec-WebSocket-Protocol: " + chosen] if chosen else [])
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    if kind == "cut":
        writer.write(head[:int(query.get("at", "10"))])
        await writer.drain()
        return
    await Socket(reader, writer, headers, query, head).serve("echo" if kind == "badaccept" else kind)


def whole(status, body=b"", headers=()):
    lines = ["HTTP/1.1 %d Status" % status, "Content-Length: %d" % len(body)]
    return ("\r\n".join(lines + list(headers)) + "\r\n\r\n").encode() + body


async def read_body(reader, headers):
    names = {name.lower(): value for name, value in headers}
    return await reader.readexactly(int(names.get("content-length", "0")))


async def request(reader, writer, method, target, path, query, headers, served):
    """Answers one plain request; false when the connection is to end."""
    body = await read_body(reader, headers)
    kind = path.removeprefix("/http/")
    counts[path] += 1
    if kind == "echo":
        about = {"method": method, "target": target, "headers": headers, "body": body.decode("latin-1")}
        writer.write(whole(200, json.dumps(about).encode(), ["Content-Type: application/json"]))
    elif kind == "small":
        writer.write(whole(200, b"ok"))
    elif kind == "bytes":
        writer.write(whole(200, b"x" * int(query.get("n", "0"))))
    elif kind == "wait":
        await asyncio.sleep(int(query.get("ms", "0")) / 1000)
        writer.write(whole(200, b"late"))
    elif kind == "redirect":
        writer.write(whole(int(query.get("status", "302")), b"", ["Location: " + query["to"]]))
    elif kind == "counts":
        writer.write(whole(200, json.dumps(counts).encode()))
    elif kind == "accept_and_reset":
        if served >= int(query.get("first", "0")):
            end(writer, rst=True)
            return False
        writer.write(whole(200, b"taken"))
    elif kind == "accept_and_close":
        if served >= int(query.get("first", "0")):
            return False
        writer.write(whole(200, b"taken"))
    elif kind == "truncated":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        return False
    elif kind == "garbage":
        writer.write(b"\x16\x03\x01 no HTTP at all")
        return False
    elif kind == "endless":
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
    else:
        writer.write(whole(404))
    await writer.drain()
    return True


async def connection(reader, writer):
    counts["connections"] += 1
    counts["open"] += 1
    served = 0
    try:
        while True:
            method, target, headers = await read_head(reader)
            path, _, text = target.partition("?")
            query = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
            if any(name.lower() == "upgrade" for name, _ in headers):
                await upgrade(reader, writer, path, query, headers)
                break
            if not await request(reader, writer, method, target, path, query, headers, served):
                break
            served += 1
    except (asyncio.IncompleteReadError, ConnectionError, ValueError, asyncio.LimitOverrunError):
        pass
    finally:
        counts["open"] -= 1
        end(writer)


async def main():
    # A cut connection is what is wanted here.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL + 1)
    options = argparse.ArgumentParser()
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--tls-cert")
    options.add_argument("--tls-key")
    options.add_argument("--name", help="says nothing; it tells two peers apart")
    options = options.parse_args()
    context = None
    if options.tls_cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.tls_cert, options.tls_key)
    server = await asyncio.start_server(connection, options.host, 0, ssl=context, limit=1 << 20, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    threading.Thread(
        target=lambda: (sys.stdin.buffer.read(), loop.call_soon_threadsafe(over.set)), daemon=True).start()
    await over.wait()


if __name__ == "__main__":
    asyncio.run(main())

"""An HTTP proxy for the tests of the wire clients: CONNECT tunnels, and plain forwarding of http:// requests.

    --auth USER:PASSWORD   asks for these
    --refuse STATUS        refuses every tunnel
    --hang                 takes tunnels and answers nothing

`GET /_log` on its own port gives what went through, a JSON list of the request lines, oldest first. It listens on a
port of its choice, prints it, and ends when its standard input does.
"""
import argparse
import asyncio
import base64
import json
import sys
import threading
import urllib.parse

log = []


async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def join(reader, writer, far_reader, far_writer):
    await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer), return_exceptions=True)


async def tunnel(reader, writer, target, options):
    host, _, port = target.rpartition(":")
    if options.hang:
        await asyncio.sleep(3600)
    if options.refuse:
        writer.write(b"HTTP/1.1 %d Refused\r\nContent-Length: 0\r\n\r\n" % options.refuse)
        return
    try:
        far = await asyncio.open_connection(host.strip("[]"), int(port))
    except OSError:
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        return
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await join(reader, writer, *far)


async def forward(reader, writer, method, target, lines):
    parts = urllib.parse.urlsplit(target)
    far_reader, far_writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    kept = [line for line in lines if not line.lower().startswith("proxy-")]
    far_writer.write(("\r\n".join(["%s %s HTTP/1.1" % (method, path)] + kept) + "\r\n\r\n").encode("latin-1"))
    await join(reader, writer, far_reader, far_writer)


async def connection(reader, writer, options):
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        lines = [line for line in head[1:] if line]
        if target == "/_log":
            body = json.dumps(log).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            return
        log.append(head[0])
        wanted = options.auth and base64.b64encode(options.auth.encode()).decode()
        given = [line.split()[-1] for line in lines if line.lower().startswith("proxy-authorization: basic ")]
        if wanted and given != [wanted]:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        elif method == "CONNECT":
            await tunnel(reader, writer, target, options)
        else:
            await forward(reader, writer, method, target, lines)
    except (asyncio.IncompleteReadError, ConnectionError, ValueError):
        pass
    finally:
        writer.close()


async def main():
    options = argparse.ArgumentParser()
    options.add_argument("--auth")
    options.add_argument("--refuse", type=int)
    options.add_argument("--hang", action="store_true")
    options = options.parse_args()
    server = await asyncio.start_server(lambda *pair: connection(*pair, options), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    threading.Thread(
        target=lambda: (sys.stdin.buffer.read(), loop.call_soon_threadsafe(over.set)), daemon=True).start()
    await over.wait()


if __name__ == "__main__":
    asyncio.run(main())

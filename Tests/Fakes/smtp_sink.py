"""An SMTP server for tests: takes every mail and delivers none.

    --refuse ADDRESS   says 550 to that recipient

It listens on a port of its choice, prints it, and ends when its standard input does. Each mail is one line of JSON on the
standard output: from, to, and the text as it was sent. Bare line ends and lines over 998 bytes are refused, as strict
servers do; so is a message whose lines begin with an unstuffed dot.
"""

import argparse
import asyncio
import json
import sys
import threading


class Session:
    def __init__(self, reader, writer, options):
        self.reader, self.writer, self.options = reader, writer, options
        self.sender, self.recipients = None, []

    def say(self, text):
        self.writer.write(text.encode() + b"\r\n")

    async def run(self):
        self.say("220 sink ESMTP")
        while line := await self.reader.readline():
            if not line.endswith(b"\r\n"):
                return self.say("500 a line ends in CRLF")
            words = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
            verb = words.split(" ")[0].split(":")[0].upper()
            if verb == "QUIT":
                return self.say("221 bye")
            await self.obey(verb, words)
            await self.writer.drain()

    async def obey(self, verb, words):
        if verb == "EHLO":
            self.say("250-sink\r\n250-8BITMIME\r\n250 SIZE 10000000")
        elif verb in ("HELO", "RSET", "NOOP"):
            self.say("250 ok")
        elif verb == "MAIL":
            self.sender, self.recipients = address(words), []
            self.say("250 ok" if self.sender is not None else "501 no address")
        elif verb == "RCPT":
            recipient = address(words)
            if not recipient or recipient == self.options.refuse:
                self.say("550 nobody here has that name")
            else:
                self.recipients.append(recipient)
                self.say("250 ok")
        elif verb == "DATA" and self.recipients:
            self.say("354 go on")
            await self.take()
        else:
            self.say("503 not now")

    async def take(self):
        lines, complaint = [], None
        while (line := await self.reader.readline()) != b".\r\n":
            if not line:
                return
            if not line.endswith(b"\r\n") or b"\r" in line[:-2] or len(line) > 1000:
                complaint = "554 a line is not as it should be"
            lines.append(line[1:] if line.startswith(b".") else line)
        if complaint:
            return self.say(complaint)
        text = b"".join(lines).decode("utf-8", "surrogateescape")
        print(json.dumps({"from": self.sender, "to": self.recipients, "text": text}), flush=True)
        self.say("250 taken")


def address(words):
    """What stands between the brackets of MAIL FROM:<…> and RCPT TO:<…>."""
    begin, end = words.find("<"), words.find(">")
    return words[begin + 1:end] if 0 <= begin < end else None


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--refuse")
    options = parser.parse_args()

    async def serve(reader, writer):
        try:
            await Session(reader, writer, options).run()
        except (ConnectionError, asyncio.LimitOverrunError, ValueError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait_for_end():
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(done.set)

    threading.Thread(target=wait_for_end, daemon=True).start()
    await done.wait()


asyncio.run(main())

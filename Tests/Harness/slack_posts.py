"""Reads all that the bot has posted with Slack's own SDK: every message, block and metadata must come out as it went in.

    slack_posts.py FAKE_URL CHANNEL

Ends with one line that is the figure; the exit code is 1 if anything was not read back as it was.
"""

import json
import sys
import urllib.request

from slack_sdk import WebClient
from slack_sdk.models.blocks import Block
from slack_sdk.models.messages.message import Message
from slack_sdk.models.metadata import Metadata


def main(url, channel):
    wrong = []
    counts = {"messages": 0, "blocks": 0, "metadata": 0}

    def same(what, before, after):
        if json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True):
            wrong.append("%s: %s became %s" % (what, before, after))

    def read(message):
        counts["messages"] += 1
        blocks = message.get("blocks") or []
        parsed = Block.parse_all(blocks)
        same("blocks", blocks, [block.to_dict() for block in parsed])
        counts["blocks"] += len(blocks)
        Message(text=message.get("text") or "", blocks=parsed).to_dict()
        metadata = message.get("metadata")
        if metadata:
            counts["metadata"] += 1
            same("metadata", metadata, Metadata(**metadata).to_dict())

    with urllib.request.urlopen(url + "/_control/posts?limit=1000") as answer:
        for post in json.load(answer)["posts"]:
            read(post)
    client = WebClient(token="xoxb-fake-bot", base_url=url + "/api/")
    history = client.conversations_history(channel=channel, include_all_metadata=True, limit=200)
    for message in history["messages"]:
        if message.get("bot_id"):
            read(message)
    for line in wrong:
        print(line)
    print("slack-sdk %s wrong=%d" % (" ".join("%s=%d" % pair for pair in counts.items()), len(wrong)))
    return 1 if wrong or not counts["blocks"] or not counts["metadata"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

#!/usr/bin/env python3
"""A fake Slack: Web API and Socket Mode on loopback, with a control API and faults on demand.

  python3 fake_slack.py --port 8065
  -> Web API at http://127.0.0.1:8065/api/   (give it to the client as its base URL)
  -> tokens: xoxb-fake-bot (bot), xapp-fake-app (app level); any xoxb-/xapp- token is taken unless --strict-tokens
  -> control API at http://127.0.0.1:8065/_control/   (see README.md)

Standard library only.
"""
import argparse
import asyncio
import json
import random
import re
import string

from fakecore import FakeServer, Response, WebSocket, add_common_args, dumps, dumps_bytes, loads, now, run_server

# Rate limits per minute by tier; chat.postMessage is 1 per second per channel with a short burst.
TIERS = {1: 1, 2: 20, 3: 50, 4: 100}
METHOD_TIER = {
    "apps.connections.open": 1, "conversations.list": 2, "users.list": 2, "reactions.add": 3, "reactions.remove": 2,
    "chat.update": 3, "chat.delete": 3, "chat.postEphemeral": 4, "conversations.info": 3, "conversations.history": 3,
    "conversations.replies": 3, "conversations.members": 4, "conversations.open": 3, "conversations.join": 3,
    "users.info": 4, "users.lookupByEmail": 3, "users.conversations": 3, "files.getUploadURLExternal": 4,
    "files.completeUploadExternal": 4, "files.info": 4, "views.open": 4, "usergroups.list": 2, "team.info": 3,
    "bots.info": 3, "conversations.create": 2, "conversations.invite": 3, "chat.getPermalink": 4, "pins.add": 2,
}
APP_TOKEN_METHODS = {"apps.connections.open", "apps.event.authorizations.list"}
ID_CHARS = string.ascii_uppercase + string.digits


def new_id(prefix, n=10):
    return prefix + "0" + ("%X" % random.getrandbits(64)).zfill(16)[:n - 1]


def new_uuid():
    h = "%032x" % random.getrandbits(128)
    return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]


class SlackError(Exception):
    def __init__(self, error, **extra):
        self.error = error
        self.extra = extra


class Link(WebSocket):
    """One Socket Mode connection."""

    def __init__(self, conn, request, server, debug_reconnects):
        super().__init__(conn, request)
        self.server = server
        self.id = "conn%d" % server.next_conn
        server.next_conn += 1
        self.hello_sent = False
        self.retiring = False
        self.debug_reconnects = debug_reconnects
        self.envelopes = 0
        self.acks = 0
        self.bad = 0
        self.timers = []
        self.delay = 0.0
        self.no_deliver = False

    def on_open(self):
        s = self.server
        s.links.append(self)
        s.note("socket_open", conn=self.id)
        loop = asyncio.get_running_loop()
        if s.hello_delay:
            self.timers.append(loop.call_later(s.hello_delay, self.hello))
        else:
            self.hello()

    def hello(self):
        s = self.server
        life = s.debug_connection_seconds if self.debug_reconnects else s.connection_seconds
        self.send_json({"type": "hello", "num_connections": len(s.links),
                        "debug_info": {"host": s.applink_host, "build_number": 118, "approximate_connection_time": int(life)},
                        "connection_info": {"app_id": s.app_id}})
        self.hello_sent = True
        self.server.note("hello", conn=self.id)
        loop = asyncio.get_running_loop()
        if life > 0:
            self.timers.append(loop.call_later(life, self.refresh))
        if s.ping_interval > 0:
            self.timers.append(loop.call_later(s.ping_interval, self._ping))
        s.flush_pending()

    def _ping(self):
        if self.open:
            self.ping(b"Ping from " + self.server.applink_host.encode())
            self.timers.append(asyncio.get_running_loop().call_later(self.server.ping_interval, self._ping))

    def refresh(self, warning_seconds=None, reason="refresh_requested"):
        """Slack's ordinary rotation: 'warning' about 10 s before, then refresh_requested, then the socket is closed."""
        if not self.open:
            return
        s = self.server
        w = s.warning_seconds if warning_seconds is None else warning_seconds
        loop = asyncio.get_running_loop()
        if w > 0:
            self.disconnect_message("warning")
            self.timers.append(loop.call_later(w, self.finish_refresh, reason))
        else:
            self.finish_refresh(reason)

    def finish_refresh(self, reason):
        self.retiring = True
        self.disconnect_message(reason)
        self.timers.append(asyncio.get_running_loop().call_later(self.server.refresh_close_seconds, self.close, 1000, ""))

    def disconnect_message(self, reason):
        self.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": self.server.applink_host}})
        self.server.note("disconnect_sent", conn=self.id, reason=reason)

    def on_text(self, text):
        s = self.server
        try:
            msg = loads(text)
        except ValueError:
            self.bad += 1
            s.note("bad_client_json", conn=self.id, text=text[:200])
            return
        if not isinstance(msg, dict) or "envelope_id" not in msg:
            self.bad += 1
            s.note("client_message_without_envelope_id", conn=self.id, text=text[:200])
            return
        self.acks += 1
        s.on_ack(self, msg)

    def on_binary(self, data):
        self.bad += 1
        self.server.note("client_binary_frame", conn=self.id, size=len(data))

    def on_close(self):
        for t in self.timers:
            t.cancel()
        if self in self.server.links:
            self.server.links.remove(self)
        self.server.note("socket_closed", conn=self.id, client_code=self.close_code, client_closed=self.close_code is not None and not self.retiring)
        self.server.on_link_lost(self)


class FakeSlack(FakeServer):
    name = "fake_slack"

    def __init__(self, args):
        super().__init__(args.host, args.port)
        self.args = args
        self.bot_token = args.bot_token
        self.app_token = args.app_token
        self.strict = args.strict_tokens
        self.team_id = "T0FAKETEAM"
        self.app_id = "A0FAKEAPP0"
        self.bot_user = "U0FAKEBOT0"
        self.bot_id = "B0FAKEBOT0"
        self.bot_name = args.bot_name
        self.applink_host = "applink-fake-1"
        self.connection_seconds = args.connection_seconds
        self.debug_connection_seconds = 360
        self.warning_seconds = args.warning_seconds
        self.refresh_close_seconds = args.refresh_close_seconds
        self.retry_seconds = args.retry_seconds
        self.max_retries = args.max_retries
        self.ping_interval = args.ping_interval
        self.hello_delay = 0.0
        self.max_connections = 10
        self.spread = args.spread
        self.self_events = not args.no_self_events
        self.rate_limits = args.rate_limits
        self.latency = args.latency_ms / 1000.0
        self.next_conn = 1
        self.links = []
        self.rr = 0
        self.tickets = {}
        self.pending = []
        self.pending_limit = 10000
        self.env = {}            # envelope id -> record
        self.env_log = []
        self.response_urls = {}
        self.uploads = {}
        self.files = {}
        self.buckets = {}
        self.last_ts = 0
        self.ws_next = []        # faults for the coming envelopes: duplicate, delay, drop_before, drop_after, lose
        self.views = {}
        self.statuses = []
        self.methods = {}
        for attr in dir(self):
            if attr.startswith("m_"):
                self.methods[attr[2:].replace("__", ".")] = getattr(self, attr)
        self.seed_workspace()

    def seed_workspace(self):
        self.users = {}
        self.channels = {}
        self.messages = {}       # (channel, ts) -> message
        self.history = {}        # channel -> [ts]
        self.add_user(self.bot_user, self.bot_name, is_bot=True)
        for i in range(50):
            self.add_user("U0USER%04d" % i, "user%d" % i)
        self.add_user("USLACKBOT", "slackbot")
        self.add_channel("C0GENERAL0", "general", is_general=True)
        self.add_channel("C0RANDOM00", "random")
        for i in range(50):
            self.add_channel("C0CHAN%04d" % i, "chan%d" % i)
        self.add_channel("G0PRIVATE0", "secret", is_private=True)
        self.add_channel("C0NOTIN000", "notin", is_member=False)
        self.add_channel("C0ARCHIVED", "archived", is_archived=True)

    def add_user(self, uid, name, **kw):
        u = {"id": uid, "team_id": self.team_id, "name": name, "deleted": False, "color": "9f69e7", "real_name": name.capitalize(),
             "tz": "Europe/Berlin", "tz_label": "Central European Time", "tz_offset": 3600,
             "profile": {"title": "", "phone": "", "skype": "", "real_name": name.capitalize(), "real_name_normalized": name.capitalize(),
                         "display_name": name, "display_name_normalized": name, "status_text": "", "status_emoji": "", "avatar_hash": "g0",
                         "email": "%s@example.com" % name, "first_name": name.capitalize(), "last_name": "", "team": self.team_id,
                         "image_24": "", "image_48": "", "image_72": ""},
             "is_admin": False, "is_owner": False, "is_primary_owner": False, "is_restricted": False, "is_ultra_restricted": False,
             "is_bot": False, "is_app_user": False, "updated": int(now()), "is_email_confirmed": True, "who_can_share_contact_card": "EVERYONE"}
        u.update(kw)
        if u.get("is_bot"):
            u["profile"].update(bot_id=self.bot_id, api_app_id=self.app_id, always_active=True)
            u["profile"].pop("email", None)
        self.users[uid] = u
        return u

    def add_channel(self, cid, name, **kw):
        c = {"id": cid, "name": name, "is_channel": True, "is_group": False, "is_im": False, "is_mpim": False, "is_private": False,
             "created": int(now()), "is_archived": False, "is_general": False, "unlinked": 0, "name_normalized": name, "is_shared": False,
             "is_org_shared": False, "is_pending_ext_shared": False, "pending_shared": [], "context_team_id": self.team_id,
             "updated": int(now() * 1000), "parent_conversation": None, "creator": "U0USER0000", "is_ext_shared": False,
             "shared_team_ids": [self.team_id], "pending_connected_team_ids": [], "is_member": True,
             "topic": {"value": "", "creator": "", "last_set": 0}, "purpose": {"value": "", "creator": "", "last_set": 0},
             "previous_names": [], "num_members": 51}
        c.update(kw)
        c["_members"] = kw.get("_members") or [u for u in self.users if u != "USLACKBOT"]
        self.channels[cid] = c
        return c

    def im_for(self, uid):
        cid = "D0" + uid[2:]
        if cid not in self.channels:
            self.add_channel(cid, "", is_channel=False, is_im=True, is_private=True, user=uid, is_open=True, _members=[uid, self.bot_user])
        return self.channels[cid]

    def reset(self):
        self.env.clear()
        self.env_log.clear()
        self.pending.clear()
        self.ws_next.clear()
        self.buckets.clear()
        self.response_urls.clear()
        self.uploads.clear()
        self.files.clear()
        self.statuses.clear()
        self.seed_workspace()

    def sockets(self):
        return self.links

    def ts(self):
        t = int(now() * 1e6)
        if t <= self.last_ts:
            t = self.last_ts + 1
        self.last_ts = t
        return "%d.%06d" % (t // 1000000, t % 1000000)

    # ------------------------------------------------------------------ Socket Mode
    def handle_link(self, req):
        q = req.query
        t = self.tickets.pop(q.get("ticket", ""), None)
        if req.headers.get("upgrade", "").lower() != "websocket":
            return Response(426, "upgrade required")
        if t is None or now() - t > 60:
            self.note("bad_ticket", ticket=q.get("ticket"))
            return Response(408 if t else 404, "ticket is unknown, used or expired")
        rule = self.pick_fault("ws.connect")
        if rule is not None:
            r = self.apply_fault(rule, req, lambda: None)
            if r is not None:
                return r
            if rule["kind"] in ("reset", "close", "truncate", "hang"):
                return None
        if len(self.links) >= self.max_connections:
            res = Response(200)
            res.upgrade = TooMany(req.conn, req, self)
            return res
        res = Response(101)
        res.upgrade = Link(req.conn, req, self, q.get("debug_reconnects") == "true")
        return res

    def pick_link(self):
        ready = [l for l in self.links if l.open and l.hello_sent and not l.retiring and not l.close_sent and not l.no_deliver]
        if not ready:
            return None
        if self.spread == "random":
            return random.choice(ready)
        self.rr += 1
        return ready[self.rr % len(ready)]

    def send_envelope(self, etype, payload, token=None, accepts=False, retry=True):
        eid = new_uuid()
        rec = {"id": eid, "type": etype, "token": token, "created": now(), "deliveries": [], "ack": None, "ack_payload": None,
               "accepts": accepts, "payload": payload, "retry": retry, "attempt": 0, "reason": "", "timer": None, "failed": False}
        self.env[eid] = rec
        if self.record:
            self.env_log.append(rec)
            if len(self.env_log) > 100000:
                for r in self.env_log[:50000]:
                    self.env.pop(r["id"], None)
                del self.env_log[:50000]
        self.deliver(rec)
        return rec

    def deliver(self, rec):
        fault = None
        if self.ws_next:
            fault = self.ws_next[0]
            fault["times"] = fault.get("times", 1) - 1
            if fault["times"] <= 0:
                self.ws_next.pop(0)
        if fault is not None and fault["kind"] == "delay":
            asyncio.get_running_loop().call_later(float(fault.get("ms", 1000)) / 1000.0, self._deliver, rec, None)
        else:
            self._deliver(rec, fault)

    def _deliver(self, rec, fault):
        link = self.pick_link()
        if link is None:
            if rec["type"] == "events_api":
                if len(self.pending) < self.pending_limit:
                    self.pending.append(rec)
                    self.note("event_waits_for_socket", envelope=rec["id"])
            else:
                rec["failed"] = True
                self.note("no_socket_for_interaction", envelope=rec["id"], type=rec["type"])
            return
        msg = {"envelope_id": rec["id"], "payload": rec["payload"], "type": rec["type"], "accepts_response_payload": rec["accepts"]}
        if rec["type"] == "events_api":
            msg["retry_attempt"] = rec["attempt"]
            msg["retry_reason"] = rec["reason"]
        text = dumps_bytes(msg)
        kind = fault["kind"] if fault else None
        if kind == "drop_before":
            link.drop(rst=bool(fault.get("rst")))
            asyncio.get_running_loop().call_later(0.05, self._deliver, rec, None)
            return
        rec["deliveries"].append({"t": now(), "conn": link.id, "attempt": rec["attempt"]})
        link.envelopes += 1
        if kind == "lose":                  # swallowed on the way: Slack thinks it was sent
            pass
        elif kind == "split":               # arrives in small TCP pieces
            self._send_split(link, text)
        else:
            link.send_text(text)
            if kind == "duplicate":
                for _ in range(int(fault.get("copies", 1))):
                    link.send_text(text)
            elif kind == "everywhere":
                for other in self.links:
                    if other is not link and other.open and other.hello_sent:
                        other.send_text(text)
            elif kind == "drop_after":
                link.drop(rst=bool(fault.get("rst")))
        loop = asyncio.get_running_loop()
        if rec["retry"] and self.retry_seconds > 0:
            rec["timer"] = loop.call_later(self.retry_seconds, self._timeout, rec)

    def _send_split(self, link, text):
        n = len(text)
        import struct
        head = bytes((0x81, n)) if n < 126 else (struct.pack("!BBH", 0x81, 126, n) if n < 65536 else struct.pack("!BBQ", 0x81, 127, n))
        data = head + text

        async def go():
            for i in range(0, len(data), 37):
                link.raw(data[i:i + 37])
                await asyncio.sleep(0.001)
        asyncio.get_running_loop().create_task(go())

    def _timeout(self, rec):
        if rec["ack"] is not None:
            return
        if rec["type"] != "events_api":
            rec["failed"] = True            # the user sees "operation_timeout"; no retry
            self.note("operation_timeout", envelope=rec["id"], type=rec["type"])
            return
        if rec["attempt"] >= self.max_retries:
            rec["failed"] = True
            self.note("event_given_up", envelope=rec["id"])
            return
        rec["attempt"] += 1
        rec["reason"] = "timeout"
        if self.active_load is not None and rec["token"]:
            self.active_load.on_retry(rec["token"])
        self._deliver(rec, None)

    def on_link_lost(self, link):
        """Unacked envelopes of a lost socket are tried again at once on another one, as Slack's first retry is."""
        if not self.args.redeliver_on_loss:
            return
        for rec in self.env_log[-2000:]:
            if rec["ack"] is None and not rec["failed"] and rec["deliveries"] and rec["deliveries"][-1]["conn"] == link.id and rec["type"] == "events_api":
                if rec["timer"]:
                    rec["timer"].cancel()
                if rec["attempt"] < self.max_retries:
                    rec["attempt"] += 1
                    rec["reason"] = "connection_failed"
                    asyncio.get_running_loop().call_later(0.2, self._deliver, rec, None)

    def flush_pending(self):
        if not self.pending:
            return
        todo, self.pending = self.pending, []
        for rec in todo:
            self._deliver(rec, None)

    def on_ack(self, link, msg):
        t = now()
        rec = self.env.get(msg["envelope_id"])
        if rec is None:
            self.note("ack_of_unknown_envelope", envelope=msg["envelope_id"])
            return
        if rec["ack"] is not None:
            rec["extra_acks"] = rec.get("extra_acks", 0) + 1
            return
        rec["ack"] = t
        if rec["timer"]:
            rec["timer"].cancel()
        if self.active_load is not None and rec["token"]:
            self.active_load.on_ack(rec["token"], t)
        payload = msg.get("payload")
        rec["ack_payload"] = payload
        if payload:
            if not rec["accepts"]:
                self.note("payload_in_ack_not_accepted", envelope=rec["id"])
            elif rec["type"] == "slash_commands":
                self.slash_answer(rec, payload)
        if not self.record:
            self.env.pop(rec["id"], None)
        f = rec.get("future")
        if f is not None and not f.done():
            f.set_result(rec)

    def slash_answer(self, rec, payload):
        if isinstance(payload, str):
            payload = {"text": payload}
        p = rec["payload"]
        kind = "message" if payload.get("response_type") == "in_channel" else "ephemeral"
        self.store_bot_message(p["channel_id"], payload, kind, "ack_payload", user=p["user_id"])

    # ------------------------------------------------------------------ events from users
    def event_payload(self, event, etype):
        return {"token": "verification-token", "team_id": self.team_id, "context_team_id": self.team_id, "context_enterprise_id": None,
                "api_app_id": self.app_id, "event": event, "type": "event_callback", "event_id": new_id("Ev", 11), "event_time": int(now()),
                "authorizations": [{"enterprise_id": None, "team_id": self.team_id, "user_id": self.bot_user, "is_bot": True, "is_enterprise_install": False}],
                "is_ext_shared_channel": False, "event_context": "4-%024x" % random.getrandbits(96)}

    def channel_type(self, cid):
        c = self.channels.get(cid)
        if c is None:
            return "channel"
        return "im" if c["is_im"] else "mpim" if c["is_mpim"] else "group" if c["is_private"] else "channel"

    def user_message(self, channel, user, text, thread_ts=None, etype="message", token=None, files=None, subtype=None, extra=None):
        ts = self.ts()
        ev = {"user": user, "type": "message", "ts": ts, "client_msg_id": new_uuid(), "text": text, "team": self.team_id,
              "blocks": [{"type": "rich_text", "block_id": "b" + ts[-4:], "elements": [{"type": "rich_text_section", "elements": rich(text)}]}],
              "channel": channel, "event_ts": ts, "channel_type": self.channel_type(channel)}
        if thread_ts:
            ev["thread_ts"] = thread_ts
            ev["parent_user_id"] = self.messages.get((channel, thread_ts), {}).get("user", user)
        if subtype:
            ev["subtype"] = subtype
        if files:
            ev["files"] = files
            ev["subtype"] = "file_share"
            ev["upload"] = True
        if extra:
            ev.update(extra)
        stored = dict(ev)
        self.keep(channel, ts, stored)
        mention = "<@%s>" % self.bot_user in text
        recs = []
        if etype == "message" or etype == "both":
            recs.append(self.send_envelope("events_api", self.event_payload(ev, "message"), token))
        if etype == "app_mention" or (mention and etype in ("message", "both") and self.channel_type(channel) != "im" and not extra):
            am = {k: v for k, v in ev.items() if k not in ("channel_type", "subtype")}
            am["type"] = "app_mention"
            recs.append(self.send_envelope("events_api", self.event_payload(am, "app_mention"), token))
        return ts, recs

    def keep(self, channel, ts, msg):
        self.messages[(channel, ts)] = msg
        h = self.history.setdefault(channel, [])
        h.append(ts)
        if len(h) > 5000:
            for old in h[:2500]:
                self.messages.pop((channel, old), None)
            del h[:2500]

    def new_response_url(self, channel, user, what):
        key = "%s/%d/%s" % (self.team_id, random.randrange(10 ** 12), "".join(random.choice(string.ascii_letters) for _ in range(24)))
        self.response_urls[key] = {"channel": channel, "user": user, "used": 0, "expires": now() + 1800, "what": what}
        return "%s/%s/%s" % (self.public_base, what, key)

    def slash_command(self, d, token=None):
        channel = d.get("channel", "C0GENERAL0")
        user = d.get("user", "U0USER0000")
        c = self.channels.get(channel, {})
        p = {"token": "verification-token", "team_id": self.team_id, "team_domain": "fake", "channel_id": channel,
             "channel_name": "directmessage" if c.get("is_im") else c.get("name", "unknown"), "user_id": user,
             "user_name": self.users.get(user, {}).get("name", "nobody"), "command": d.get("command", "/petrel"), "text": d.get("text", ""),
             "api_app_id": self.app_id, "is_enterprise_install": "false", "response_url": self.new_response_url(channel, user, "commands"),
             "trigger_id": self.trigger_id()}
        return self.send_envelope("slash_commands", p, token, accepts=True)

    def trigger_id(self):
        return "%d.%d.%032x" % (random.randrange(10 ** 13), random.randrange(10 ** 13), random.getrandbits(128))

    def interaction(self, d, token=None):
        if d.get("payload"):
            p = d["payload"]
        else:
            kind = d.get("type", "block_actions")
            channel = d.get("channel", "C0GENERAL0")
            user = d.get("user", "U0USER0000")
            c = self.channels.get(channel, {})
            p = {"type": kind, "user": {"id": user, "username": self.users.get(user, {}).get("name", ""), "name": self.users.get(user, {}).get("name", ""), "team_id": self.team_id},
                 "api_app_id": self.app_id, "token": "verification-token", "trigger_id": self.trigger_id(),
                 "team": {"id": self.team_id, "domain": "fake"}, "enterprise": None, "is_enterprise_install": False}
            if kind == "block_actions":
                ts = d.get("message_ts", "")
                p.update(container={"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": False},
                         channel={"id": channel, "name": c.get("name", "")}, message=self.messages.get((channel, ts), {"type": "message", "ts": ts}),
                         state={"values": d.get("state", {})}, response_url=self.new_response_url(channel, user, "actions"),
                         actions=[{"type": d.get("action_type", "button"), "action_id": d.get("action_id", "go"), "block_id": d.get("block_id", "b1"),
                                   "text": {"type": "plain_text", "text": d.get("label", "Go"), "emoji": True}, "value": d.get("value", ""), "action_ts": self.ts()}])
            elif kind in ("view_submission", "view_closed"):
                view = self.views.get(d.get("view_id"), {"id": d.get("view_id", new_id("V")), "type": "modal", "callback_id": d.get("callback_id", "")})
                view = dict(view)
                view["state"] = {"values": d.get("state", {})}
                p.update(view=view, response_urls=[])
            elif kind in ("shortcut", "message_action"):
                p.update(callback_id=d.get("callback_id", "do"), action_ts=self.ts())
                if kind == "message_action":
                    ts = d.get("message_ts", "")
                    p.update(channel={"id": channel, "name": c.get("name", "")}, message_ts=ts, message=self.messages.get((channel, ts), {}),
                             response_url=self.new_response_url(channel, user, "app"))
        return self.send_envelope("interactive", p, token, accepts=p.get("type") == "view_submission")

    # ------------------------------------------------------------------ HTTP
    def handle_api(self, req):
        path = req.path
        if path.startswith("/api/"):
            return self.web_api(req, path[5:].strip("/"))
        if path.startswith("/link"):
            self.log_call(req, "ws.connect", 101)
            return self.handle_link(req)
        if path.startswith(("/commands/", "/actions/", "/app/")):
            return self.response_url(req, path.split("/", 2)[2])
        if path.startswith("/upload/"):
            return self.upload(req, path[len("/upload/"):])
        if path.startswith("/files-pri/"):
            f = self.files.get(path[len("/files-pri/"):].split("/")[0])
            if f is None:
                return Response(404, "not found")
            if not req.headers.get("authorization", "").startswith("Bearer xox"):
                return Response(302, "", {"Location": self.public_base + "/login"})
            return Response(200, f["_data"], content_type=f["mimetype"])
        return Response(404, "not found")

    @property
    def public_base(self):
        return self.base("http", self.request_host)

    request_host = None

    def args_of(self, req):
        a = dict(req.query)
        if req.body:
            if req.content_type == "application/json":
                d = req.json()
                if isinstance(d, dict):
                    a.update(d)
            else:
                for k, v in req.form().items():
                    if isinstance(v, str) and k in JSON_ARGS and v[:1] in "[{":
                        try:
                            v = json.loads(v)
                        except ValueError:
                            pass
                    a[k] = v
        return a

    def web_api(self, req, method):
        self.request_host = req.headers.get("host")
        rule = self.pick_fault(method)
        if rule is not None:
            self.log_call(req, method, 0, fault=rule["kind"])
            return self.apply_fault(rule, req, lambda: self.call(req, method))
        if self.latency:
            async def later():
                await asyncio.sleep(self.latency)
                return self.call(req, method)
            return later()
        return self.call(req, method)

    def platform_fault(self, rule, req, do):
        kind = rule["kind"]
        if kind == "ratelimited":
            ra = int(rule.get("retry_after", 1))
            return Response(429, {"ok": False, "error": "ratelimited"}, {"retry-after": str(ra), **self.std_headers()})
        if kind == "error":
            return Response(200, {"ok": False, "error": rule.get("error", "internal_error")}, self.std_headers())
        return super().platform_fault(rule, req, do)

    def std_headers(self):
        return {"x-slack-req-id": "%032x" % random.getrandbits(128), "x-oauth-scopes": SCOPES, "x-slack-backend": "r",
                "cache-control": "private, no-cache, no-store, must-revalidate", "vary": "Accept-Encoding"}

    def call(self, req, method):
        try:
            args = self.args_of(req)
        except ValueError:
            self.log_call(req, method, 200, error="invalid_json")
            return Response(200, {"ok": False, "error": "json_not_object" if req.body[:1] in b"[\"" else "invalid_json"}, self.std_headers())
        fn = self.methods.get(method)
        body = None
        try:
            self.check_token(req, args, method)
            if fn is None:
                raise SlackError("unknown_method", req_method=method)
            wait = self.limited(method, args)
            if wait:
                self.log_call(req, method, 429)
                return Response(429, {"ok": False, "error": "ratelimited"}, {"retry-after": str(wait), **self.std_headers()})
            if "charset" in self.args.warn and req.content_type == "application/json" and "charset" not in req.headers.get("content-type", "").lower():
                body = {"warning": "missing_charset", "response_metadata": {"warnings": ["missing_charset"]}}
            out = {"ok": True}
            r = fn(args, req)
            if r:
                out.update(r)
            if body:
                out.update(body)
            self.log_call(req, method, 200, args=slim(args))
        except SlackError as e:
            out = {"ok": False, "error": e.error}
            out.update(e.extra)
            self.log_call(req, method, 200, error=e.error, args=slim(args))
        return Response(200, dumps_bytes(out), self.std_headers(), content_type="application/json; charset=utf-8")

    def token_of(self, req, args):
        h = req.headers.get("authorization", "")
        if h.lower().startswith("bearer "):
            return h[7:].strip()
        return args.get("token")

    def check_token(self, req, args, method):
        if method == "api.test":
            return
        token = self.token_of(req, args)
        args.pop("token", None)
        if not token:
            raise SlackError("not_authed")
        if method in APP_TOKEN_METHODS:
            if not token.startswith("xapp-"):
                raise SlackError("not_allowed_token_type")
            if self.strict and token != self.app_token:
                raise SlackError("invalid_auth")
        else:
            if token.startswith("xapp-"):
                raise SlackError("not_allowed_token_type")
            if not token.startswith("xox") or (self.strict and token != self.bot_token):
                raise SlackError("invalid_auth")

    def limited(self, method, args):
        if self.rate_limits == "off":
            return 0
        t = now()
        if method == "chat.postMessage":
            key, rate, burst = ("post", args.get("channel")), 1.0, 5.0
        else:
            tier = METHOD_TIER.get(method)
            if tier is None:
                return 0
            per = TIERS[tier]
            if tier == 1 and method == "apps.connections.open":
                per = 20        # documented as Tier 1; in practice it is laxer, so that reconnects are possible
            key, rate, burst = method, per / 60.0, float(per)
        tokens, last = self.buckets.get(key, (burst, t))
        tokens = min(burst, tokens + (t - last) * rate)
        if tokens < 1.0:
            self.buckets[key] = (tokens, t)
            return max(1, int((1.0 - tokens) / rate + 0.999))
        self.buckets[key] = (tokens - 1.0, t)
        return 0

    # ------------------------------------------------------------------ methods (m_ + name, '.' as '__')
    def m_api__test(self, a, req):
        if a.get("error"):
            raise SlackError(a["error"], args=a)
        return {"args": {k: v for k, v in a.items() if k != "token"}}

    def m_auth__test(self, a, req):
        return {"url": "https://fake.slack.test/", "team": "Fake", "user": self.bot_name, "team_id": self.team_id, "user_id": self.bot_user,
                "bot_id": self.bot_id, "is_enterprise_install": False}

    def m_apps__connections__open(self, a, req):
        ticket = new_uuid()
        self.tickets[ticket] = now()
        if len(self.tickets) > 1000:
            for k in list(self.tickets)[:500]:
                del self.tickets[k]
        return {"url": "%s/link/?ticket=%s&app_id=%s" % (self.base("ws", self.request_host), ticket, self.app_id)}

    def channel_arg(self, a, key="channel", for_post=False):
        v = a.get(key)
        if not v:
            raise SlackError("channel_not_found" if for_post else "invalid_arguments")
        c = self.channels.get(v)
        if c is None and isinstance(v, str):
            if v.startswith("U") and v in self.users and for_post:
                return self.im_for(v)
            n = v.lstrip("#").lower()
            if for_post:
                for x in self.channels.values():
                    if x["name"] == n and n:
                        return x
                if v.startswith("@"):
                    for u in self.users.values():
                        if u["name"] == n.lstrip("@"):
                            return self.im_for(u["id"])
        if c is None:
            raise SlackError("channel_not_found")
        return c

    def check_content(self, a):
        text = a.get("text")
        if not text and not a.get("blocks") and not a.get("attachments"):
            raise SlackError("no_text")
        if isinstance(text, str) and len(text) > 40000:
            raise SlackError("msg_too_long")
        b = a.get("blocks")
        if b is not None and b != "":
            if not isinstance(b, list):
                raise SlackError("invalid_blocks_format")
            if len(b) > 50:
                raise SlackError("invalid_blocks", errors=["no more than 50 items allowed [json-pointer:/blocks]"], response_metadata={"messages": ["[ERROR] no more than 50 items allowed [json-pointer:/blocks]"]})
            for i, x in enumerate(b):
                if not isinstance(x, dict) or x.get("type") not in BLOCK_TYPES:
                    raise SlackError("invalid_blocks", errors=["unsupported type: %s [json-pointer:/blocks/%d/type]" % (x.get("type") if isinstance(x, dict) else None, i)])
                if x["type"] == "section":
                    t = x.get("text")
                    if t is None and not x.get("fields"):
                        raise SlackError("invalid_blocks", errors=["missing required field: text [json-pointer:/blocks/%d]" % i])
                    if t is not None and (len(t.get("text", "")) > 3000 or not t.get("text")):
                        raise SlackError("invalid_blocks", errors=["must be more than 0 and less than 3001 characters [json-pointer:/blocks/%d/text/text]" % i])
                    if len(x.get("fields") or []) > 10:
                        raise SlackError("invalid_blocks", errors=["no more than 10 items allowed [json-pointer:/blocks/%d/fields]" % i])
                elif x["type"] == "header" and len(x.get("text", {}).get("text", "")) > 150:
                    raise SlackError("invalid_blocks", errors=["must be less than 151 characters [json-pointer:/blocks/%d/text/text]" % i])
        att = a.get("attachments")
        if isinstance(att, list) and len(att) > 100:
            raise SlackError("too_many_attachments")

    def store_bot_message(self, channel, a, kind, method, user=None, ts=None, t=None, raw=None):
        """Keeps and records a post by the bot, and tells the sockets about it as Slack does."""
        ts = ts or self.ts()
        text = a.get("text") or ""
        msg = {"user": self.bot_user, "type": "message", "ts": ts, "bot_id": self.bot_id, "app_id": self.app_id, "text": text,
               "team": self.team_id,
               "bot_profile": {"id": self.bot_id, "app_id": self.app_id, "user_id": self.bot_user, "name": self.bot_name, "deleted": False, "updated": int(now()), "team_id": self.team_id, "icons": {}}}
        if a.get("username"):
            msg["username"] = a["username"]
            msg["subtype"] = "bot_message"
        for k in ("blocks", "attachments", "thread_ts", "metadata", "icons"):
            if a.get(k):
                msg[k] = a[k]
        if msg.get("thread_ts"):
            parent = self.messages.get((channel, msg["thread_ts"]))
            if parent is not None:
                parent["reply_count"] = parent.get("reply_count", 0) + 1
                parent.setdefault("thread_ts", msg["thread_ts"])
        if kind == "message":
            self.keep(channel, ts, msg)
        if raw is None:
            raw = dumps([text, a.get("blocks"), a.get("attachments")])
        self.record_post({"t": t or now(), "kind": kind, "method": method, "channel": channel, "thread": a.get("thread_ts"), "ts": ts,
                          "text": text, "blocks": a.get("blocks"), "attachments": a.get("attachments"), "user": user, "raw": raw})
        if kind == "message" and self.self_events and self.links:
            ev = dict(msg)
            ev.update(channel=channel, event_ts=ts, channel_type=self.channel_type(channel))
            self.send_envelope("events_api", self.event_payload(ev, "message"))
        return ts, msg

    def raw_of(self, a):
        b = a.get("blocks")
        t = a.get("attachments")
        text = a.get("text") or ""
        if not b and not t:
            return text
        return dumps([text, b, t])

    def m_chat__postMessage(self, a, req):
        c = self.channel_arg(a, for_post=True)
        if c["is_archived"]:
            raise SlackError("is_archived")
        if not c["is_member"] and not c["is_im"]:
            raise SlackError("not_in_channel")
        self.check_content(a)
        if a.get("thread_ts") and (c["id"], a["thread_ts"]) not in self.messages:
            if self.args.strict_threads:
                raise SlackError("thread_not_found")
        ts, msg = self.store_bot_message(c["id"], a, "message", "chat.postMessage", t=req.t_recv, raw=self.raw_of(a))
        return {"channel": c["id"], "ts": ts, "message": msg}

    def m_chat__postEphemeral(self, a, req):
        c = self.channel_arg(a, for_post=True)
        if not c["is_member"] and not c["is_im"]:
            raise SlackError("not_in_channel")
        if not a.get("user"):
            raise SlackError("invalid_arguments")
        if a["user"] not in self.users or a["user"] not in c["_members"]:
            raise SlackError("user_not_in_channel")
        self.check_content(a)
        ts, _ = self.store_bot_message(c["id"], a, "ephemeral", "chat.postEphemeral", user=a["user"], t=req.t_recv, raw=self.raw_of(a))
        return {"message_ts": ts}

    def m_chat__update(self, a, req):
        c = self.channel_arg(a)
        msg = self.messages.get((c["id"], a.get("ts")))
        if msg is None:
            raise SlackError("message_not_found")
        if msg.get("bot_id") != self.bot_id:
            raise SlackError("cant_update_message")
        self.check_content(a)
        prev = dict(msg)
        for k in ("text", "blocks", "attachments", "metadata"):
            if k in a:
                msg[k] = a[k]
        msg["edited"] = {"user": self.bot_user, "ts": self.ts()}
        self.record_post({"t": req.t_recv, "kind": "update", "method": "chat.update", "channel": c["id"], "thread": msg.get("thread_ts"), "ts": a["ts"],
                          "text": a.get("text") or "", "blocks": a.get("blocks"), "attachments": a.get("attachments"), "user": None, "raw": self.raw_of(a)})
        if self.self_events and self.links:
            ts = self.ts()
            self.send_envelope("events_api", self.event_payload({"type": "message", "subtype": "message_changed", "message": msg, "previous_message": prev,
                               "channel": c["id"], "hidden": True, "ts": ts, "event_ts": ts, "channel_type": self.channel_type(c["id"])}, "message"))
        return {"channel": c["id"], "ts": a["ts"], "text": msg.get("text", ""), "message": msg}

    def m_chat__delete(self, a, req):
        c = self.channel_arg(a)
        if self.messages.pop((c["id"], a.get("ts")), None) is None:
            raise SlackError("message_not_found")
        self.record_post({"t": req.t_recv, "kind": "delete", "method": "chat.delete", "channel": c["id"], "thread": None, "ts": a["ts"], "text": "", "user": None, "raw": ""})
        return {"channel": c["id"], "ts": a["ts"]}

    def m_chat__getPermalink(self, a, req):
        c = self.channel_arg(a)
        return {"channel": c["id"], "permalink": "https://fake.slack.test/archives/%s/p%s" % (c["id"], str(a.get("message_ts", "")).replace(".", ""))}

    def m_chat__scheduleMessage(self, a, req):
        c = self.channel_arg(a, for_post=True)
        at = int(a.get("post_at") or 0)
        if at <= now():
            raise SlackError("time_in_past")
        self.check_content(a)
        sid = new_id("Q")
        asyncio.get_running_loop().call_later(at - now(), self.store_bot_message, c["id"], dict(a), "message", "chat.scheduleMessage")
        return {"channel": c["id"], "scheduled_message_id": sid, "post_at": at, "message": {"text": a.get("text", ""), "type": "delayed_message"}}

    def m_chat__startStream(self, a, req):
        raise SlackError("method_deprecated")

    def page(self, items, a, default=100, top=1000):
        limit = int(a.get("limit") or default)
        if limit < 1 or limit > top:
            raise SlackError("invalid_limit")
        start = 0
        if a.get("cursor"):
            m = re.fullmatch(r"dXNlcjo(\d+)", a["cursor"])
            if not m:
                raise SlackError("invalid_cursor")
            start = int(m.group(1))
        nxt = "dXNlcjo%d" % (start + limit) if start + limit < len(items) else ""
        return items[start:start + limit], {"next_cursor": nxt}

    def m_conversations__list(self, a, req):
        types = str(a.get("types") or "public_channel").split(",")
        out = []
        for c in self.channels.values():
            t = "im" if c["is_im"] else "mpim" if c["is_mpim"] else "private_channel" if c["is_private"] else "public_channel"
            if t in types and not (c["is_archived"] and str(a.get("exclude_archived", "")).lower() in ("true", "1")):
                out.append(clean(c))
        out, meta = self.page(out, a)
        return {"channels": out, "response_metadata": meta}

    def m_users__conversations(self, a, req):
        u = a.get("user", self.bot_user)
        types = str(a.get("types") or "public_channel").split(",")
        out = []
        for c in self.channels.values():
            t = "im" if c["is_im"] else "mpim" if c["is_mpim"] else "private_channel" if c["is_private"] else "public_channel"
            if t in types and u in c["_members"] and (u != self.bot_user or c["is_member"]):
                out.append(clean(c))
        out, meta = self.page(out, a)
        return {"channels": out, "response_metadata": meta}

    def m_conversations__info(self, a, req):
        return {"channel": clean(self.channel_arg(a))}

    def m_conversations__members(self, a, req):
        out, meta = self.page(self.channel_arg(a)["_members"], a)
        return {"members": out, "response_metadata": meta}

    def m_conversations__open(self, a, req):
        if a.get("channel"):
            return {"channel": {"id": self.channel_arg(a)["id"]}}
        users = a.get("users")
        users = users.split(",") if isinstance(users, str) else (users or [])
        if not users:
            raise SlackError("users_list_not_supplied")
        for u in users:
            if u not in self.users:
                raise SlackError("user_not_found")
        if len(users) == 1:
            c = self.im_for(users[0])
        else:
            c = self.add_channel(new_id("G"), "mpdm-" + "--".join(self.users[u]["name"] for u in users) + "-1", is_mpim=True, is_channel=False, is_private=True, _members=users + [self.bot_user])
        full = str(a.get("return_im", "")).lower() in ("true", "1")
        return {"no_op": False, "already_open": False, "channel": clean(c) if full else {"id": c["id"]}}

    def m_conversations__join(self, a, req):
        c = self.channel_arg(a)
        c["is_member"] = True
        return {"channel": clean(c)}

    def m_conversations__leave(self, a, req):
        c = self.channel_arg(a)
        c["is_member"] = False
        return {}

    def m_conversations__invite(self, a, req):
        c = self.channel_arg(a)
        for u in str(a.get("users", "")).split(","):
            if u not in self.users:
                raise SlackError("user_not_found")
            if u not in c["_members"]:
                c["_members"].append(u)
        return {"channel": clean(c)}

    def m_conversations__create(self, a, req):
        n = a.get("name", "")
        if not re.fullmatch(r"[a-z0-9_\-]{1,80}", n):
            raise SlackError("invalid_name_specials")
        if any(c["name"] == n for c in self.channels.values()):
            raise SlackError("name_taken")
        return {"channel": clean(self.add_channel(new_id("C"), n, is_private=str(a.get("is_private", "")).lower() == "true"))}

    def m_conversations__archive(self, a, req):
        self.channel_arg(a)["is_archived"] = True
        return {}

    def m_conversations__setTopic(self, a, req):
        c = self.channel_arg(a)
        c["topic"] = {"value": a.get("topic", ""), "creator": self.bot_user, "last_set": int(now())}
        return {"channel": clean(c)}

    def m_conversations__setPurpose(self, a, req):
        c = self.channel_arg(a)
        c["purpose"] = {"value": a.get("purpose", ""), "creator": self.bot_user, "last_set": int(now())}
        return {"channel": clean(c)}

    def m_conversations__mark(self, a, req):
        self.channel_arg(a)
        return {}

    def m_conversations__history(self, a, req):
        c = self.channel_arg(a)
        if not c["is_member"] and not c["is_im"]:
            raise SlackError("not_in_channel")
        lo, hi = str(a.get("oldest") or "0"), str(a.get("latest") or "9999999999.999999")
        inc = str(a.get("inclusive", "")).lower() in ("true", "1")
        ts = [t for t in self.history.get(c["id"], []) if (lo < t < hi) or (inc and t in (lo, hi))]
        msgs = [self.messages[(c["id"], t)] for t in reversed(ts) if (c["id"], t) in self.messages]
        msgs = [m for m in msgs if not m.get("thread_ts") or m["thread_ts"] == m["ts"]]
        out, meta = self.page(msgs, a)
        return {"messages": out, "has_more": bool(meta["next_cursor"]), "pin_count": 0, "response_metadata": meta}

    def m_conversations__replies(self, a, req):
        c = self.channel_arg(a)
        root = self.messages.get((c["id"], a.get("ts")))
        if root is None:
            raise SlackError("thread_not_found")
        top = root.get("thread_ts") or root["ts"]
        msgs = [m for m in (self.messages.get((c["id"], t)) for t in self.history.get(c["id"], [])) if m and (m["ts"] == top or m.get("thread_ts") == top)]
        out, meta = self.page(msgs, a)
        return {"messages": out, "has_more": bool(meta["next_cursor"]), "response_metadata": meta}

    def m_users__list(self, a, req):
        out, meta = self.page(list(self.users.values()), a, default=1000)
        return {"members": out, "cache_ts": int(now()), "response_metadata": meta}

    def m_users__info(self, a, req):
        u = self.users.get(a.get("user"))
        if u is None:
            raise SlackError("user_not_found")
        return {"user": u}

    def m_users__lookupByEmail(self, a, req):
        for u in self.users.values():
            if u["profile"].get("email") == a.get("email"):
                return {"user": u}
        raise SlackError("users_not_found")

    def m_users__profile__get(self, a, req):
        u = self.users.get(a.get("user", self.bot_user))
        if u is None:
            raise SlackError("user_not_found")
        return {"profile": u["profile"]}

    def m_users__getPresence(self, a, req):
        return {"presence": "active"}

    def m_users__setPresence(self, a, req):
        return {}

    def m_bots__info(self, a, req):
        return {"bot": {"id": self.bot_id, "deleted": False, "name": self.bot_name, "updated": int(now()), "app_id": self.app_id, "user_id": self.bot_user, "icons": {}}}

    def m_team__info(self, a, req):
        return {"team": {"id": self.team_id, "name": "Fake", "domain": "fake", "email_domain": "", "icon": {"image_default": True}}}

    def m_emoji__list(self, a, req):
        return {"emoji": {}, "cache_ts": "%.6f" % now()}

    def m_usergroups__list(self, a, req):
        return {"usergroups": [{"id": "S0ADMINS00", "team_id": self.team_id, "is_usergroup": True, "name": "Admins", "handle": "admins", "users": ["U0USER0000", "U0USER0001"], "user_count": 2}]}

    def m_usergroups__users__list(self, a, req):
        if a.get("usergroup") != "S0ADMINS00":
            raise SlackError("no_such_subteam")
        return {"users": ["U0USER0000", "U0USER0001"]}

    def item(self, a):
        c = self.channel_arg(a)
        m = self.messages.get((c["id"], a.get("timestamp")))
        if m is None:
            raise SlackError("message_not_found")
        return c, m

    def m_reactions__add(self, a, req):
        n = a.get("name")
        if not n:
            raise SlackError("invalid_name")
        c, m = self.item(a)
        for r in m.setdefault("reactions", []):
            if r["name"] == n:
                if self.bot_user in r["users"]:
                    raise SlackError("already_reacted")
                r["users"].append(self.bot_user)
                r["count"] += 1
                break
        else:
            m["reactions"].append({"name": n, "users": [self.bot_user], "count": 1})
        self.record_post({"t": req.t_recv, "kind": "reaction", "method": "reactions.add", "channel": c["id"], "thread": None, "ts": m["ts"], "text": "", "name": n, "user": None, "raw": ""}) if self.args.record_reactions else None
        return {}

    def m_reactions__remove(self, a, req):
        c, m = self.item(a)
        for r in m.get("reactions", []):
            if r["name"] == a.get("name") and self.bot_user in r["users"]:
                r["users"].remove(self.bot_user)
                r["count"] -= 1
                m["reactions"] = [x for x in m["reactions"] if x["count"] > 0]
                return {}
        raise SlackError("no_reaction")

    def m_reactions__get(self, a, req):
        c, m = self.item(a)
        return {"type": "message", "channel": c["id"], "message": m}

    def m_pins__add(self, a, req):
        return {}

    def m_files__getUploadURLExternal(self, a, req):
        if not a.get("filename"):
            raise SlackError("invalid_arguments")
        try:
            n = int(a.get("length"))
        except (TypeError, ValueError):
            raise SlackError("invalid_arguments")
        if n <= 0:
            raise SlackError("file_upload_size_restricted" if n else "invalid_arguments")
        fid = new_id("F")
        key = "".join(random.choice(string.ascii_letters) for _ in range(32))
        self.uploads[key] = {"id": fid, "name": a["filename"], "length": n, "data": None}
        return {"upload_url": "%s/upload/%s" % (self.public_base, key), "file_id": fid}

    def upload(self, req, key):
        rule = self.pick_fault("files.upload_url")
        if rule is not None:
            return self.apply_fault(rule, req, lambda: self._upload(req, key))
        return self._upload(req, key)

    def _upload(self, req, key):
        u = self.uploads.get(key)
        if u is None or req.method not in ("POST", "PUT"):
            return Response(404, "not found")
        data = req.body
        if req.content_type == "multipart/form-data":
            data = b""
            for v in req.form().values():
                if isinstance(v, dict):
                    data = v["data"]
        u["data"] = data
        self.log_call(req, "files.upload_url", 200, size=len(data))
        return Response(200, "OK - %d" % len(data), content_type="text/plain")

    def m_files__completeUploadExternal(self, a, req):
        files = a.get("files")
        if isinstance(files, str):
            try:
                files = json.loads(files)
            except ValueError:
                raise SlackError("invalid_arguments")
        if not files:
            raise SlackError("invalid_arguments")
        out = []
        by_id = {u["id"]: u for u in self.uploads.values()}
        for f in files:
            u = by_id.get(f.get("id"))
            if u is None or u["data"] is None:
                raise SlackError("file_not_found")
            fo = {"id": u["id"], "created": int(now()), "timestamp": int(now()), "name": u["name"], "title": f.get("title") or u["name"], "mimetype": "text/plain",
                  "filetype": "text", "pretty_type": "Plain Text", "user": self.bot_user, "user_team": self.team_id, "editable": True, "size": len(u["data"]),
                  "mode": "snippet", "is_external": False, "is_public": True, "url_private": "%s/files-pri/%s/%s" % (self.public_base, u["id"], u["name"]),
                  "permalink": "https://fake.slack.test/files/%s" % u["id"], "_data": u["data"]}
            self.files[u["id"]] = fo
            out.append({k: v for k, v in fo.items() if k != "_data"})
        chans = [a["channel_id"]] if a.get("channel_id") else [x for x in str(a.get("channels") or "").split(",") if x]
        for cid in chans:
            c = self.channel_arg({"channel": cid})
            text = a.get("initial_comment") or ""
            ts, _ = self.store_bot_message(c["id"], {"text": text, "thread_ts": a.get("thread_ts")}, "file", "files.completeUploadExternal", t=req.t_recv,
                                           raw=text + " " + " ".join(self.files[f["id"]]["_data"][:20000].decode("utf-8", "replace") for f in out))
            self.posts and self.posts[-1].update(files=out)
        return {"files": out}

    def m_files__info(self, a, req):
        f = self.files.get(a.get("file"))
        if f is None:
            raise SlackError("file_not_found")
        return {"file": {k: v for k, v in f.items() if k != "_data"}, "comments": [], "response_metadata": {"next_cursor": ""}}

    def m_files__delete(self, a, req):
        if self.files.pop(a.get("file"), None) is None:
            raise SlackError("file_not_found")
        return {}

    def m_files__upload(self, a, req):
        raise SlackError("method_deprecated")

    def view_reply(self, a, kind):
        v = a.get("view")
        if isinstance(v, str):
            v = json.loads(v)
        if not isinstance(v, dict):
            raise SlackError("invalid_arguments")
        if kind != "publish" and kind != "update" and not a.get("trigger_id"):
            raise SlackError("invalid_trigger_id")
        v = dict(v)
        v.update(id=a.get("view_id") or new_id("V"), team_id=self.team_id, app_id=self.app_id, bot_id=self.bot_id, hash="%d.abc" % now(), state={"values": {}})
        self.views[v["id"]] = v
        return {"view": v}

    def m_views__open(self, a, req):
        return self.view_reply(a, "open")

    def m_views__push(self, a, req):
        return self.view_reply(a, "push")

    def m_views__update(self, a, req):
        return self.view_reply(a, "update")

    def m_views__publish(self, a, req):
        return self.view_reply(a, "publish")

    def m_assistant__threads__setStatus(self, a, req):
        self.statuses.append(a)
        return {}

    def m_dnd__info(self, a, req):
        return {"dnd_enabled": False}

    # ------------------------------------------------------------------ response_url
    def response_url(self, req, key):
        rule = self.pick_fault("response_url")
        if rule is not None:
            return self.apply_fault(rule, req, lambda: self._response_url(req, key))
        return self._response_url(req, key)

    def _response_url(self, req, key):
        r = self.response_urls.get(key)
        self.log_call(req, "response_url", 200 if r else 404)
        if r is None:
            return Response(404, "no_team" if "/" not in key else "not found")
        if now() > r["expires"]:
            return Response(404, {"ok": False, "error": "expired_url"})
        if r["used"] >= 5:
            return Response(404, {"ok": False, "error": "used_url"})
        try:
            a = self.args_of(req)
        except ValueError:
            return Response(400, "invalid_payload")
        if not a.get("text") and not a.get("blocks") and not a.get("attachments") and not a.get("delete_original"):
            return Response(400, "no_text")
        r["used"] += 1
        kind = "message" if a.get("response_type") == "in_channel" else "ephemeral"
        if a.get("replace_original") in (True, "true"):
            kind = "replace"
        if a.get("delete_original") in (True, "true"):
            kind = "delete"
        self.store_bot_message(r["channel"], a, kind, "response_url", user=r["user"], t=req.t_recv, raw=self.raw_of(a))
        return Response(200, "ok", content_type="text/plain")

    # ------------------------------------------------------------------ control
    def control(self, req, verb, d):
        self.request_host = req.headers.get("host")
        if verb in ("message", "mention", "dm"):
            user = self.user_arg(d.get("user", "U0USER0000"))
            if verb == "dm":
                channel = self.im_for(user)["id"]
            else:
                channel = self.channel_named(d.get("channel", "C0GENERAL0"))
            text = d.get("text", "")
            etype = d.get("event", "message")
            if verb == "mention":
                text = "<@%s> %s" % (self.bot_user, text)
                etype = d.get("event", "both")
            w = None
            if d.get("wait") or d.get("contains") or d.get("pattern"):
                cond = {k: d[k] for k in ("contains", "pattern", "count") if k in d}
                if not d.get("any_channel"):
                    cond["channel"] = channel
                w = self.add_waiter(cond)
            ts, recs = self.user_message(channel, user, text, d.get("thread_ts"), etype, files=d.get("files"), subtype=d.get("subtype"), extra=d.get("extra"))
            out = {"ok": True, "channel": channel, "ts": ts, "t": now(), "envelopes": [r["id"] for r in recs]}
            if w is not None:
                return self.finish_wait(w, min(float(d.get("timeout", 10)), 300), out)
            return Response(200, out)
        if verb in ("slash", "interactive"):
            if d.get("channel"):
                d["channel"] = self.channel_named(d["channel"])
            w = None
            if d.get("wait") or d.get("contains") or d.get("pattern"):
                w = self.add_waiter({k: d[k] for k in ("contains", "pattern", "count") if k in d})
            rec = self.slash_command(d) if verb == "slash" else self.interaction(d)
            out = {"ok": not rec["failed"], "envelope": rec["id"], "response_url": rec["payload"].get("response_url"), "t": now()}
            if w is not None:
                return self.finish_wait(w, min(float(d.get("timeout", 10)), 300), out)
            if d.get("wait_ack"):
                async def wait_ack():
                    f = rec["future"] = asyncio.get_running_loop().create_future()
                    if rec["ack"] is None:
                        try:
                            await asyncio.wait_for(f, float(d.get("timeout", 3)))
                        except asyncio.TimeoutError:
                            return Response(408, {"ok": False, "error": "operation_timeout", "envelope": rec["id"]})
                    return Response(200, {"ok": True, "envelope": rec["id"], "ack_ms": round((rec["ack"] - rec["deliveries"][0]["t"]) * 1000, 3), "payload": rec["ack_payload"]})
                return wait_ack()
            return Response(200, out)
        if verb == "event":
            ev = d.get("event")
            if not isinstance(ev, dict):
                return Response(400, {"ok": False, "error": "event must be an object"})
            ev.setdefault("event_ts", self.ts())
            rec = self.send_envelope("events_api", self.event_payload(ev, ev.get("type", "")))
            return Response(200, {"ok": True, "envelope": rec["id"]})
        if verb == "reaction":
            ch = self.channel_named(d.get("channel", "C0GENERAL0"))
            ev = {"type": d.get("type", "reaction_added"), "user": self.user_arg(d.get("user", "U0USER0000")), "reaction": d.get("name", "thumbsup"),
                  "item": {"type": "message", "channel": ch, "ts": d.get("ts", "")}, "item_user": self.bot_user, "event_ts": self.ts()}
            rec = self.send_envelope("events_api", self.event_payload(ev, ev["type"]))
            return Response(200, {"ok": True, "envelope": rec["id"]})
        if verb == "envelopes":
            out = []
            only = d.get("only")
            for r in self.env_log[-int(d.get("limit", 1000)):]:
                if only == "unacked" and r["ack"] is not None:
                    continue
                out.append({"id": r["id"], "type": r["type"], "created": r["created"], "deliveries": r["deliveries"], "ack": r["ack"], "attempt": r["attempt"],
                            "extra_acks": r.get("extra_acks", 0), "failed": r["failed"], "ack_payload": r["ack_payload"],
                            "event": r["payload"].get("event", {}).get("type") if isinstance(r["payload"], dict) else None})
            return Response(200, {"ok": True, "envelopes": out, "pending": len(self.pending)})
        if verb == "state":
            return Response(200, {"ok": True, "sockets": [{"id": l.id, "open": l.open, "hello": l.hello_sent, "retiring": l.retiring, "since": l.t_open, "envelopes": l.envelopes, "acks": l.acks, "bad": l.bad, "last_recv": l.t_last_recv, "user_agent": l.request.headers.get("user-agent")} for l in self.links],
                                  "pending": len(self.pending), "posts": len(self.posts), "bot_user": self.bot_user, "bot_id": self.bot_id, "team": self.team_id, "users": len(self.users),
                                  "channels": len(self.channels), "unacked": sum(1 for r in self.env_log if r["ack"] is None), "config": self.config()})
        if verb == "config":
            for k, v in d.items():
                if k in CONFIG:
                    setattr(self, k, CONFIG[k](v))
                else:
                    return Response(400, {"ok": False, "error": "unknown setting %s" % k, "settings": list(CONFIG)})
            return Response(200, {"ok": True, "config": self.config()})
        if verb == "ws":
            which = d.get("conn", "all")
            links = [l for l in self.links if which in ("all", l.id)]
            action = d.get("action")
            for l in links:
                if action == "refresh":
                    l.refresh(float(d["warning_seconds"]) if "warning_seconds" in d else None, d.get("reason", "refresh_requested"))
                elif action == "disconnect":      # the message alone, and close at once when told
                    l.disconnect_message(d.get("reason", "refresh_requested"))
                    if d.get("close", False):
                        l.close(1000)
                elif action == "no_deliver":
                    l.no_deliver = True
                elif not self.ws_fault(l, d):
                    return Response(400, {"ok": False, "error": "unknown action %s" % action})
            self.note("ws_action", action=action, conns=[l.id for l in links])
            return Response(200, {"ok": True, "affected": len(links)})
        if verb == "ws_next":
            if req.method == "DELETE":
                self.ws_next.clear()
            else:
                self.ws_next.append({k: v for k, v in d.items()})
            return Response(200, {"ok": True, "armed": len(self.ws_next)})
        if verb == "users":
            if req.method == "POST" and d.get("name"):
                return Response(200, {"ok": True, "user": self.add_user(d.get("id") or new_id("U"), d["name"])})
            return Response(200, {"ok": True, "users": [{"id": u["id"], "name": u["name"]} for u in self.users.values()]})
        if verb == "channels":
            if req.method == "POST" and d.get("name"):
                c = self.add_channel(d.get("id") or new_id("C"), d["name"], is_private=bool(d.get("is_private")), is_member=d.get("is_member", True))
                return Response(200, {"ok": True, "channel": clean(c)})
            return Response(200, {"ok": True, "channels": [{"id": c["id"], "name": c["name"]} for c in self.channels.values()]})
        if verb == "message_at":
            m = self.messages.get((self.channel_named(d.get("channel", "")), d.get("ts")))
            return Response(200 if m else 404, {"ok": m is not None, "message": m})
        return None

    def config(self):
        return {k: getattr(self, k) for k in CONFIG}

    def user_arg(self, v):
        if v in self.users:
            return v
        for u in self.users.values():
            if u["name"] == v.lstrip("@"):
                return u["id"]
        return v

    def channel_named(self, v):
        if v in self.channels:
            return v
        for c in self.channels.values():
            if c["name"] == v.lstrip("#"):
                return c["id"]
        return v

    # ------------------------------------------------------------------ load
    def load_targets(self, n_channels, n_users):
        return ["C0CHAN%04d" % (i % 50) for i in range(min(n_channels, 50))], ["U0USER%04d" % (i % 50) for i in range(min(n_users, 50))]

    def load_send(self, run, token, channel, user, text, kind):
        if kind == "slash":
            cmd, _, rest = text.partition(" ")
            self.slash_command({"channel": channel, "user": user, "command": cmd, "text": rest}, token)
            return None
        if kind == "app_mention":
            text = "<@%s> %s" % (self.bot_user, text)
            ts, _ = self.user_message(channel, user, text, None, "app_mention", token)
        elif kind == "dm":
            ts, _ = self.user_message(self.im_for(user)["id"], user, text, None, "message", token)
        else:
            ts, _ = self.user_message(channel, user, text, None, "message", token)
        return ts


class TooMany(WebSocket):
    """An eleventh connection is told so and closed."""

    def __init__(self, conn, request, server):
        super().__init__(conn, request)
        self.server = server

    def on_open(self):
        self.send_json({"type": "disconnect", "reason": "too_many_websockets", "num_connections": len(self.server.links),
                        "debug_info": {"host": self.server.applink_host}, "connection_info": {"app_id": self.server.app_id}})
        self.close(1000)


CONFIG = {
    "retry_seconds": float, "max_retries": int, "connection_seconds": float, "debug_connection_seconds": float, "warning_seconds": float,
    "refresh_close_seconds": float, "ping_interval": float, "hello_delay": float, "max_connections": int, "self_events": bool,
    "rate_limits": str, "latency": float, "spread": str, "linger_after_close": float, "strict": bool,
}
JSON_ARGS = {"blocks", "attachments", "view", "files", "metadata", "user_auth_blocks", "unfurls"}
BLOCK_TYPES = {"actions", "context", "divider", "file", "header", "image", "input", "rich_text", "section", "video", "markdown", "table", "context_actions", "call", "plan", "task_card"}
SCOPES = "app_mentions:read,channels:history,channels:join,channels:manage,channels:read,chat:write,chat:write.customize,chat:write.public,commands,emoji:read,files:read,files:write,groups:history,groups:read,im:history,im:read,im:write,mpim:history,mpim:read,reactions:read,reactions:write,team:read,usergroups:read,users.profile:read,users:read,users:read.email"


def rich(text):
    out = []
    pos = 0
    for m in re.finditer(r"<@(U\w+)>", text):
        if m.start() > pos:
            out.append({"type": "text", "text": text[pos:m.start()]})
        out.append({"type": "user", "user_id": m.group(1)})
        pos = m.end()
    if pos < len(text):
        out.append({"type": "text", "text": text[pos:]})
    return out


def clean(c):
    return {k: v for k, v in c.items() if not k.startswith("_")}


def slim(a):
    return {k: (v if not isinstance(v, str) or len(v) < 500 else v[:500] + "…") for k, v in a.items()}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_common_args(p, 8065)
    p.add_argument("--bot-token", default="xoxb-fake-bot")
    p.add_argument("--app-token", default="xapp-fake-app")
    p.add_argument("--bot-name", default="petrel")
    p.add_argument("--strict-tokens", action="store_true", help="take only these two tokens")
    p.add_argument("--strict-threads", action="store_true", help="refuse a thread_ts that names no known message")
    p.add_argument("--retry-seconds", type=float, default=3.0, help="an events_api envelope not acked for this long is sent again; 0 = never")
    p.add_argument("--max-retries", type=int, default=3)
    p.add_argument("--redeliver-on-loss", action="store_true", help="send a lost socket's unacked events again at once")
    p.add_argument("--connection-seconds", type=float, default=18060, help="age at which a socket is refreshed; 0 = never")
    p.add_argument("--warning-seconds", type=float, default=10, help="time between 'warning' and 'refresh_requested'; 0 = no warning")
    p.add_argument("--refresh-close-seconds", type=float, default=2.0, help="time between 'refresh_requested' and the close frame")
    p.add_argument("--ping-interval", type=float, default=10.0, help="seconds between the server's websocket pings; 0 = none")
    p.add_argument("--spread", choices=("round_robin", "random"), default="round_robin", help="which of several sockets gets an envelope")
    p.add_argument("--no-self-events", action="store_true", help="do not send the bot's own messages back as events (Slack does)")
    p.add_argument("--rate-limits", choices=("off", "real"), default="off", help="real = 429 by Slack's tiers")
    p.add_argument("--latency-ms", type=float, default=0.0, help="added to every Web API call")
    p.add_argument("--record-reactions", action="store_true", help="reactions.add shows up among the posts")
    p.add_argument("--warn", default="charset", help="comma list; 'charset' warns about JSON without charset, as Slack does")
    args = p.parse_args()
    run_server(FakeSlack(args), args)


if __name__ == "__main__":
    main()

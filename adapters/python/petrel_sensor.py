"""Runs one sensor of a pack in this process.

The order comes as JSON on the standard input: API and token, the sensor's file and class, its trigger types and the pack's
config. An event is told to Petrel's API, and `dispatch` returns when it is stored there.
"""

import importlib.util
import inspect
import json
import logging
import logging.handlers
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import quote

LONGEST_PAUSE = 30
LOOK_AT_TRIGGERS = 5
FORMAT = "%(asctime)s %(levelname)-8s %(name)s %(message)s"


class API:
    """Petrel's API; what can't be told now is told again until it is taken."""

    def __init__(self, url, token):
        self.url = url.rstrip("/")
        self.token = token
        # The service is on this machine: a proxy is none of its business.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(self, method, path, body=None, headers=None):
        data = None if body is None else json.dumps(body, default=str).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        request.add_header("X-Auth-Token", self.token)
        request.add_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        with self.opener.open(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def persistently(self, method, path, body, headers=None):
        pause = 0.25
        while True:
            try:
                return self.call(method, path, body, headers)
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code != 429:
                    raise
            except (OSError, ValueError):
                pass
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


class SensorService:
    """What a sensor is given to speak with Petrel."""

    def __init__(self, api, pack, class_name, logger):
        self._api = api
        self._pack = pack
        self._class_name = class_name
        self._logger = logger
        self._store = None

    def get_logger(self, name):
        """A logger below the sensor's own."""
        return logging.getLogger("%s.%s" % (self._logger.name, name))

    def get_user_info(self):
        return self._api.call("GET", "/user")

    def dispatch(self, trigger, payload=None, trace_tag=None):
        """Tells of an event; returns when Petrel has stored it."""
        self._tell(trigger, payload, trace_tag)

    def dispatch_with_context(self, trigger, payload=None, trace_context=None):
        """The same with a trace context, of which the tag counts."""
        tag = getattr(trace_context, "trace_tag", None) or (
            trace_context.get("trace_tag") if isinstance(trace_context, dict) else None)
        self._tell(trigger, payload, tag)

    def _tell(self, trigger, payload, trace_tag):
        if isinstance(trigger, dict):
            trigger = trigger.get("ref") or "%s.%s" % (trigger.get("pack", self._pack), trigger.get("name"))
        headers = {"St2-Trace-Tag": trace_tag} if trace_tag else None
        try:
            self._api.persistently("POST", "/webhooks/st2", {"trigger": trigger, "payload": payload or {}}, headers)
        except urllib.error.HTTPError as error:
            reason = error.read().decode("utf-8", "replace")[:500]
            self._logger.warning("event of %s is not taken: %s", trigger, reason)

    @property
    def _datastore(self):
        if self._store is None:
            from st2common.services.datastore import SensorDatastoreService

            self._store = SensorDatastoreService(
                logger=self._logger, pack_name=self._pack, class_name=self._class_name,
                api_username="sensor_service")
        return self._store

    def list_values(self, local=True, prefix=None, limit=None, offset=0):
        return self._datastore.list_values(local=local, prefix=prefix, limit=limit, offset=offset)

    def get_value(self, name, local=True, scope="system", decrypt=False):
        return self._datastore.get_value(name, local=local, scope=scope, decrypt=decrypt)

    def set_value(self, name, value, ttl=None, local=True, scope="system", encrypt=False):
        return self._datastore.set_value(name, value, ttl=ttl, local=local, scope=scope, encrypt=encrypt)

    def delete_value(self, name, local=True, scope="system"):
        return self._datastore.delete_value(name, local=local, scope=scope)


def make_logger(order):
    logger = logging.getLogger("st2.sensors.%s.%s" % (order["pack"], order["class_name"]))
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    if order.get("log"):
        handler = logging.handlers.RotatingFileHandler(order["log"], maxBytes=1 << 20, backupCount=2)
    else:
        handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(FORMAT))
    root.addHandler(handler)
    return logger


def load_class(path, name):
    sys.path.insert(0, os.path.dirname(path))
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return getattr(module, name)


def make_sensor(cls, service, config, interval):
    given = {"sensor_service": service, "config": config}
    if interval is not None:
        given["poll_interval"] = interval
    known = inspect.signature(cls.__init__).parameters
    if any(parameter.kind == parameter.VAR_KEYWORD for parameter in known.values()):
        return cls(**given)
    return cls(**{name: value for name, value in given.items() if name in known})


def follow_triggers(sensor, api, types, logger, known):
    """Tells the sensor of triggers that come, change and go."""
    while True:
        time.sleep(LOOK_AT_TRIGGERS)
        try:
            look_at_triggers(sensor, api, types, known)
        except Exception as error:
            logger.debug("triggers can't be read now: %s", error)


def look_at_triggers(sensor, api, types, known):
    found = {each["id"]: each for each in api.call("GET", "/triggers") or [] if each["type"] in types}
    for key, trigger in found.items():
        if key not in known:
            sensor.add_trigger(trigger)
        elif known[key] != trigger:
            sensor.update_trigger(trigger)
    for key in [key for key in known if key not in found]:
        sensor.remove_trigger(known[key])
    known.clear()
    known.update(found)


def main():
    order = json.load(sys.stdin)
    os.environ["ST2_API_URL"] = order["api_url"]
    os.environ["ST2_AUTH_TOKEN"] = order["token"]
    logger = make_logger(order)
    api = API(order["api_url"], order["token"])
    service = SensorService(api, order["pack"], order["class_name"], logger)
    sensor = make_sensor(
        load_class(order["file"], order["class_name"]), service, order["config"], order.get("poll_interval"))

    def leave(*_):
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, leave)
    try:
        sensor.setup()
        known = {}
        try:
            look_at_triggers(sensor, api, order["trigger_types"], known)
        except (OSError, ValueError) as error:
            logger.warning("triggers can't be read: %s", error)
        watcher = threading.Thread(
            target=follow_triggers, args=(sensor, api, order["trigger_types"], logger, known), daemon=True)
        watcher.start()
        sensor.run()
    except SystemExit:
        raise
    except BaseException:
        logger.exception("the sensor has failed")
        raise SystemExit(1)
    finally:
        try:
            sensor.cleanup()
        except Exception:
            logger.exception("the sensor's cleanup has failed")


if __name__ == "__main__":
    main()

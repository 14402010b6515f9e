"""The datastore of Petrel, over its API with the token of the running action or sensor."""

import os

SYSTEM_SCOPE = "system"
USER_SCOPE = "user"
SEPARATOR = ":"

__all__ = ["ActionDatastoreService", "ActionService", "BaseDatastoreService", "KeyValuePair", "SensorDatastoreService"]


class KeyValuePair(object):
    """One entry of the datastore."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)

    def __repr__(self):
        return "<KeyValuePair name=%s>" % self.__dict__.get("name")


def _name(variable, fallback):
    return os.environ.get(variable) or os.environ.get(fallback, "")


def call(method, path, body=None, query=None, headers=None):
    """One call of the API: what it answers, or None where there is nothing."""
    # Imported late: most actions never ask, and a start without them takes a third of the time.
    import json
    import urllib.error
    import urllib.parse
    import urllib.request

    url = _name("ST2_ACTION_API_URL", "ST2_API_URL").rstrip("/") + path
    if query:
        url += "?" + urllib.parse.urlencode(query)
    data = None if body is None else json.dumps(body).encode("utf-8")
    request = urllib.request.Request(url, data=data, method=method)
    request.add_header("X-Auth-Token", _name("ST2_ACTION_AUTH_TOKEN", "ST2_AUTH_TOKEN"))
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    if data is not None:
        request.add_header("Content-Type", "application/json")
    # The service is on this machine: a proxy is none of its business.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        try:
            reason = json.loads(error.read()).get("faultstring")
        except Exception:
            reason = error.reason
        raise Exception("%s %s: %s" % (method, path, reason)) from None
    return json.loads(text) if text else True


class BaseDatastoreService(object):
    """Entries of the system scope; local names stand behind the name of pack and class."""

    DATASTORE_NAME_SEPARATOR = SEPARATOR

    def __init__(self, logger=None, pack_name=None, class_name=None, api_username=None, auth_token=None):
        self._pack_name = pack_name
        self._class_name = class_name
        self._api_username = api_username
        self._logger = logger

    def get_user_info(self):
        """Who the action's token speaks for."""
        return call("GET", "/user")

    def list_values(self, local=True, limit=None, prefix=None, offset=0):
        """Entries whose names begin so."""
        query = {"prefix": self._prefix(local) + (prefix or ""), "limit": limit or 100, "offset": offset or 0}
        return [KeyValuePair(**entry) for entry in call("GET", "/keys", query=query) or []]

    def get_value(self, name, local=True, scope=SYSTEM_SCOPE, decrypt=False):
        """The text of an entry; None if there is none."""
        self._check(scope)
        query = {"scope": scope}
        if decrypt:
            query["decrypt"] = "true"
        entry = call("GET", "/keys/" + self._quoted(name, local), query=query)
        return entry["value"] if entry else None

    def set_value(self, name, value, ttl=None, local=True, scope=SYSTEM_SCOPE, encrypt=False):
        """Sets an entry."""
        self._check(scope)
        if not isinstance(value, str):
            raise ValueError("The value of a key must be a string, not %s" % type(value).__name__)
        body = {"name": self._full_name(name, local), "value": value, "scope": scope}
        if encrypt:
            body["secret"] = True
        if ttl:
            body["ttl"] = ttl
        call("PUT", "/keys/" + self._quoted(name, local), body)
        return True

    def delete_value(self, name, local=True, scope=SYSTEM_SCOPE):
        """Deletes an entry; false if there was none."""
        self._check(scope)
        return call("DELETE", "/keys/" + self._quoted(name, local), query={"scope": scope}) is not None

    def _check(self, scope):
        if scope != SYSTEM_SCOPE:
            raise ValueError("Scope %s is unsupported." % scope)

    def _prefix(self, local):
        return "%s.%s%s" % (self._pack_name, self._class_name, SEPARATOR) if local else ""

    def _full_name(self, name, local):
        return self._prefix(local) + name

    def _quoted(self, name, local):
        import urllib.parse

        return urllib.parse.quote(self._full_name(name, local), safe="")


class ActionDatastoreService(BaseDatastoreService):
    """The datastore as actions see it."""


class SensorDatastoreService(BaseDatastoreService):
    """The datastore as sensors see it."""


class ActionService(object):
    """What `self.action_service` of an action is."""

    def __init__(self, pack, class_name, user):
        self._datastore = ActionDatastoreService(pack_name=pack, class_name=class_name, api_username=user)

    @property
    def datastore_service(self):
        """The datastore."""
        return self._datastore

    def get_logger(self, name):
        """A logger of the action."""
        from st2common.log import action_logger

        return action_logger(name)

    def get_user_info(self):
        """Who the action's token speaks for."""
        return self._datastore.get_user_info()

    def list_values(self, local=True, prefix=None, limit=None, offset=None):
        """See the datastore."""
        return self._datastore.list_values(local=local, prefix=prefix, limit=limit, offset=offset or 0)

    def get_value(self, name, local=True, scope=SYSTEM_SCOPE, decrypt=False):
        """See the datastore."""
        return self._datastore.get_value(name, local=local, scope=scope, decrypt=decrypt)

    def set_value(self, name, value, ttl=None, local=True, scope=SYSTEM_SCOPE, encrypt=False):
        """See the datastore."""
        return self._datastore.set_value(name, value, ttl=ttl, local=local, scope=scope, encrypt=encrypt)

    def delete_value(self, name, local=True, scope=SYSTEM_SCOPE):
        """See the datastore."""
        return self._datastore.delete_value(name, local=local, scope=scope)

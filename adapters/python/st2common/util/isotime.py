"""Times as texts of ISO 8601."""

import datetime


def format(value, usec=True, offset=True):
    """A time as text."""
    text = value.astimezone(datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%S.%f" if usec else "%Y-%m-%dT%H:%M:%S")
    return text + ("+00:00" if offset else "Z")


def parse(text):
    """The time of a text."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))

"""JSON in and out."""

import json


def json_encode(value, indent=None):
    """The JSON text of a value."""
    return json.dumps(value, indent=indent, default=str)


def json_decode(text):
    """The value of a JSON text."""
    return json.loads(text)


def try_loads(text):
    """The value of a JSON text, or the text itself."""
    try:
        return json.loads(text)
    except Exception:
        return text

"""Identifiers drawn by lot."""

import uuid


def generate_uuid():
    """One of them."""
    return str(uuid.uuid4())

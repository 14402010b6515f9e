"""Times in UTC."""

import datetime


def get_datetime_utc_now():
    """The time now, with its zone."""
    return datetime.datetime.now(datetime.timezone.utc)


def add_utc_tz(value):
    """A time without a zone as one of UTC."""
    return value.replace(tzinfo=datetime.timezone.utc)

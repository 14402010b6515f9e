"""Errors of actions, by the names that packs use."""


class InvalidActionReferencedException(Exception):
    """There is no such action."""


class InvalidActionParameterException(Exception):
    """A parameter can't be so."""

"""The class of which Python actions are made."""

import abc

# Set before an action is made.
LOG_LEVEL = "DEBUG"

__all__ = ["Action"]


class Action(object, metaclass=abc.ABCMeta):
    """The base of Python actions: configuration, logger and services."""

    description = None

    def __init__(self, config=None, action_service=None):
        self.config = config or {}
        self.action_service = action_service
        self._logger = None
        if action_service is not None and getattr(action_service, "_action_wrapper", True) is None:
            action_service._action_wrapper = self

    @property
    def logger(self):
        """Made when it is first asked for: most actions log nothing."""
        if self._logger is None:
            from st2common import log

            self._logger = log.action_logger(type(self).__name__, LOG_LEVEL)
        return self._logger

    @logger.setter
    def logger(self, value):
        self._logger = value

    @property
    def datastore(self):
        """The datastore with the action's own names."""
        return self.action_service.datastore_service

    @abc.abstractmethod
    def run(self, **kwargs):
        """What the action does."""

"""Loggers for actions."""

from st2common.log import action_logger


def get_logger_for_python_runner_action(action_name, log_level="debug"):
    """A logger that writes to the standard error output."""
    return action_logger(action_name, log_level)

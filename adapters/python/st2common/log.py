"""Loggers as packs ask for them."""

import logging
import sys

AUDIT = logging.CRITICAL + 10
logging.addLevelName(AUDIT, "AUDIT")

FORMAT = "%(name)-12s: %(levelname)-8s %(message)s"


class _Logger(logging.Logger):
    def audit(self, message, *args, **kwargs):
        """A line that no level leaves out."""
        if self.isEnabledFor(AUDIT):
            self._log(AUDIT, message, args, **kwargs)


logging.setLoggerClass(_Logger)


def getLogger(name):
    """A logger below `st2.`, as StackStorm names them."""
    return logging.getLogger(name if name.startswith("st2.") else "st2." + name)


def action_logger(name, level="DEBUG"):
    """The logger of an action: lines on the standard error output."""
    logger = logging.getLogger("st2.actions.python." + name)
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter(FORMAT))
        logger.addHandler(handler)
        logger.propagate = False
    logger.setLevel(AUDIT if str(level).upper() == "AUDIT" else getattr(logging, str(level).upper(), logging.DEBUG))
    return logger

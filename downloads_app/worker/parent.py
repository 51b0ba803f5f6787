"""The server that a worker belongs to, where one has started it."""

import os

PARENT_VARIABLE = "DOWNLOADS_APP_PARENT_PID"
"""A server that starts a worker sets this to its own process id. The worker ends when that process is gone."""


def has_parent() -> bool:
    """Whether a server has started this worker."""
    return PARENT_VARIABLE in os.environ


def is_orphan() -> bool:
    """Whether a server has started this worker, and is gone."""
    return has_parent() and os.environ[PARENT_VARIABLE] != str(os.getppid())

"""The server that a worker belongs to, where one has started it, and what it tells the worker by its environment."""

import os
import secrets
import socket

PARENT_VARIABLE = "DOWNLOADS_APP_PARENT_PID"
"""A server that starts a worker sets this to its own process id. The worker ends when that process is gone."""
NAME_VARIABLE = "DOWNLOADS_APP_WORKER_NAME"
"""What the server has the worker's id end with, to know it."""
PREDECESSOR_VARIABLE = "DOWNLOADS_APP_DEAD_WORKER"
"""The id of the worker that the server had before, and saw die: nobody has to wait until its leases end."""


def has_parent() -> bool:
    """Whether a server has started this worker."""
    return PARENT_VARIABLE in os.environ


def is_orphan() -> bool:
    """Whether a server has started this worker, and is gone."""
    return has_parent() and os.environ[PARENT_VARIABLE] != str(os.getppid())


def new_name() -> str:
    """Return what makes a worker's id its own, on machines with one name and in processes with one number too."""
    return secrets.token_hex(4)


def id_of(pid: int, name: str) -> str:
    """Return the id of a worker of this machine."""
    return f"{socket.gethostname()[:80]}-{pid}-{name}"


def own_id() -> str:
    """Return the id of this process as a worker."""
    return id_of(os.getpid(), os.environ.get(NAME_VARIABLE) or new_name())


def find_predecessor() -> str | None:
    """Return the id of the dead worker whose place this one takes, if a server told so."""
    return os.environ.get(PREDECESSOR_VARIABLE)


def forget_predecessor() -> None:
    """Remember that all that it held has been given back."""
    os.environ.pop(PREDECESSOR_VARIABLE, None)

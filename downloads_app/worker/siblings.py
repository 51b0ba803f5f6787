"""The workers of one machine see each other die, long before a lease ends.

A worker's id names its machine's host name, its process, and four characters for the kernel and its namespace of
process ids: elsewhere the same number is another process, even where the host has the same name. Workers of other
machines are told by their leases alone.
"""

import hashlib
import os
import secrets
import socket
from functools import cache
from pathlib import Path

from downloads_app.services.queue import workers


def new_id() -> str:
    """Return an id for this process as a worker."""
    return f"{_prefix(os.getpid())}{secrets.token_hex(2)}"


def find_dead() -> list[str]:
    """Return the ids of the workers of this machine whose process is gone, though they have not said that they end."""
    processes = workers.list_processes(socket.gethostname())
    return [worker_id for worker_id, pid in processes if worker_id.startswith(_prefix(pid)) and _is_gone(pid)]


def _prefix(pid: int) -> str:
    return f"{socket.gethostname()[:80]}-{pid}-{_machine()}"


@cache
def _machine() -> str:
    try:
        boot, processes = Path("/proc/sys/kernel/random/boot_id").read_text(), Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return secrets.token_hex(2)  # no Linux: nobody else has these characters, so nobody is told to be dead
    return hashlib.sha256(f"{boot.strip()} {processes}".encode()).hexdigest()[:4]


def _is_gone(pid: int) -> bool:
    """Whether a process has ended; one that its parent has not waited for yet has."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")
    except OSError:
        return False

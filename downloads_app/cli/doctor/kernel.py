"""What the kernel lets a process do: open files, io_uring."""

import ctypes
import os
import resource
from collections.abc import Iterator

from downloads_app.cli.doctor.finding import Finding, fine, note, wrong
from downloads_app.config import Settings

SPARE_FILES = 256
"""Descriptors of a web process beside its connections: the database, files that are sent, logs."""
_IO_URING_SETUP = 425  # the number of the system call on every platform: io_uring_setup(2)
_PARAMS_BYTES = 120


def check_files(settings: Settings) -> Iterator[Finding]:
    """Compare the limit of open files, which each stream takes one of, with STREAM_MAX."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    needed = settings.worker_connections + SPARE_FILES
    if hard != resource.RLIM_INFINITY and hard < needed:
        text = f"a process may open {hard} files here; STREAM_MAX={settings.stream_max} needs {needed}"
        yield wrong("files", text, f"LimitNOFILE={max(65536, needed)} in the unit (ulimit -Hn), or a lower STREAM_MAX")
    else:
        yield fine("files", f"enough open files for STREAM_MAX={settings.stream_max} (the limit that holds here)")


def check_io_uring(settings: Settings) -> Iterator[Finding]:
    """Say whether streams' events can leave through io_uring."""
    if settings.stream_io_uring == "off":
        yield note("io_uring", "not used: STREAM_IO_URING=off")
    elif reason := _try_io_uring():
        yield note("io_uring", f"not offered here ({reason}): events are sent one by one, which costs more CPU")
    else:
        yield fine("io_uring", "offered by this kernel")


def _try_io_uring() -> str | None:
    """Return why no ring can be made; None if one can."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.syscall(_IO_URING_SETUP, 4, ctypes.create_string_buffer(_PARAMS_BYTES))
    if descriptor < 0:
        return os.strerror(ctypes.get_errno())
    os.close(descriptor)
    return None

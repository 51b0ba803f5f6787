"""Whether the process, or the machine, has reached its limit of open files."""

import errno
import os

import pycurl

from downloads_app.errors import TooManyFiles

SHORT = (errno.EMFILE, errno.ENFILE)
"""The errors that say so."""


def lacks_descriptors() -> bool:
    """Whether the process can open no more files. Tries it."""
    try:
        os.close(os.dup(2))
    except OSError as exc:
        return exc.errno in SHORT
    return False


def open_multi() -> pycurl.CurlMulti:
    """Return libcurl's handle of many requests; it needs a few descriptors of its own. Raises TooManyFiles."""
    try:
        return pycurl.CurlMulti()
    except pycurl.error as exc:
        if lacks_descriptors():
            raise TooManyFiles("Too many open files for another transfer") from exc
        raise

"""A terminal with a screen: runs a command there, types, and tells what can be read."""

import os
import pty
import re
import select
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from fcntl import ioctl
from termios import TIOCSWINSZ
from types import MappingProxyType

import pyte

from tests.support.server import PROJECT

DEADLINE_SECONDS = 60.0
CTRL_C = b"\x03"
_SCREENS = re.compile(rb"(\x1b\[\?1049[hl])")
"""Switches to a screen of its own (h) and back (l), as `less` and `top` do. pyte knows one screen only."""
_OUTSIDE = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TERM", "TERM_PROGRAM", "COLORTERM")
"""Of the environment: what would speak of another terminal."""


class Terminal:
    """A `flask` command (or another program) on a pseudo-terminal of its own, which is also what Ctrl-C reaches it by.

    Use it as a context manager; the command is killed if it still runs at the end. `variables` are what tells it of
    the terminal.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        *arguments: str,
        columns: int = 80,
        lines: int = 24,
        variables: Mapping[str, str] = MappingProxyType({"TERM": "xterm-256color"}),
        program: Sequence[str] = ("-m", "flask", "--app", "wsgi"),
    ) -> None:
        self._size = columns, lines
        self._is_closed = False
        self._master, slave = pty.openpty()
        ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        of_no_terminal = {name: value for name, value in env.items() if name not in _OUTSIDE}
        self._process = subprocess.Popen(
            ["setsid", "--ctty", sys.executable, *program, *arguments],
            cwd=PROJECT,
            env={**of_no_terminal, **variables},
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        self.sent = b""
        """All that the command has written."""

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if not self._is_closed:
            os.close(self._master)

    def close(self) -> int:
        """Close the terminal while the command runs; return the exit code."""
        os.close(self._master)
        self._is_closed = True
        return self._process.wait(DEADLINE_SECONDS)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def wait_for(self, text: str) -> None:
        """Read until a text stands on the screen."""
        self.wait_until(lambda: any(text in line for line in self.lines), what=text)

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Read until a condition holds."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            assert self._read(deadline), f"no {what} in {self.sent.decode(errors='replace')}"

    def finish(self) -> int:
        """Read to the end; return the exit code."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self._read(deadline):
            pass
        return self._process.wait(DEADLINE_SECONDS)

    def _read(self, deadline: float) -> bool:
        if not select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return False
        try:
            block = os.read(self._master, 65536)
        except OSError:  # the other end is closed: it has ended
            return False
        self.sent += block
        return bool(block)

    @property
    def lines(self) -> list[str]:
        """What can be read now: the lines of the present screen, without those at its end that are empty."""
        found = [line.rstrip() for line in self.screen.display]
        while found and not found[-1]:
            found.pop()
        return found

    @property
    def screen(self) -> pyte.Screen:
        """The present screen, its cursor too."""
        screens = [self._make_screen()]
        for part in _SCREENS.split(self.sent):
            if part.endswith(b"1049h"):
                screens.append(self._make_screen())
            elif part.endswith(b"1049l"):
                screens.pop()
            else:
                pyte.ByteStream(screens[-1]).feed(part)
        return screens[-1]

    def _make_screen(self) -> pyte.Screen:
        return pyte.Screen(*self._size)

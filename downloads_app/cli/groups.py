"""The group class of all our commands: an error is one line on stderr, never a traceback."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from downloads_app.cli import printing
from downloads_app.cli.completing import Offer
from downloads_app.cli.loading import full_disk_in_one_line
from downloads_app.cli.printing import clean
from downloads_app.cli.whole_help import WholeHelp
from downloads_app.errors import DownloadsError

_DISK_IS_FULL = ("disk is full", "No space left on device")
"""In SQLite's words, and in the system's, which PostgreSQL quotes."""
_REFUSAL = re.compile(r"FATAL:\s+(.{1,200})")
"""What PostgreSQL or a pooler says as it refuses a connection. It names a setting, a user or a database, no secret."""
_NOT_MIGRATED = ("no such table", "no such column", "UndefinedTable", "UndefinedColumn")


class Command(click.Command):
    """A command, which ends with exit code 1 and one line if a service raises."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, and refuse text that no database stores. Names of files may be any bytes."""
        rest = super().parse_args(ctx, args)
        for param in self.params:
            value = ctx.params.get(param.name or "")
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str) and not _is_unicode(text):
                    raise click.BadParameter(f"{text!r} is not valid UTF-8", ctx, param)
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and translate errors."""
        with errors_in_one_line():
            return super().invoke(ctx)


class Commands(WholeHelp, AppGroup):
    """A group whose commands end with exit code 1 and one line if a service raises."""

    command_class = Command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and translate errors."""
        with errors_in_one_line():
            return super().invoke(ctx)


def add_switch(
    group: click.Group, offer: Offer, example: str, change: Callable[[str], None], told: str, summary: str
) -> None:
    """Add a command that changes one thing of what it is given the name of; `told` has a place for that name.

    `example` is a call of it: the command's own name, and one that may be given. `offer` knows those that there are.
    """

    @group.command(example.split()[0], help=f"{summary}\n\n\b\nExample:\n  downloads-app {group.name} {example}")
    @click.argument("name", shell_complete=offer)
    def switch(name: str) -> None:
        change(name)
        click.echo(told.format(name))


def adopt(group: click.Group) -> None:
    """Make another library's group one of ours. Flask offers that very object, so it changes its class."""
    group.__class__ = Commands


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """End with exit code 1 and one line on stderr if a service, the database or the output's disk fails."""
    printing.replace_what_cannot_be_printed()
    if sys.stdin is None:  # closed by whoever started this: then there is nobody to ask, and nothing to read
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY))
    try:
        with full_disk_in_one_line():
            yield
    except DownloadsError as exc:
        stop(exc.message)
    except SQLAlchemyError as exc:
        stop(explain_database(exc))
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has left: nobody reads a message
        sys.exit(1)


def _is_unicode(text: str) -> bool:
    """Whether the bytes of an argument were UTF-8; Python has a surrogate for each other byte."""
    return text == text.encode(errors="replace").decode()


def tell_error(message: str) -> None:
    """Print an error in one line."""
    click.echo(f"error: {clean(message)}", err=True)


def stop(message: str) -> None:
    """Print an error in one line and exit with code 1."""
    tell_error(message)
    sys.exit(1)


def is_not_migrated(error: SQLAlchemyError) -> bool:
    """Whether tables or columns are missing."""
    if not isinstance(error, DBAPIError):
        return False
    text = f"{type(error.orig).__name__}: {error.orig}"
    return any(sign in text for sign in _NOT_MIGRATED)


def explain_database(error: SQLAlchemyError) -> str:
    """Return in a user's words why the database failed, without SQL or the driver's text.

    If a server or a pooler refuses the connection, its own words say which setting is wrong.
    """
    if not isinstance(error, DBAPIError):
        return f"the database failed ({type(error).__name__})"
    if isinstance(error, IntegrityError):
        return "something it refers to was changed or removed just now; try again"
    if is_not_migrated(error):
        return "the database is not migrated: start `downloads-app run` once, or run `downloads-app db upgrade`"
    if "locked" in str(error.orig):
        return "the database is busy; try again"
    if "not a database" in str(error.orig):
        return "the file is no SQLite database: see DATABASE_URL"
    if "read-only" in str(error.orig):
        return "the database takes no writes (a replica, or read-only): promote it, or see DATABASE_URL"
    if any(sign in str(error.orig) for sign in _DISK_IS_FULL):
        return "the disk of the database is full: make room on it"
    refusal = _REFUSAL.search(str(error.orig))
    if refusal:
        return f"the database refuses the connection ({refusal[1]}): see DATABASE_URL"
    return "the database cannot be reached: see DATABASE_URL"

"""Loads what a command needs, and no more: loading everything takes longer than most commands."""

import atexit
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup

_MODULES = {
    "db": ("migrations",),
    "downloads": ("downloads", "inspecting", "removing", "top", "verifying", "watch", "worker"),
    "keys": ("keys",),
    "providers": ("providers",),
    "queue": ("queue",),
    "users": ("users", "identities", "quotas"),
    "workers": ("workers",),
}
"""The modules of each group. The first one has the group; each adds its commands to it."""
_COMMANDS = {
    "audit": "audit",
    "backup": "backups",
    "doctor": "doctor.command",
    "move-database": "backups",
    "restore": "backups",
}
"""The module of each command outside of a group; there it has its name, with `_` for `-`."""
_OF_THE_WEB = {"db", "run", "shell", "routes"}
"""Commands that need more than services: routes, or Flask-Migrate."""
_MAKE_AN_INSTANCE = ({"run"}, {"db", "upgrade"})
"""The words of the commands that do so where there is none. The others could do nothing with an empty one."""

_COMPLETES = "_DOWNLOADS_APP_COMPLETE"
"""The variable by which a shell asks what may come next (click's way)."""
_FLASK_COMPLETES = "_FLASK_COMPLETE"
"""The one of `flask`, which has the application made to know its commands."""


class Groups(AppGroup):
    """Our groups of commands, each loaded when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all groups, and of the commands that extensions have added."""
        return sorted({*super().list_commands(ctx), *_MODULES, *_COMMANDS})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Load a group or command, and return it."""
        if name in _COMMANDS:
            found: click.Command = getattr(_load(_COMMANDS[name]), name.replace("-", "_"))
            return found
        if name not in _MODULES:
            return super().get_command(ctx, name)
        first, *_ = [_load(module) for module in _MODULES[name]]
        if name == "db":
            first.adapt()
        group: click.Command = first.group
        return group


def _load(module: str) -> Any:
    return import_module(f"downloads_app.cli.{module}")


def is_completing() -> bool:
    """Whether a shell asks `downloads-app` what may come next."""
    return _COMPLETES in os.environ


def needs_services_alone(arguments: Sequence[str]) -> bool:
    """Whether a process was started for one of our commands, which needs neither routes nor Flask-Migrate.

    `arguments` are sys.argv. A server that loads the application is another program. A shell that asks what may come
    next waits with a finger on the key, and needs no routes either.
    """
    if is_completing() or _FLASK_COMPLETES in os.environ:
        return True
    words = set(arguments[1:])
    is_ours = not words.isdisjoint({*_MODULES, *_COMMANDS}) and words.isdisjoint(_OF_THE_WEB)
    return is_ours and _are_of_a_command(arguments)


def _are_of_a_command(arguments: Sequence[str]) -> bool:
    program = Path(arguments[0])
    is_command = program.name in ("flask", "downloads-app")
    is_module = program.name == "__main__.py" and program.parent.name in ("flask", "downloads_app")
    return is_command or is_module


def make_app(arguments: Sequence[str]) -> Flask:
    """Make the application for a process that was started with `arguments` (sys.argv): all of it, or services alone.

    Raises UnfitFolder for a command that needs an instance, where there is none. `flask` makes the application for a
    help text too: then it has an instance that ends with this process.
    """
    from downloads_app import create_app

    services_alone = needs_services_alone(arguments)
    if not _are_of_a_command(arguments):
        return create_app(services_alone=services_alone)
    with unfit_files_in_one_line():
        return create_app(services_alone=services_alone, **_choose_instance(set(arguments[1:])))


def _choose_instance(words: set[str]) -> dict[str, str]:
    """Return the settings that are others for a command than those of the environment."""
    from downloads_app.config import load_settings
    from downloads_app.folder_checks import UnfitFolder, refuse_missing_instance

    if any(command <= words for command in _MAKE_AN_INSTANCE) and "--help" not in words:
        return {}
    try:
        refuse_missing_instance(load_settings())
    except UnfitFolder:
        if is_completing():
            raise  # it has nothing to offer, and Ctrl-C may end this process before it removes a folder
        if "--help" not in words and not words.isdisjoint({*_MODULES, *_COMMANDS, *_OF_THE_WEB}):
            raise
        folder = tempfile.mkdtemp(prefix="downloads-help-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return {"instance_dir": folder, "database_url": f"sqlite:///{folder}/none.sqlite3"}
    return {}


@contextmanager
def unfit_files_in_one_line() -> Iterator[None]:
    """End a command with exit code 1 and one line where a file of INSTANCE_DIR can be neither read nor made."""
    try:
        yield
    except OSError as exc:
        sys.exit(f"error: {exc.filename or 'INSTANCE_DIR'}: {exc.strerror}; run this as the service's user")


@contextmanager
def full_disk_in_one_line() -> Iterator[None]:
    """End a command with exit code 1 and one line where the disk of its output, or of a file it writes, is full."""
    try:
        yield
    except OSError as exc:
        if exc.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        with suppress(OSError, AttributeError):  # what could not be written is not tried again at the end
            sys.stdout.close()
        from downloads_app.cli.printing import clean

        sys.exit(f"error: {clean(str(exc.filename or 'the output'))} cannot be written: {exc.strerror}")

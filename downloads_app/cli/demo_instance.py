"""Stores the settings of a running `make demo`. Then commands in another terminal use the demo's instance."""

import fcntl
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
from dotenv import dotenv_values

from downloads_app.locations import IS_INSTALLED, PROJECT_DIR, default_instance_dir, env_file

_RECORD = PROJECT_DIR / ".demo.env"
"""The demo's settings. The demo locks this file while it runs. Without the lock, the file is an old one: ignored."""
_CHOICES = ("INSTANCE_DIR", "DATABASE_URL")


@contextmanager
def publish(settings: dict[str, str]) -> Iterator[None]:
    """Until the block ends, commands in this clone can join the demo with these settings."""
    with _RECORD.open("a+") as record:
        try:
            fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit("error: a demo runs in this folder already") from None
        record.truncate(0)
        record.write("".join(f"{name}={value!r}\n" for name, value in settings.items()))
        record.flush()
        try:
            yield
        finally:
            _RECORD.unlink(missing_ok=True)


def join(*, says_so: bool = True) -> None:
    """Use the settings of the demo that runs in this clone, unless the environment chooses an instance."""
    if IS_INSTALLED or any(os.environ.get(name) for name in _CHOICES) or not _is_running():
        return
    os.environ.update({name: value for name, value in dotenv_values(_RECORD).items() if value is not None})
    if says_so:
        click.echo(f"(the demo that runs here{_name_service()})", err=True)


def _name_service() -> str:
    """Return by which option the service of this clone is meant; empty where there is none yet."""
    folder = Path(dotenv_values(env_file()).get("INSTANCE_DIR") or default_instance_dir()).expanduser()
    if not folder.is_dir():
        return ""
    return f"; for the service: downloads-app --instance {shlex.quote(os.path.relpath(folder))} …"


def _is_running() -> bool:
    with suppress(FileNotFoundError), _RECORD.open() as record:
        try:
            fcntl.flock(record, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False

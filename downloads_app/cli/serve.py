"""`downloads-app run`: migrate, create the first admin, and become gunicorn."""

import contextlib
import errno
import io
import os
import re
import secrets
import socket
import sys

import click

from downloads_app import create_app
from downloads_app.cli.groups import errors_in_one_line, stop
from downloads_app.cli.loading import unfit_files_in_one_line
from downloads_app.config import SETTINGS, Settings, current_settings
from downloads_app.locations import PROJECT_DIR
from downloads_app.services.accounts import users
from downloads_app.services.audit import COMMAND_LINE

DEFAULT_BIND = "127.0.0.1:8000"
"""As gunicorn.conf.py has it."""


@click.command("run", context_settings={"ignore_unknown_options": True})
@click.option("-b", "--bind", metavar="HOST:PORT", help="Where to listen (GUNICORN_BIND); 127.0.0.1:8000 unless told.")
@click.option("-w", "--workers", type=click.IntRange(1), help="Processes (WEB_CONCURRENCY); 2 unless told.")
@click.argument("gunicorn_options", nargs=-1, type=click.UNPROCESSED)
def run(bind: str | None, workers: int | None, gunicorn_options: tuple[str, ...]) -> None:
    """Serve: migrates, creates the first admin (its password is printed once), starts gunicorn and its worker.

    Further options are gunicorn's own.
    """
    for address in (bind or os.environ.get("GUNICORN_BIND", DEFAULT_BIND)).split(","):
        _check_address(address)
    with errors_in_one_line():
        settings = prepare()
    options = [*(("--bind", bind) if bind else ()), *(("--workers", str(workers)) if workers else ())]
    _become_gunicorn(settings, [*options, *gunicorn_options])


def _check_address(bind: str) -> None:
    """Stop in one line where the port is taken: before a password is printed that nobody would see again."""
    found = re.fullmatch(r"\[?([^\[\]]*)\]?:(\d{1,5})", bind)
    if not found:
        return  # a unix socket, or what gunicorn itself will judge
    host, port = found[1], int(found[2])  # for both, gunicorn and the kernel, an empty host is all addresses
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                stop(f"{bind} is in use; choose another address with -b HOST:PORT or GUNICORN_BIND")


def prepare() -> Settings:
    """Migrate the database, and create an admin if there is no user. Return the settings."""
    with unfit_files_in_one_line():
        app = create_app()
    settings = SETTINGS.of(app)
    click.echo(f"Data: {settings.instance_dir}")
    with app.app_context():
        migrate()
        if not users.list_users():
            password = secrets.token_urlsafe(18)
            users.create_user(current_settings().downloads_dir, "admin", password, is_admin=True, by=COMMAND_LINE)
            click.echo(f"Created admin admin\nPassword: {password}")
    return settings


def migrate() -> None:
    """Migrate the database. Print alembic's log of the steps only if one fails."""
    import flask_migrate

    account = io.StringIO()
    try:
        with contextlib.redirect_stderr(account):
            flask_migrate.upgrade()
    except SystemExit:
        stop(account.getvalue().strip().rpartition("\n")[2] or "the database could not be migrated")


def _become_gunicorn(settings: Settings, options: list[str]) -> None:
    """Replace this process by gunicorn. Relative paths become absolute first."""
    os.environ["INSTANCE_DIR"] = str(settings.instance_dir)
    os.environ["DOWNLOADS_DIR"] = str(settings.downloads_dir)
    sys.stdout.flush()
    os.chdir(PROJECT_DIR)
    # This process itself becomes gunicorn, so that signals reach it: no shell may stand between.
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "wsgi:app", *options])  # noqa: S606  (no shell is meant)

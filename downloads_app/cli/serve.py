"""`downloads-app run`: migrate, create the first admin, and become gunicorn."""

import contextlib
import errno
import io
import os
import secrets
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from downloads_app import create_app
from downloads_app.cli.groups import Command, stop
from downloads_app.cli.loading import unfit_files_in_one_line
from downloads_app.config import SETTINGS, Settings, current_settings, load_settings, read_binds
from downloads_app.folder_checks import find_fault, refuse_unfit_folders
from downloads_app.locations import PROJECT_DIR
from downloads_app.services.accounts import users
from downloads_app.services.audit import COMMAND_LINE

TYPED_VARIABLE = "DOWNLOADS_APP_TYPED"
"""What somebody has typed who did not type `downloads-app run`: the Makefile sets it."""


@click.command("run", cls=Command, context_settings={"ignore_unknown_options": True})
@click.option("-b", "--bind", metavar="HOST:PORT", help="Where to listen (GUNICORN_BIND); 127.0.0.1:8000 unless told.")
@click.option("-w", "--workers", type=click.IntRange(1), help="Processes (WEB_CONCURRENCY); 2 unless told.")
@click.argument("gunicorn_options", nargs=-1, type=click.UNPROCESSED)
def run(bind: str | None, workers: int | None, gunicorn_options: tuple[str, ...]) -> None:
    """Serve: migrates, creates the first admin (its password is printed once), starts gunicorn and its worker.

    Further options are gunicorn's own.
    """
    options = [*(("--bind", bind) if bind else ()), *(("--workers", str(workers)) if workers else ())]
    for address in find_addresses(bind, gunicorn_options):
        _check_address(address)
    _become_gunicorn(prepare(), [*options, *gunicorn_options])


@contextlib.contextmanager
def _hold_ctrl_c() -> Iterator[None]:
    """Let Ctrl-C wait until the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def find_addresses(bind: str | None, options: Sequence[str]) -> list[str]:
    """Return where gunicorn would listen; [] where only a file of its own says so.

    Stops where gunicorn would, before anything is made: by its own parser. What is no option it would overlook.
    """
    try:
        from gunicorn.config import Config
    except ValueError:  # it reads this as it is loaded
        stop(f"WEB_CONCURRENCY is no number: {os.environ.get('WEB_CONCURRENCY')!r}")
    config = Config(prog="downloads-app run", usage="%(prog)s [OPTIONS]")
    given = config.parser().parse_args(list(options))
    if given.args:
        raise click.UsageError(f"Got unexpected extra argument ({given.args[0]})", click.get_current_context())
    try:
        around = config.parser().parse_args(config.get_cmd_args_from_env())
    except ValueError as exc:  # a quote that nothing ends
        stop(f"GUNICORN_CMD_ARGS: {exc}")
    told = [bind] if bind else around.bind
    if told is None and (given.config or around.config):
        return []
    return [address.strip() for address in told or read_binds()]


def _check_address(bind: str) -> None:
    """Stop in one line where nobody can listen: before a password is printed that nobody would see again."""
    from gunicorn.util import parse_address

    try:
        address = parse_address(bind)
        if isinstance(address, tuple):
            _try_to_bind(*address)
        elif isinstance(address, str):  # a unix socket, and none that was handed over
            _try_folder(PROJECT_DIR / Path(address).parent)
    except (OSError, OverflowError, RuntimeError, TypeError) as exc:  # TypeError: it is not UTF-8
        is_taken = isinstance(exc, OSError) and exc.errno == errno.EADDRINUSE
        reason = "is in use" if is_taken else f"cannot be listened at ({getattr(exc, 'strerror', None) or exc})"
        typed = os.environ.get(TYPED_VARIABLE)
        advice = f": GUNICORN_BIND=HOST:PORT {typed}" if typed else " with -b HOST:PORT or GUNICORN_BIND"
        stop(f"{bind} {reason}; choose another address{advice}")


def _try_to_bind(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def _try_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, f"there is no folder {folder}")
    if (fault := find_fault(folder)) is not None:
        raise OSError(errno.EACCES, f"{folder} {fault}")


def prepare() -> Settings:
    """Migrate the database, and create an admin if there is no user. Return the settings."""
    refuse_unfit_folders(load_settings())  # before anything is made
    with unfit_files_in_one_line():
        app = create_app()
    settings = SETTINGS.of(app)
    click.echo(f"Data: {settings.instance_dir}")
    with app.app_context():
        migrate()
        if not users.list_users():
            password = secrets.token_urlsafe(18)
            with _hold_ctrl_c():  # or nobody would ever see the password
                users.create_user(current_settings().downloads_dir, "admin", password, is_admin=True, by=COMMAND_LINE)
                click.echo(f"Created an admin. Sign in with:\nName: admin\nPassword: {password}")
                sys.stdout.flush()
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
    launch = [sys.executable, "-m", "downloads_app.web.gunicorn.launch", "wsgi:app", *options]
    with _hold_ctrl_c():  # until it can end without a traceback
        os.execv(sys.executable, launch)

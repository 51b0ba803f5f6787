"""`downloads-app backup`, `restore` and `move-database`."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from downloads_app import create_app
from downloads_app.cli.groups import Command, stop
from downloads_app.cli.printing import clean, format_count
from downloads_app.cli.serve import migrate
from downloads_app.config import current_settings, load_settings
from downloads_app.database_urls import is_sqlite
from downloads_app.models import Act
from downloads_app.services.audit import COMMAND_LINE, note_alone
from downloads_app.services.backup import backups
from downloads_app.services.database import migrations
from downloads_app.services.queue import workers

_FILE = click.argument("path", metavar="FILE", type=click.Path(path_type=Path))


@click.command("backup", cls=Command)
@_FILE
@with_appcontext
def backup(path: Path) -> None:
    """Write the database, as it is at one moment, into a new file; everything may go on meanwhile.

    The file (mode 0600) is restored into SQLite or PostgreSQL. Keep INSTANCE_DIR beside it: without its provider-key
    the providers' secrets cannot be read. Downloaded files are not in it.

    \b
    Example:
      downloads-app backup /var/backups/downloads-$(date +%F).backup
    """
    counts = backups.write_backup(current_settings().database_url, path)
    note_alone(Act.DATABASE_BACKED_UP, COMMAND_LINE, detail=clean(str(path)))
    click.echo(f"Wrote {clean(str(path))}: {_describe(counts)}")


@click.command("restore", cls=Command)
@_FILE
@click.option("--force", is_flag=True, help="Put it in the place of all that is in the database.")
@with_appcontext
def restore(path: Path, force: bool) -> None:
    """Bring a backup's rows into an empty database (make it by `downloads-app db upgrade`).

    Every token, session and API key of before is refused afterwards. Stop the web servers and workers first.

    \b
    Examples:
      downloads-app db upgrade && downloads-app restore /var/backups/downloads-2026-01-31.backup
      downloads-app restore --force /var/backups/downloads-2026-01-31.backup
    """
    settings = current_settings()
    if migrations.are_current() and (told := _name_living_workers(settings.lease_seconds)):
        click.echo(f"{told}: stop workers and web servers before a restore", err=True)
    counts = backups.restore_backup(settings.database_url, path, replace=force)
    note_alone(Act.DATABASE_RESTORED, COMMAND_LINE, detail=clean(str(path)))
    click.echo(f"Restored {_describe(counts)}. Everybody has to sign in again; API keys have to be made anew")


@click.command("move-database", cls=Command)
@click.argument("url")
@with_appcontext
def move_database(url: str) -> None:
    """Copy the SQLite database into an empty PostgreSQL, which is migrated first; tokens stay good.

    Stop the web servers and workers before. A password in the URL is seen in the list of processes: leave it out, and
    set PGPASSWORD or have ~/.pgpass.

    \b
    Example:
      downloads-app move-database postgresql://downloads@db.example.org/downloads
    """
    settings = current_settings()
    target_url = load_settings(database_url=url).database_url
    if not is_sqlite(settings.database_url) or is_sqlite(target_url):
        stop("this moves from SQLite (DATABASE_URL now) to PostgreSQL (the URL given)")
    if told := _name_living_workers(settings.lease_seconds):
        stop(f"{told}: stop workers and web servers first")
    with create_app(database_url=target_url).app_context():
        migrate()
    counts = backups.move(settings.database_url, target_url)
    click.echo(f"Moved {_describe(counts)}. Now set DATABASE_URL to that address and start again")


def _name_living_workers(lease_seconds: float) -> str:
    """Return a clause that names the workers that are alive; empty if there is none."""
    found = [clean(worker_id) for worker_id in workers.list_alive(lease_seconds)]
    if not found:
        return ""
    return f"worker {found[0]} is alive" if len(found) == 1 else f"workers {', '.join(found)} are alive"


def _describe(counts: dict[str, int]) -> str:
    named = {"users": "user", "providers": "provider", "downloads": "download", "download_files": "file"}
    return ", ".join(format_count(counts[table], noun) for table, noun in named.items())

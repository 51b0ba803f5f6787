"""`downloads-app downloads worker`: the process that moves bytes."""

import click
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.cli.downloads import group
from downloads_app.cli.groups import is_not_migrated
from downloads_app.services.queue import claims


@group.command("worker")
@click.option("--concurrency", type=click.IntRange(1, 64), help="Downloads at a time (WORKER_CONCURRENCY).")
@click.option("--until-idle", is_flag=True, help="End when nothing is left to do.")
def run_worker(concurrency: int | None, until_idle: bool) -> None:
    """Move bytes until stopped; TERM hands the downloads back, HUP reads MAX_BYTES_PER_SECOND again from .env.

    \b
    Examples:
      downloads-app downloads worker --concurrency 4
      downloads-app downloads worker --until-idle
    """
    from downloads_app import logs
    from downloads_app.config import current_settings, forget_env_file
    from downloads_app.per_app import present_app
    from downloads_app.worker.runner import Worker

    forget_env_file("MAX_BYTES_PER_SECOND")
    _check_migrated()
    logs.configure(current_settings().log_format)
    Worker(present_app(), current_settings(), concurrency=concurrency, until_idle=until_idle).run()


def _check_migrated() -> None:
    """End the command if tables are missing. If the database is only away, the worker waits for it."""
    try:
        claims.count_unfinished()
    except SQLAlchemyError as exc:
        if is_not_migrated(exc):
            raise

"""Writes the database into a file, and restores it from there into either kind of database."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.errors import Conflict, InvalidInput
from downloads_app.models import SignIn, User, utc_now
from downloads_app.services.backup import file, rows
from downloads_app.services.database import migrations

ENDED = frozenset({"sign_ins", "api_keys", "revoked_tokens"})
"""What a restored database does not get back: every token and key of before is refused."""
_TICK = timedelta(microseconds=1)


def write_backup(database_url: str, path: Path) -> dict[str, int]:
    """Write all rows, of one moment, into a new file of mode 0600 while others go on; return how many of each table."""
    revision = _current_revision()
    engine = rows.open_engine(database_url)
    with file.written(path, revision) as target, rows.reading(engine) as source, target.begin() as connection:
        return rows.copy(source, connection)


def restore_backup(database_url: str, path: Path, *, replace: bool = False) -> dict[str, int]:
    """Put a backup's rows in place of what is in the database; return how many of each table.

    Every token, session and key of before is refused afterwards. Raises InvalidInput for a file that is not a whole
    backup of this version, Conflict if the database is not empty and `replace` is not set; then nothing has changed.
    """
    with file.opened(path, _current_revision()) as backup, rows.reading(backup) as source:
        try:
            return _replace(source, rows.open_engine(database_url), replace)
        except (ValueError, TypeError, OverflowError, RecursionError) as exc:
            raise InvalidInput(f"{path} has values that no database of this service has; nothing was changed") from exc
        except SQLAlchemyError as exc:
            if "OperationalError" in type(exc).__name__:
                raise  # the database itself
            raise InvalidInput(f"{path} has rows that do not fit together; nothing was changed") from exc


def move(source_url: str, target_url: str) -> dict[str, int]:
    """Copy an SQLite database into an empty, migrated one; tokens stay good. Nobody writes into the source meanwhile.

    Raises Conflict if the target is not empty.
    """
    with rows.writing(rows.open_engine(source_url)) as source, rows.writing(rows.open_engine(target_url)) as target:
        if not rows.is_empty(target):
            raise Conflict("That database is not empty; nothing was changed")
        counts = rows.copy(source, target)
        rows.settle(target)
    return counts


def _replace(source: Connection, engine: Engine, replace: bool) -> dict[str, int]:
    with rows.writing(engine) as target:
        if not replace and not rows.is_empty(target):
            raise Conflict("The database is not empty; --force puts the backup in the place of all that is in it")
        newest = [connection.scalar(select(func.max(SignIn.issued_at))) for connection in (source, target)]
        rows.clear(target)
        counts = rows.copy(source, target, but=ENDED)
        rows.settle(target)
        known = [time + _TICK for time in newest if time is not None]  # of machines with other clocks
        since = max([utc_now(), *known])
        target.execute(update(User).values(tokens_valid_from=since, updated_at=User.updated_at))
    return counts


def _current_revision() -> str:
    """Return the database's version; raises Conflict if it is not the one of this code."""
    if not migrations.are_current():
        raise Conflict("The database is not migrated: run `downloads-app db upgrade` first")
    return migrations.newest()

"""The hosts of the database, each asked by itself: who takes writes, who follows, who is silent."""

from dataclasses import dataclass

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from downloads_app import database_urls
from downloads_app.extensions import connect_args

ANSWER_SECONDS = 5
_STATE = text(
    "SELECT pg_is_in_recovery(), current_setting('synchronous_standby_names') <> '',"
    " (SELECT count(*) FROM pg_stat_replication)"
)


@dataclass(frozen=True, slots=True)
class HostState:
    """One host of the database."""

    name: str
    answers: bool
    takes_writes: bool = False
    waits_for_replicas: bool = False
    """Whether a commit waits until a replica has it."""
    followers: int = 0


def examine(database_url: str) -> list[HostState]:
    """Ask each host of a normalized URL of PostgreSQL."""
    return [_ask(database_url, host) for host in database_urls.hosts_of(database_url)]


def _ask(database_url: str, host: database_urls.Host) -> HostState:
    url, name = database_urls.only(database_url, host), f"{host[0]}:{host[1]}"
    engine = create_engine(url, poolclass=NullPool, connect_args=connect_args(url, ANSWER_SECONDS))
    try:
        with engine.connect() as connection:
            follows, waits, followers = connection.execute(_STATE).one()
    except SQLAlchemyError:
        return HostState(name, answers=False)
    return HostState(name, True, not follows, waits, followers)

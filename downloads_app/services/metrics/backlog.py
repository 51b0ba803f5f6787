"""What the queue looks like: read every MEASURE_SECONDS by one process of all, and kept for the others.

However many rows there are, a reading looks at a bounded number of them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError

from downloads_app.errors import DISK_IS_FULL, NOT_ENOUGH_DISK
from downloads_app.models import IS_RUNNING, Download, Provider, QueueReading, Status
from downloads_app.services.database.autocommit import execute_alone
from downloads_app.services.database.clock import database_now
from downloads_app.services.queue.pauses import queue_paused_at

MEASURE_SECONDS = 10.0
FORGET_SECONDS = 120.0
"""An older reading says nothing of the present."""
MOST_OF_A_STATUS = 100_000
MOST_WAITING = 10_000
"""So many rows are counted at most: more look like so many."""
TURN, PAUSED, RETRY = "turn", "paused", "retry"
WAIT_CAUSES = (TURN, PAUSED, "disk", "quota", "connections", RETRY)


@dataclass(frozen=True, slots=True)
class Running:
    """What runs of one provider."""

    provider: str
    downloads: int
    bytes_per_second: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """The queue at one moment."""

    statuses: Mapping[str, int]
    """Downloads by status, at most MOST_OF_A_STATUS of each."""
    waiting: Mapping[str, int]
    """Pending downloads by why they wait: WAIT_CAUSES."""
    running: Sequence[Running]
    age_seconds: float = 0.0


def read_backlog() -> Backlog | None:
    """Return the last reading; None if there is none that is younger than FORGET_SECONDS and of a form we know."""
    row = execute_alone(select(QueueReading.content, QueueReading.read_at, database_now().label("now"))).first()
    if row is None or row.content is None or row.read_at is None:
        return None
    age_seconds = max(0.0, (row.now - row.read_at).total_seconds())
    if age_seconds > FORGET_SECONDS:
        return None
    return _parse(row.content, age_seconds)


def _parse(content: str, age_seconds: float) -> Backlog | None:
    """Return a reading as it was written; None for one of a version that writes them otherwise.

    During an upgrade, processes of two versions share the row.
    """
    try:
        kept = json.loads(content)
        running = [
            Running(str(each["provider"]), int(each["downloads"]), int(each["bytes_per_second"]))
            for each in kept["running"]
        ]
        return Backlog(_parse_amounts(kept["statuses"]), _parse_amounts(kept["waiting"]), running, age_seconds)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None


def _parse_amounts(kept: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(amount) for name, amount in kept.items()}


def measure_if_due() -> bool:
    """Read the queue anew if nobody has for MEASURE_SECONDS; return whether that was done."""
    if not _take_turn():
        return False
    found = asdict(_measure())
    del found["age_seconds"]
    written = {"content": json.dumps(found), "read_at": database_now()}
    execute_alone(update(QueueReading).where(QueueReading.id == 1).values(written))
    return True


def _take_turn() -> bool:
    is_due = or_(
        QueueReading.begun_at < database_now(-MEASURE_SECONDS),
        QueueReading.begun_at > database_now(MEASURE_SECONDS),  # the database's clock was set back
    )
    taken = update(QueueReading).where(QueueReading.id == 1, is_due).values(begun_at=database_now())
    if execute_alone(taken).rowcount:
        return True
    try:
        execute_alone(insert(QueueReading).values(id=1, begun_at=database_now()))
    except IntegrityError:
        return False  # somebody else has the turn
    return True


def _measure() -> Backlog:
    counts = {status.value: _count(status) for status in Status if status != Status.DOWNLOADING}
    row = execute_alone(select(*(count.label(name) for name, count in counts.items()))).one()._mapping
    statuses = {name: int(row[name]) for name in counts}
    waiting = dict.fromkeys(WAIT_CAUSES, 0)
    if queue_paused_at() is not None:
        waiting[PAUSED] = statuses[Status.PENDING.value]
    else:
        paused = execute_alone(select(Provider.id).where(Provider.paused_at.is_not(None))).scalars().all()
        waiting |= _read_causes(paused)
        waiting[PAUSED] = _count_held(paused) if paused else 0
        waiting[TURN] = max(0, statuses[Status.PENDING.value] - sum(waiting.values()))
    running = _read_running()
    statuses[Status.DOWNLOADING.value] = sum(each.downloads for each in running)
    return Backlog(statuses, waiting, running)


def _count(status: Status) -> ColumnElement[int]:
    found = select(literal(1)).where(Download.status == status).limit(MOST_OF_A_STATUS).subquery()
    return select(func.count()).select_from(found).scalar_subquery()


def _count_held(paused: Sequence[str]) -> int:
    """Return how many pending downloads are of these providers. The bound comes first: it limits what is read."""
    pending = select(Download.provider_id).where(Download.status == Status.PENDING).limit(MOST_OF_A_STATUS)
    some = pending.subquery()
    return int(execute_alone(select(func.count()).where(some.c.provider_id.in_(paused))).scalar_one())


def _read_causes(paused: Sequence[str]) -> dict[str, int]:
    """Return how many pending downloads wait for each cause, but for those of paused providers."""
    waits = (Download.status == Status.PENDING, Download.wait_reason.is_not(None))
    some = select(_cause().label("cause"), Download.provider_id).where(*waits).limit(MOST_WAITING).subquery()
    causes = select(some.c.cause, func.count().label("amount")).where(some.c.provider_id.not_in(paused))
    return {row.cause: row.amount for row in execute_alone(causes.group_by(some.c.cause))}


def _cause() -> ColumnElement[str]:
    """Return the cause of a wait; our own words tell it (see `services/downloads/stuck.py`)."""
    reason = Download.wait_reason
    return case(
        (Download.failures > 0, RETRY),
        (or_(reason.startswith(NOT_ENOUGH_DISK), reason.contains(DISK_IS_FULL)), "disk"),
        (reason.contains("quota"), "quota"),
        (reason.contains("connections"), "connections"),
        else_=RETRY,
    )


def _read_running() -> list[Running]:
    rows = execute_alone(
        select(Provider.name, func.count().label("amount"), func.sum(Download.download_speed).label("speed"))
        .join(Provider, Provider.id == Download.provider_id)
        .where(IS_RUNNING)
        .group_by(Provider.name)
        .order_by(Provider.name)
    )
    return [Running(row.name, row.amount, int(row.speed or 0)) for row in rows]

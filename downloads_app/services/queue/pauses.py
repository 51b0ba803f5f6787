"""Pauses for maintenance: nothing is fetched from a paused provider, and nothing at all while the queue is paused.

A pause is read by the claiming statement and, once a second, by each worker, which then gives back what it runs. No row
of a download says that it is paused: `Download.waits_for` looks, so that the reason ends with the pause.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, delete, exists, insert, null, or_, select, update
from sqlalchemy.exc import IntegrityError

from downloads_app.errors import NotFound
from downloads_app.extensions import db
from downloads_app.models import Act, Download, Provider, QueuePause, Status
from downloads_app.models.downloads import PROVIDER_IS_PAUSED, QUEUE_IS_PAUSED
from downloads_app.services import audit
from downloads_app.services.audit import NOBODY, Actor, Thing
from downloads_app.services.database.autocommit import execute_alone
from downloads_app.services.database.clock import database_now
from downloads_app.services.database.session import change_rows


def set_provider_paused(provider: Provider, is_paused: bool, *, by: Actor = NOBODY) -> None:
    """Pause a provider, or let it go on. One that is paused already stays so since then. Raises NotFound."""
    provider_id, name = provider.id, provider.name
    is_otherwise = Provider.paused_at.is_(None) if is_paused else Provider.paused_at.is_not(None)
    paused_at = database_now() if is_paused else null()
    if change_rows(update(Provider).where(Provider.id == provider_id, is_otherwise).values(paused_at=paused_at)):
        act = Act.PROVIDER_PAUSED if is_paused else Act.PROVIDER_RESUMED
        audit.note(act, by, thing=Thing("provider", provider_id, name))
    elif not db.session.scalar(select(exists().where(Provider.id == provider_id))):
        db.session.rollback()
        raise NotFound(f"There is no provider {provider_id}")
    db.session.commit()
    db.session.expire(provider)


def set_queue_paused(is_paused: bool, *, by: Actor = NOBODY) -> None:
    """Pause the whole queue, or let it go on. If it is paused already, it stays so since then."""
    db.session.commit()
    if (queue_paused_at() is not None) == is_paused:
        return
    try:
        if is_paused:
            db.session.execute(insert(QueuePause).values(id=1, paused_at=database_now()))
        elif not change_rows(delete(QueuePause)):
            db.session.rollback()  # somebody else let it go on at the same moment
            return
        audit.note(Act.QUEUE_PAUSED if is_paused else Act.QUEUE_RESUMED, by, thing=Thing("queue"))
        db.session.commit()
    except IntegrityError:
        db.session.rollback()  # somebody else paused it at the same moment


def queue_paused_at() -> datetime | None:
    """Return since when the queue is paused; None if it is not."""
    paused_at: datetime | None = execute_alone(select(QueuePause.paused_at)).scalar()
    return paused_at


def find_paused_providers() -> list[str]:
    """Return the names of the paused providers of which downloads wait."""
    waits = exists().where(Download.provider_id == Provider.id, Download.status == Status.PENDING)
    found = select(Provider.name).where(Provider.paused_at.is_not(None), waits).order_by(Provider.name)
    return list(execute_alone(found).scalars())


def is_held_back() -> ColumnElement[bool]:
    """Return the condition under which a pending download is not claimed because of a pause."""
    paused = select(Provider.id).where(Provider.paused_at.is_not(None))
    return and_(Download.status == Status.PENDING, or_(exists(select(QueuePause.id)), Download.provider_id.in_(paused)))


def find_paused(worker_id: str) -> dict[str, str]:
    """Return the downloads that a worker runs and has to give back, each with the reason."""
    queue_is_paused = exists(select(QueuePause.id))
    reason = case((queue_is_paused, QUEUE_IS_PAUSED), else_=PROVIDER_IS_PAUSED)
    query = (
        select(Download.id, reason.label("reason"))
        .join(Provider, Provider.id == Download.provider_id)
        .where(
            Download.worker_id == worker_id,
            Download.status == Status.DOWNLOADING,
            or_(queue_is_paused, Provider.paused_at.is_not(None)),
        )
    )
    return {row.id: row.reason for row in execute_alone(query)}

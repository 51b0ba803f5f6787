"""The life of a download: what its owner may do. `queue/` writes what a worker does.

`by` is who does it, for the download's story and for the audit.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from downloads_app import request_ids
from downloads_app.config import Settings
from downloads_app.errors import Conflict, InvalidInput
from downloads_app.extensions import db
from downloads_app.models import ACTIVE, Act, Download, EventKind, Provider, Repository, Status, User
from downloads_app.services import audit
from downloads_app.services.audit import COMMAND_LINE, NOBODY, Account, Actor, Thing
from downloads_app.services.database.clock import database_now, shared_now
from downloads_app.services.database.locks import hold_user
from downloads_app.services.downloads import limits, quota
from downloads_app.services.downloads.patterns import check_patterns
from downloads_app.services.downloads.shared_folders import refuse_shared_folder
from downloads_app.services.names import check_revision
from downloads_app.services.providers import catalog
from downloads_app.services.queue import events, leftovers
from downloads_app.services.queue.events import Note

log = logging.getLogger(__name__)

PRIORITIES = range(-1000, 1001)
"""Higher goes first, among the downloads of one user."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change that an owner may make: the states it starts from, the state it ends in, and the row's new values."""

    participle: str
    allowed: tuple[Status, ...]
    values: dict[str, Any]


_STILL = {"download_speed": 0, "eta_seconds": None, "wait_reason": None, "not_before_at": None}
_AFRESH = _STILL | {"failures": 0, "trouble_began_at": None, "error_message": None, "completed_at": None}
_FROM_THE_START = {
    "commit": None,  # without a listing the next start makes one
    "total_files": None,
    "total_bytes": None,
    "current_bytes": 0,
    "files_completed": 0,
    "current_file": None,
    "started_at": None,
}

PAUSE = Change("paused", ACTIVE, {"status": Status.PAUSED, **_STILL})
CANCEL = Change(
    "cancelled",
    (*ACTIVE, Status.PAUSED),
    {"status": Status.CANCELLED, **_STILL, "completed_at": database_now()},
)
RESUME = Change("resumed", (Status.PAUSED,), {"status": Status.PENDING, **_AFRESH})
RETRY = Change("retried", (Status.FAILED, Status.CANCELLED), {"status": Status.PENDING, **_AFRESH, **_FROM_THE_START})


def create(
    settings: Settings,
    user: User,
    provider: Provider,
    repository: str,
    *,
    revision: str | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    priority: int = 0,
    by: Actor = NOBODY,
) -> Download:
    """Queue a download; raises InvalidInput, or Conflict naming the active one of the same revision."""
    revision = check_revision(revision)
    wanted = check_patterns(include, exclude)
    download = Download(
        revision=revision,
        include=list(wanted.include),
        exclude=list(wanted.exclude),
        priority=_check_priority(priority),
        status=Status.PENDING,
        request_id=request_ids.present(),
    )
    quota.refuse_when_full(settings, user)
    user_id, username = user.id, user.username
    try:
        held = hold_user(user_id)
        if held is None or held.is_disabled:  # since the request was let in
            raise Conflict(f"User {username!r} is disabled")
        found = catalog.find_or_create_repository(provider, repository)
        _refuse_new(settings, user.id, found, revision)
        download.user_id, download.provider_id, download.repository_id = user.id, provider.id, found.id
        _add_to_the_queue(download)
        _note_new(download, by, provider)
        db.session.commit()
    except BaseException:
        db.session.rollback()  # gives the lock back
        raise
    log.info("download %s: queued by %s", download.id, _name(by) or username)
    return download


def _add_to_the_queue(download: Download) -> None:
    """Add it behind all that were added before, whichever machine took the request: by the database's clock."""
    download.created_at = shared_now()
    db.session.add(download)


def pause(_settings: Settings, download: Download, by: Actor = NOBODY) -> None:
    """Stop it within a second and keep its bytes."""
    _apply(download, PAUSE, by)


def cancel(settings: Settings, download: Download, by: Actor = NOBODY) -> None:
    """End it and remove its partial files. If a worker holds it, that worker removes them within a second."""
    _apply(download, CANCEL, by)
    if download.worker_id is None:
        leftovers.remove_partials(settings.downloads_dir, download)


def resume(settings: Settings, download: Download, by: Actor = NOBODY) -> None:
    """Queue a paused download again."""
    _make_active(settings, download, RESUME, by)


def retry(settings: Settings, download: Download, by: Actor = NOBODY) -> None:
    """Queue a failed or cancelled download again, with a new listing; the bytes that are here are kept."""
    _make_active(settings, download, RETRY, by)


def set_priority(download: Download, priority: int, by: Actor = NOBODY) -> None:
    """Change the priority: which of its owner's downloads is claimed next."""
    changed = update(Download).where(Download.id == download.id).values(priority=_check_priority(priority))
    if events.change(changed, Note(EventKind.PRIORITY, _name(by), reason=str(priority))):
        _note(Act.DOWNLOAD_PRIORITY_SET, download, by, str(priority))
    db.session.commit()


def pause_all_of_user(user: User) -> None:
    """Pause what a user has active (they were disabled)."""
    active = (Download.user_id == user.id, Download.status.in_(PAUSE.allowed))
    paused = update(Download).where(*active).values(PAUSE.values)
    events.change(paused, Note(EventKind.PAUSED, reason="its owner was disabled"))
    db.session.commit()


def _apply(download: Download, change: Change, by: Actor) -> None:
    """Change the state in one statement, so that no worker's write can come between; raises Conflict."""
    allowed = (Download.id == download.id, Download.status.in_(change.allowed))
    values = change.values | ({"request_id": request_ids.present()} if change.values["status"] in ACTIVE else {})
    statement = update(Download).where(*allowed).values(values)
    changed = events.change(statement, Note(EventKind(change.participle), _name(by)))
    if changed:
        _note(Act(f"download_{change.participle}"), download, by)
    db.session.commit()
    if not changed:
        raise Conflict(f"Download {download.id} is {download.status}; it cannot be {change.participle}")
    log.info("download %s: %s by %s", download.id, change.participle, _name(by))


def _note_new(download: Download, by: Actor, provider: Provider) -> None:
    """Write a new download into its story and into the audit; commits nothing."""
    db.session.flush()  # only a row leads to its owner and its repository
    events.note_new(download, _name(by) or download.user.username)
    _note(Act.DOWNLOAD_ADDED, download, by, f"{provider.name}, {download.revision}")


def _note(act: Act, download: Download, by: Actor, detail: str | None = None) -> None:
    """Write into the audit what an owner or an admin did to a download; commits nothing."""
    thing = Thing("download", download.id, download.repository.name)
    audit.note(act, by, Account.of(download.user), thing, detail=detail)


def _name(by: Actor) -> str | None:
    """Return how a download's story names somebody."""
    return events.COMMAND_LINE if by == COMMAND_LINE else by.name


def _make_active(settings: Settings, download: Download, change: Change, by: Actor) -> None:
    """Make a download active again, unless another of the same revision is."""
    try:
        held = hold_user(download.user_id)
        if held is None or held.is_disabled:
            raise Conflict(f"User {download.user.username!r} is disabled")
        if download.status not in ACTIVE:
            _refuse_second(download.user_id, download.repository_id, download.revision)
            limits.refuse_too_many_active(download.user_id, settings.max_active_downloads_per_user)
        _apply(download, change, by)
    finally:
        db.session.rollback()  # gives the lock back where nothing was committed


def _refuse_new(settings: Settings, user_id: str, repository: Repository, revision: str) -> None:
    """Refuse one more download of a user, whose row is held; raises Conflict."""
    _refuse_second(user_id, repository.id, revision)
    refuse_shared_folder(user_id, repository, revision)
    limits.refuse_too_many_active(user_id, settings.max_active_downloads_per_user)
    limits.refuse_too_many_rows(user_id, settings.max_downloads_per_user)


def _refuse_second(user_id: str, repository_id: str, revision: str) -> None:
    query = select(Download.id).where(
        Download.user_id == user_id,
        Download.repository_id == repository_id,
        Download.revision == revision,
        Download.status.in_(ACTIVE),
    )
    first = db.session.scalar(query.limit(1))
    if first is not None:
        raise Conflict(f"Download {first} of the same repository and revision is active already")


def _check_priority(priority: int) -> int:
    if priority not in PRIORITIES:
        raise InvalidInput("A priority is from -1000 to 1000", {"priority": "out of range"})
    return priority

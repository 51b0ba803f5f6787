"""Where a full disk stops several downloads, the youngest of them makes room for the oldest with its partial files.

Only downloads of unknown size get there: what the others still need is reserved before they begin.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import update

from downloads_app.config import Settings
from downloads_app.errors import NOT_ENOUGH_DISK
from downloads_app.extensions import db
from downloads_app.models import ACTIVE, Download, EventKind, Status
from downloads_app.services.database.autocommit import execute_alone
from downloads_app.services.database.clock import database_now
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.files import partials
from downloads_app.services.files.folders import folder_of
from downloads_app.services.files.sizes import tree_bytes
from downloads_app.services.queue import events, leftovers, room
from downloads_app.services.queue.claims import AT_REST
from downloads_app.services.queue.events import Note

MOST_ASKED = 50
"""So many downloads are looked at: first those that have bytes, so that none without any keeps others from it."""
WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Waiting:
    download_id: str
    needed_bytes: int
    folder: Path
    partial_bytes: int


def let_one_give_way(settings: Settings, room_bytes: int, worker_id: str) -> tuple[str, int] | None:
    """Remove the partial files of the youngest download that waits for room, if the oldest then gets enough in the end.

    `room_bytes` is the free room that nobody has reserved. Returns the download's id and the bytes that it gave.
    """
    oldest = db.session.scalar(room.find_waiting().limit(1))
    lack = room.need_of(oldest) - room_bytes if oldest is not None else 0
    if oldest is None or lack <= 0:
        give_connection_back()
        return None
    others = room.find_waiting().where(Download.id != oldest.id).order_by(None)
    order = ((Download.current_bytes > 0).desc(), Download.created_at.desc(), Download.id.desc())
    givers = [
        each for each in _read(settings.downloads_dir, others.order_by(*order).limit(MOST_ASKED)) if each.partial_bytes
    ]
    give_connection_back()
    if sum(each.partial_bytes for each in givers) < lack or not _hold(givers[0], worker_id, settings.lease_seconds):
        return None
    shutil.rmtree(givers[0].folder, ignore_errors=True)
    _release(givers[0], worker_id)
    return givers[0].download_id, givers[0].partial_bytes


def _read(downloads_dir: Path, query: room.Waiting) -> list[_Waiting]:
    """Look at the folders of these downloads; return the youngest first."""
    found = []
    for download in sorted(db.session.scalars(query), key=lambda row: (row.created_at, row.id), reverse=True):
        folder = partials.find_partials(folder_of(downloads_dir, download))
        is_alone = not leftovers.is_shared(download, (*ACTIVE, Status.PAUSED))
        found.append(_Waiting(download.id, room.need_of(download), folder, tree_bytes(folder) if is_alone else 0))
    return found


def _hold(giver: _Waiting, worker_id: str, lease_seconds: float) -> bool:
    """Keep all workers away from the folder, as a worker does that writes into it. False if it no longer waits."""
    held = {"worker_id": worker_id, "lease_expires_at": database_now(lease_seconds)}
    waits = update(Download).where(Download.id == giver.download_id, *room.WAITS).values(held)
    return execute_alone(waits).rowcount == 1


def _release(giver: _Waiting, worker_id: str) -> None:
    reason = f"{NOT_ENOUGH_DISK}: an older download needed the room of its {giver.partial_bytes:,} bytes"
    events.change_alone(
        update(Download)
        .where(Download.id == giver.download_id, Download.worker_id == worker_id, Download.status == Status.PENDING)
        .values(
            wait_reason=reason,
            needed_bytes=giver.needed_bytes + giver.partial_bytes,
            not_before_at=database_now(WAIT_SECONDS),
            **AT_REST,
        ),
        Note(EventKind.WAITING, reason=reason, until=lambda row: row.not_before_at),
    )

"""The content of a claimed download as plain values, so that a worker holds neither a row nor a connection."""

from dataclasses import dataclass
from pathlib import Path

from downloads_app.config import Settings
from downloads_app.extensions import db
from downloads_app.models import Download
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.files.folders import folder_of
from downloads_app.services.providers import catalog
from downloads_app.services.queue.claims import Claim
from downloads_app.sources import Access
from downloads_app.sources.selection import Selection


@dataclass(frozen=True, slots=True)
class Order:
    """What to fetch, from which provider, into which folder."""

    access: Access
    kind: str
    repository: str
    revision: str
    wanted: Selection
    provider_id: str
    provider: str
    """Its name, for the metrics."""
    folder: Path
    is_listed: bool
    """Whether the download has begun before: then its listing is pinned, and some bytes may be here."""
    needed_bytes: int = 0
    """What it needed on the disk when it last stopped, by that worker's best knowledge."""
    total_bytes: int | None = None
    """Its size, as far as earlier starts have learnt it from the listing or the server."""
    waited_seconds: float | None = None
    """From when it was queued to this claim, if it is the first one; else None."""


def read_order(settings: Settings, claim: Claim) -> Order:
    """Return what was ordered."""
    download = db.session.get_one(Download, claim.download_id)
    order = Order(
        access=catalog.access_of(settings, download.provider),
        kind=download.provider.kind,
        repository=download.repository.name,
        revision=download.revision,
        wanted=Selection(tuple(download.include), tuple(download.exclude)),
        provider_id=download.provider_id,
        provider=download.provider.name,
        folder=folder_of(settings.downloads_dir, download),
        is_listed=download.total_files is not None,
        needed_bytes=download.needed_bytes or 0,
        total_bytes=download.total_bytes,
        waited_seconds=_measure_wait(download),
    )
    give_connection_back()
    return order


def _measure_wait(download: Download) -> float | None:
    """Return how long a download waited for its first claim. Two clocks measure it: they may differ a little."""
    if download.attempt != 1 or download.claimed_at is None:
        return None
    return max(0.0, (download.claimed_at - download.created_at).total_seconds())


def find_untouched_commit(claim: Claim) -> str | None:
    """Return the commit that a download is pinned to if none of its bytes are here, else None."""
    download = db.session.get_one(Download, claim.download_id)
    is_untouched = download.current_bytes == 0 and download.files_completed == 0
    commit = download.commit if is_untouched else None
    give_connection_back()
    return commit


def count_failures(claim: Claim) -> int:
    """Return how many starts in a row have failed."""
    failures = db.session.get_one(Download, claim.download_id).failures
    give_connection_back()
    return failures

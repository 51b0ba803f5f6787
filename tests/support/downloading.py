"""Rows for tests of the queue: providers, downloads, and the database's clock pushed forward."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import update

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, Provider, Repository, Status, User
from downloads_app.services.database.clock import database_now
from downloads_app.services.downloads import plans
from downloads_app.services.downloads.patterns import check_patterns
from downloads_app.services.files import folders
from downloads_app.services.providers import catalog
from downloads_app.services.queue import claims
from downloads_app.services.queue.claims import Claim

LEASE_SECONDS = 30.0
WORKER = "host-1-aaaa"
OTHER_WORKER = "host-2-bbbb"


def add_provider(name: str = "hub", **options: Any) -> Provider:
    """Add a provider that nobody connects to."""
    return catalog.add_provider(current_settings(), name, "http", "http://127.0.0.1:9/", **options)


def add_downloads(user: User, provider: Provider, *repositories: str, **columns: object) -> list[Download]:
    """Queue downloads one after the other, without the rules of the service."""
    values: dict[str, Any] = {"status": "pending", "revision": "main", **columns}
    rows = []
    for name in repositories:
        repository = catalog.find_or_create_repository(provider, name)
        db.session.flush()
        rows.append(Download(user_id=user.id, provider_id=provider.id, repository_id=repository.id, **values))
        db.session.add(rows[-1])
        db.session.flush()
    db.session.commit()
    return rows


def claim(worker: str = WORKER) -> Claim | None:
    """Claim the next download."""
    return claims.claim_next(worker, LEASE_SECONDS)


def in_status(user: User, provider: Provider, status: str) -> Download:
    """Add a download that stands so."""
    return add_downloads(user, provider, "org/model", status=status)[0]


def claimed(user: User, **columns: object) -> Claim:
    """Queue one download of `user` and claim it."""
    add_downloads(user, add_provider(), "one", **columns)
    found = claim()
    assert found is not None
    return found


def claim_name(worker: str = WORKER) -> str | None:
    """Claim the next download and return its repository's name."""
    claimed = claim(worker)
    return None if claimed is None else repository_of(claimed)


def repository_of(claimed: Claim) -> str:
    """Return the name of the repository that was claimed."""
    download = db.session.get_one(Download, claimed.download_id, populate_existing=True)
    name = db.session.get_one(Repository, download.repository_id).name
    db.session.commit()
    return name


def folder_of(download: Download) -> Path:
    """Return the folder of a download's files."""
    return folders.folder_of(current_settings().downloads_dir, download)


def find_completed(downloads: Sequence[Download]) -> Download | None:
    """Return the first of them that is complete by now."""
    return next((download for download in downloads if reload(download).status == Status.COMPLETED), None)


def reload(download: Download | Claim) -> Download:
    """Read a row again."""
    download_id = download.download_id if isinstance(download, Claim) else download.id
    db.session.rollback()
    return db.session.get_one(Download, download_id, populate_existing=True)


def expire_lease(claimed: Claim) -> None:
    """Let a worker have been silent for longer than its lease."""
    row = update(Download).where(Download.id == claimed.download_id)
    db.session.execute(row.values(lease_expires_at=database_now(-1)))
    db.session.commit()


def set_time(claimed: Claim, **columns: object) -> None:
    """Let a row have been written by another clock."""
    db.session.execute(update(Download).where(Download.id == claimed.download_id).values(**columns))
    db.session.commit()


def end_wait(download: Download) -> None:
    """Let the time before which a download is not claimed have come."""
    row = update(Download).where(Download.id == download.id)
    db.session.execute(row.values(not_before_at=database_now(-1)))
    db.session.commit()


def plan(user: User, provider: Provider, repository: str, include: Sequence[str] = ()) -> plans.Plan:
    """List a repository at its provider, and say what a download of it would fetch."""
    db.session.commit()  # sees what workers have written meanwhile
    listing = plans.list_remote(
        provider.kind, catalog.access_of(current_settings(), provider), repository, wanted=check_patterns(include, [])
    )
    return plans.make_plan(current_settings(), user, provider, repository, listing)

"""Rows for tests that need downloads in a given state without a worker."""

from typing import Any

from sqlalchemy import select

from downloads_app.extensions import db
from downloads_app.models import Download, Provider, Repository, User


def sample_repository() -> Repository:
    """Return the one repository that the sample rows are of."""
    repository: Repository | None = db.session.scalar(select(Repository).where(Repository.name == "org/sample"))
    if repository is None:
        provider = Provider(name="sample", kind="http", url="http://files.invalid/")
        db.session.add(provider)
        db.session.flush()
        repository = Repository(provider_id=provider.id, name="org/sample")
        db.session.add(repository)
        db.session.flush()
    return repository


def add_download(user: User, **columns: Any) -> Download:
    """Add a download of the sample repository; commits."""
    repository = sample_repository()
    values: dict[str, Any] = {"status": "downloading", "revision": "main", **columns}
    download = Download(user_id=user.id, provider_id=repository.provider_id, repository_id=repository.id, **values)
    db.session.add(download)
    db.session.commit()
    return download


def change(download: Download, **columns: Any) -> None:
    """Change columns of a row; commits."""
    for name, value in columns.items():
        setattr(download, name, value)
    db.session.commit()

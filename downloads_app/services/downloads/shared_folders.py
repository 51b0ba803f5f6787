"""Keeps one download's files out of another's: `a/b` at `c` and `a` at `b/c` would be one folder."""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, not_, or_, select

from downloads_app.errors import Conflict
from downloads_app.extensions import db
from downloads_app.models import Download, Repository
from downloads_app.sources.paths import ROOT


def refuse_shared_folder(user_id: str, repository: Repository, revision: str) -> None:
    """Raise Conflict if a download of the user's has its files above, below or in the folder of a new one.

    One statement, in which the database compares: a user may have ten thousand downloads.
    """
    folder = f"{revision}/" if repository.name == ROOT else f"{repository.name}/{revision}/"
    above = _prefixes(folder)
    taken = case(
        (Repository.name == ROOT, Download.revision + "/"),
        else_=Repository.name + "/" + Download.revision + "/",
    )
    is_itself = and_(Repository.id == repository.id, Download.revision == revision)
    query = (
        select(Repository.name, Download.revision)
        .join(Download, Download.repository_id == Repository.id)
        .where(Repository.provider_id == repository.provider_id, Download.user_id == user_id, not_(is_itself))
        .where(or_(_begins_with(Repository.name, folder), Repository.name.in_([ROOT, *(one[:-1] for one in above)])))
        .where(or_(_begins_with(taken, folder), taken.in_(above)))
    )
    found = db.session.execute(query.limit(1)).first()
    if found is not None:
        name, other = found
        raise Conflict(f"Its files would mix with those of {name} at {other}, which is in the list of downloads")


def _prefixes(folder: str) -> list[str]:
    """Return the folders that a folder lies in, and itself, each with its slash."""
    return [folder[: at + 1] for at, letter in enumerate(folder) if letter == "/"]


def _begins_with(text: Any, beginning: str) -> ColumnElement[bool]:
    """Compare by letters: LIKE would take `A` for `a` in SQLite."""
    return func.substr(text, 1, len(beginning)) == beginning

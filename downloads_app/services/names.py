"""What users, providers, repositories and revisions may be called: their names are folders' names too."""

import re
from pathlib import Path

from downloads_app.errors import InvalidInput, SourceError
from downloads_app.services.files.partials import find_partials
from downloads_app.sources.paths import MAX_SEGMENT_BYTES, ROOT, check_path
from downloads_app.sources.registry import holds_folders

FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,79}")
DEFAULT_REVISION = "main"
MAX_REPOSITORY_LENGTH = 500
MAX_REVISION_LENGTH = 200


def check_folder_name(name: str, what: str) -> str:
    """Return the name of a `what` that will be a folder's name too; raises InvalidInput."""
    if not FOLDER_NAME.fullmatch(name):
        raise InvalidInput(
            f"{name!r} is not a name for a {what}: 1 to 80 of a-z A-Z 0-9 . _ @ -, beginning with a letter or digit",
            {"name": "not a name"},
        )
    return name


def check_repository(name: str, kind: str) -> str:
    """Return the name of a repository at a provider of `kind`; it may hold slashes. Raises InvalidInput."""
    if name == ROOT and holds_folders(kind):
        return name
    return _check_folder_path(name, "repository", MAX_REPOSITORY_LENGTH)


def check_revision(revision: str | None) -> str:
    """Return a revision, the default one where none is named; it may hold slashes. Raises InvalidInput."""
    path = _check_folder_path(revision or DEFAULT_REVISION, "revision", MAX_REVISION_LENGTH)
    if len(find_partials(Path(path)).name.encode()) > MAX_SEGMENT_BYTES:
        fault = "its last segment is too long for the name of its partial files"
        raise InvalidInput(f"{path[:120]!r} cannot be a revision: {fault}", {"revision": fault})
    return path


def _check_folder_path(path: str, what: str, max_length: int) -> str:
    try:
        check_path(path)
    except SourceError as exc:
        fault = exc.message.rpartition(": ")[2]
        raise InvalidInput(f"{path[:120]!r} cannot be a {what}: {fault}", {what: fault}) from exc
    if len(path) > max_length or any(segment.startswith(".") for segment in path.split("/")):
        fault = f"it is longer than {max_length}" if len(path) > max_length else "a segment begins with a dot"
        raise InvalidInput(f"{path[:120]!r} cannot be a {what}: {fault}", {what: fault})
    return path

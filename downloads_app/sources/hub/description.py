"""A hub's description of a repository: its commit, whether it is gated, and the names of some of its files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from downloads_app.errors import SourceError
from downloads_app.sources import RemoteFile, UnreadableFile
from downloads_app.sources.documents import parse_json
from downloads_app.sources.hub.tree import NO_HUB, make_file
from downloads_app.sources.paths import check_paths
from downloads_app.sources.selection import Selection

MAX_SIBLINGS = 1_000
"""A list of this many names or more may have been cut."""
_COMMIT = re.compile(r"[0-9a-f]{40,64}")


@dataclass(frozen=True, slots=True)
class Description:
    """The fields of `/api/models/{id}` that we use."""

    commit: str
    is_gated: bool
    siblings: tuple[dict[str, Any], ...]
    """Files with their names (`rfilename`). A hub may omit some, or all."""

    @property
    def names(self) -> list[str]:
        """The names in `siblings`."""
        return [sibling["rfilename"] for sibling in self.siblings]


def read_description(body: bytes, what: str) -> Description:
    """Read the answer. Raises a permanent SourceError if it is not a hub's."""
    document = parse_json(body, f"{NO_HUB}: {what}")
    if not isinstance(document, dict):
        raise SourceError(f"{NO_HUB}: {what} cannot be read", permanent=True)
    commit, siblings = document.get("sha"), document.get("siblings") or []
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise SourceError(f"{NO_HUB}: {what} has no commit", permanent=True)
    if not isinstance(siblings, list) or not all(map(_has_name, siblings)):
        raise SourceError(f"{NO_HUB}: {what} has a list of files that cannot be read", permanent=True)
    return Description(commit, bool(document.get("gated")), tuple(siblings))


def read_siblings(description: Description, resolve_url: str, what: str) -> list[RemoteFile | UnreadableFile]:
    """Return the files of a hub that has no tree. Raises a permanent SourceError if the list may be cut."""
    siblings = description.siblings
    if not 0 < len(siblings) < MAX_SIBLINGS:
        text = f"{what}: this hub has no tree of its files, and its plain list of {len(siblings):,} may be cut"
        raise SourceError(text, permanent=True)
    return [_read_sibling(sibling, resolve_url) for sibling in siblings]


def check_named_files(
    names: Sequence[str], files: Sequence[RemoteFile | UnreadableFile], wanted: Selection, what: str
) -> None:
    """Raise a permanent SourceError if `names` has a wanted file that is missing in `files`, the hub's tree."""
    wants, listed = wanted.matcher(), {file.path for file in files}
    missing = [name for name in names if name not in listed and wants(name)]
    if missing:
        check_paths([*filter(wants, listed), *missing])
        text = f"{what}: the hub names {missing[0][:120]!a} among its files, but its tree has no such file"
        raise SourceError(text, permanent=True)


def _has_name(sibling: object) -> bool:
    return isinstance(sibling, dict) and isinstance(sibling.get("rfilename"), str)


def _read_sibling(sibling: dict[str, Any], resolve_url: str) -> RemoteFile | UnreadableFile:
    path = sibling["rfilename"]
    try:
        return make_file(path, resolve_url, sibling.get("size"), sibling.get("lfs"), sibling.get("blobId"))
    except ValueError as exc:
        return UnreadableFile(path, f"{NO_HUB}: {path[:120]!a}: {exc}")

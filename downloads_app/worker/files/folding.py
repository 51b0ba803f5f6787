"""Finds names that are the same to a filesystem that ignores letter case or Unicode form."""

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from downloads_app.errors import SourceError


def folds_names(folder: Path) -> bool:
    """Whether the filesystem treats names that differ in case or Unicode form as the same. Tries it."""
    probe, twin = folder / "Probe-\u00e9", folder / "probe-E\u0301"
    probe.touch()
    try:
        return any(name.exists() for name in (twin, folder / "probe-\u00e9", folder / "Probe-e\u0301"))
    finally:
        probe.unlink(missing_ok=True)


def refuse_collisions(paths: Iterable[str]) -> None:
    """Raise a permanent SourceError if two names are the same on such a filesystem."""
    seen: dict[str, str] = {}
    for path in paths:
        other = seen.setdefault(unicodedata.normalize("NFKC", path).casefold(), path)
        if other != path:
            raise SourceError(
                f"The listing has {other!r} and {path!r}, which are one name on this filesystem",
                permanent=True,
            )

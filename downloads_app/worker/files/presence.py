"""Whether files still stand where they were put: somebody may remove them while others of the repository come."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path


def find_missing(folder: Path, paths: Iterable[str]) -> str | None:
    """Return one of these paths within `folder` where nothing stands; None if all are there.

    Each folder is listed once. A disk may list a name in another spelling, so what is not listed is looked for.
    """
    wanted = defaultdict(set)
    for path in paths:
        parent, _, name = path.rpartition("/")
        wanted[parent].add(name)
    for parent, names in wanted.items():
        for name in sorted(names - _names_in(folder / parent)):
            if not os.path.lexists(folder / parent / name):
                return f"{parent}/{name}".lstrip("/")
    return None


def _names_in(folder: Path) -> set[str]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries}
    except FileNotFoundError:
        return set()

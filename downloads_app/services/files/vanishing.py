"""Removes folders at once for whoever looks for them by name, however long the disk takes."""

import shutil
from pathlib import Path
from uuid import uuid4

SET_ASIDE = ".removed"
"""How the name of a folder ends that is being removed. It is beside a download's folder: no listed path reaches it."""


def remove_at_once(folder: Path) -> None:
    """Remove a folder, if it is there. What is made in its place while the disk is busy stays.

    The folder gets another name first, in one step. What a process that died has left so beside it goes too. A folder
    that can have no other name (the root of a disk) is removed where it is; errors of the disk are passed over.
    """
    try:
        folder.rename(folder.with_name(f".{uuid4().hex}{SET_ASIDE}"))
    except FileNotFoundError:
        pass
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
    for aside in folder.parent.glob(f".*{SET_ASIDE}"):
        shutil.rmtree(aside, ignore_errors=True)

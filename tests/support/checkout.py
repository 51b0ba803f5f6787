"""The project as it stands here: what git knows of it, and what is not committed yet."""

import shutil
import subprocess
from pathlib import Path

from tests.support.server import PROJECT


def copy_project(folder: Path) -> Path:
    """Copy it into `folder`, without what git ignores; return the folder."""
    listing = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, folder / name)
    return folder

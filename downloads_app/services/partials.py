"""Where the partial files of a download's folder lie."""

import shutil
from pathlib import Path


def find_partials(folder: Path) -> Path:
    """Return the folder of partial files: beside the download's, so that no name of a listing reaches them."""
    return folder.with_name(f".{folder.name}.partial")


def remove_partials(folder: Path) -> None:
    """Remove all partial files of a download, and what is known of them."""
    shutil.rmtree(find_partials(folder), ignore_errors=True)

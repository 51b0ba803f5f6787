"""Whether a download's files are all there, and are those that were served."""

import hashlib
from pathlib import Path

from downloads_app.models import Download, Status
from tests.support.downloading import folder_of


def check_arrived(row: Download, root: Path) -> None:
    """Assert that it is complete, with the files below `root` and no others."""
    assert row.status == Status.COMPLETED, f"{row.repository.name}: {row.error_message}"
    source, folder = root / row.repository.name, folder_of(row)
    wanted = {str(p.relative_to(source)): p for p in source.rglob("*") if p.is_file()}
    del wanted["manifest.json"]
    found = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
    assert found.keys() == wanted.keys()
    for path, original in wanted.items():
        assert _digest(found[path]) == _digest(original), f"{row.repository.name}/{path}"


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()

"""The folders: they can be written to, have room, and can hold links."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from downloads_app.cli.doctor.finding import Finding, fine, note, wrong
from downloads_app.cli.printing import format_bytes
from downloads_app.config import Settings
from downloads_app.folder_checks import find_fault, find_own_below
from downloads_app.modes import find_group_fault
from downloads_app.services.files.folders import disk_bytes, free_bytes

LITTLE_BYTES = 1 << 30
LITTLE_SHARE = 0.05


def check_folders(settings: Settings) -> Iterator[Finding]:
    """Check both folders."""
    yield from check_writable(settings.instance_dir, "INSTANCE_DIR")
    yield from check_writable(settings.downloads_dir, "DOWNLOADS_DIR")
    if (own := find_own_below(settings)) is not None:
        yield wrong("folders", f"DOWNLOADS_DIR also holds {own}: no worker starts", "name a folder for downloads alone")
    yield from check_group(settings)
    yield from check_links(settings.downloads_dir)
    yield from check_room(settings.downloads_dir)


def check_writable(folder: Path, name: str) -> Iterator[Finding]:
    """Write a file into a folder, by this user."""
    probe = folder / f".doctor-{secrets.token_hex(6)}"
    try:
        probe.write_bytes(b"x")
    except OSError as exc:
        yield _judge(folder, name, exc)
    else:
        yield fine("folders", f"{name} {folder} can be written to")
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)


def _judge(folder: Path, name: str, error: OSError) -> Finding:
    fault = find_fault(folder)
    if fault is None and isinstance(error, FileNotFoundError):
        return note("folders", f"{name} {folder} is not there yet", "the first start makes it")
    if error.errno == errno.EROFS:
        advice = "name it in ReadWritePaths= of both units (systemctl edit), or use a disk that can be written to"
    else:
        advice = "let it belong to the service's user, on a disk that can be written to; run the doctor as that user"
    return wrong("folders", f"{name} {folder} {fault or f'cannot be written to: {error.strerror}'}", advice)


def check_group(settings: Settings) -> Iterator[Finding]:
    """Check that files can be given to FILES_GROUP, if one is named and the folder is fit otherwise."""
    folder = settings.downloads_dir
    if find_fault(folder) is None and (fault := find_group_fault(settings)) is not None:
        advice = "name a group that the service's user is a member of, and a folder for downloads alone"
        yield wrong("folders", f"DOWNLOADS_DIR {folder} {fault}: no worker starts", advice)


def check_links(folder: Path) -> Iterator[Finding]:
    """Try a second name for a file: so a file that is here already is not fetched again."""
    first, second = (folder / f".doctor-{secrets.token_hex(6)}" for _ in range(2))
    try:
        first.write_bytes(b"x")
    except OSError:
        return  # told by check_writable
    try:
        os.link(first, second)
    except OSError as exc:
        text = f"the disk of DOWNLOADS_DIR has no links ({exc.strerror}): copies are fetched or copied again"
        yield wrong("folders", text, "use a filesystem with hard links, such as ext4 or xfs")
    else:
        yield fine("folders", "the disk of DOWNLOADS_DIR has links")
    finally:
        for path in (first, second):
            path.unlink(missing_ok=True)


def check_room(folder: Path) -> Iterator[Finding]:
    """Check how much room is left."""
    try:
        free, size = free_bytes(folder), disk_bytes(folder)
    except OSError:
        return  # told by check_writable
    if size == 0:
        return  # no disk at all, as below /proc: told by check_writable
    text = f"{format_bytes(free)} of {format_bytes(size)} are free for downloads"
    advice = "remove files (downloads-app downloads prune --files), or give DOWNLOADS_DIR a larger disk"
    if free < LITTLE_BYTES:
        yield wrong("disk", text, advice)
    elif free < size * LITTLE_SHARE:
        yield note("disk", text, advice)
    else:
        yield fine("disk", text)

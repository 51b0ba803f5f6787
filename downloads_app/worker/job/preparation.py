"""Before the first byte: lists the files of a download, and checks that there is room for them."""

from collections.abc import Callable
from pathlib import Path

from downloads_app.config import current_settings
from downloads_app.errors import NOT_ENOUGH_DISK, NeverFits, NoSpace, SourceError
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.downloads import listings, quota
from downloads_app.services.downloads.listings import ListedFile
from downloads_app.services.downloads.plans import explain_nothing, list_remote
from downloads_app.services.files.folders import disk_bytes, free_bytes
from downloads_app.services.files.sizes import measure_file
from downloads_app.services.queue import orders, room
from downloads_app.services.queue.claims import Claim
from downloads_app.services.queue.orders import Order
from downloads_app.sources import RemoteFile
from downloads_app.worker.files.disk import explain_disk
from downloads_app.worker.files.stock import take_stock
from downloads_app.worker.files.storage import Storage, link_existing
from downloads_app.worker.job.quota_watch import QuotaWatch
from downloads_app.worker.transfer.transfer import Stopped


def pin_files(claim: Claim, order: Order) -> list[ListedFile]:
    """Return the files of a download. They are listed at its first start, and stay the same."""
    if not order.is_listed:
        listing = list_remote(order.kind, order.access, order.repository, order.revision, order.wanted)
        if not listing.files:
            why = explain_nothing(listing, order.wanted)
            raise SourceError(f"There is nothing to download in {order.repository}: {why}", permanent=True)
        if not listings.store_listing(claim, listing):
            raise Stopped(0)
    return listings.read_listing(claim.download_id)


def list_anew(claim: Claim, order: Order) -> list[ListedFile] | None:
    """List a download again whose commit is gone; no byte of it is here. None if the list would be the same."""
    commit = orders.find_untouched_commit(claim)
    if commit is None:
        return None
    listing = list_remote(order.kind, order.access, order.repository, order.revision, order.wanted)
    if listing.commit == commit or not listing.files:
        return None
    if not listings.store_listing(claim, listing):
        raise Stopped(0)
    return listings.read_listing(claim.download_id)


def link_copies(claim: Claim, order: Order, files: list[ListedFile], may_write: Callable[[], bool]) -> None:
    """Link files that a completed download of the same provider has, first those that the user has.

    Raises NoSpace, with the numbers and before anything is linked, if the quota has no room for what others have.
    """
    storage = Storage(order.folder)
    storage.make_folder()
    done = storage.read_done()
    missing = [
        file.remote
        for file in files
        if file.remote.sha256 and file.remote.path not in done and storage.target.stat(file.remote.path) is None
    ]
    downloads_dir = current_settings().downloads_dir
    own, others = listings.find_copies_apart(downloads_dir, claim.download_id, missing) if missing else ({}, {})
    give_connection_back()
    if others:
        stock = take_stock(order.folder, [file.remote for file in files if file.remote.sha256 not in own])
        quota.check(current_settings(), claim.download_id, stock.missing_bytes, stock.lacks_unknown)
    for remote in missing:
        copy = (others | own).get(remote.sha256 or "")
        if copy is not None and _is_intact(copy, remote):
            if not may_write():
                raise Stopped(0)
            link_existing(copy, order.folder, remote.path)


def check_room(claim: Claim, order: Order, files: list[ListedFile]) -> QuotaWatch:
    """Return the QuotaWatch for the transfer.

    Raises NoSpace, with the numbers, if disk or quota have no room for the missing bytes.
    """
    settings, remotes = current_settings(), [file.remote for file in files]
    here, missing, perhaps, lacks_unknown = take_stock(order.folder, remotes)
    needed = max(missing + perhaps, order.needed_bytes if lacks_unknown else 0)
    found = room.reserve(claim, needed, lambda: _measure(free_bytes, settings.downloads_dir))
    if not found.is_granted:
        others = f", of which running downloads need {found.taken_bytes:,}" if found.taken_bytes else ""
        about = "" if needed == missing else "about "
        raise (NoSpace if missing <= _measure(disk_bytes, settings.downloads_dir) else NeverFits)(
            f"{NOT_ENOUGH_DISK}: {about}{needed:,} bytes are needed, {found.free_bytes:,} are free{others}"
        )
    measured = quota.check(settings, claim.download_id, missing, lacks_unknown)
    return QuotaWatch(claim.download_id, measured, here)


def _measure(measure: Callable[[Path], int], folder: Path) -> int:
    """Measure the disk of a folder. Raises Passing where the disk is away."""
    with explain_disk("DOWNLOADS_DIR"):
        return measure(folder)


def _is_intact(copy: Path, remote: RemoteFile) -> bool:
    """Whether the file still exists with its size, if one is known. The transfer checks its sum."""
    size_bytes = measure_file(copy)
    return size_bytes is not None and remote.size_bytes in (None, size_bytes)

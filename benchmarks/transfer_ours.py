"""Runs one transfer as the worker does and prints what it took, as JSON: `URL FOLDER LISTING`.

LISTING is a file of sizes, sums and paths; or `hub:NAME`, a repository that is listed at the hub URL first.
"""

import json
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from downloads_app.sources import Access, RemoteFile, registry
from downloads_app.worker.process import prepare_process
from downloads_app.worker.transfer.bandwidth import Limits
from downloads_app.worker.transfer.transfer import Transfer


def main(url: str, folder: str, listing: str) -> None:
    """Fetch and report wall seconds, CPU seconds and peak memory, without the start of the interpreter.

    The worker is a standing process: nobody waits for its imports.
    """
    prepare_process()
    access = Access(url, allow_private_network=True)
    registry.load("huggingface")
    before, begun_at = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    Transfer(
        access,
        _list_files(access, listing),
        Path(folder),
        limits=Limits(connections=16, connections_per_file=16),
        report=lambda progress: None,
        file_done=lambda file, result: None,
        should_stop=lambda: False,
    ).run()
    wall, after = time.monotonic() - begun_at, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sys.stdout.write(json.dumps({"wall": wall, "cpu": cpu, "memory": _peak_bytes()}))


def _list_files(access: Access, listing: str) -> Sequence[RemoteFile]:
    if listing.startswith("hub:"):
        return registry.open_source("huggingface", access).list_files(listing.removeprefix("hub:"), None).files
    files = []
    for line in Path(listing).read_text().splitlines():
        size, sha256, path = line.split(" ", 2)
        files.append(RemoteFile(path, f"{access.url}/{path}", int(size), sha256))
    return files


def _peak_bytes() -> int:
    """Return the peak of this program alone: `ru_maxrss` would count what it was forked from."""
    row = next(row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith("VmHWM:"))
    return int(row.split()[1]) * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Runs a transfer against the test server and remembers what it reported."""

import random
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, RemoteFile
from downloads_app.worker.files.storage import FileResult
from downloads_app.worker.transfer.bandwidth import Limits
from downloads_app.worker.transfer.transfer import Progress, Transfer
from tests.support.file_server import FileServer


@lru_cache(maxsize=64)
def noise(size: int, seed: int = 0) -> bytes:
    """Return bytes that no two sizes and seeds share."""
    return random.Random(f"{size}/{seed}").randbytes(size)


class Run:
    """One transfer with everything it said."""

    def __init__(
        self,
        server: FileServer,
        files: Sequence[RemoteFile],
        folder: Path,
        *,
        limits: Limits | None = None,
        access: Access | None = None,
        stop_when: Callable[[Progress], bool] = lambda progress: False,
        stall_seconds: float = 8.0,
    ) -> None:
        self.timed_reports: list[tuple[float, Progress]] = []
        self.done: list[tuple[RemoteFile, FileResult]] = []
        self._server = server
        self._begun_at = time.monotonic()
        self._stop_when = stop_when
        self._may_write: Callable[[], bool] = lambda: True
        self._also: Callable[[Progress], object] = lambda progress: None
        self.transfer = Transfer(
            access or Access(server.url, allow_private_network=True),
            files,
            folder,
            limits=limits or Limits(),
            report=self._report,
            file_done=lambda file, result: self.done.append((file, result)),
            should_stop=lambda: bool(self.timed_reports) and self._stop_when(self.last),
            may_write=lambda: self._may_write(),
            stall_seconds=stall_seconds,
        )

    def finish(self) -> None:
        """Run it in this thread."""
        self.transfer.run()

    def may_write_when(self, condition: Callable[[], bool]) -> None:
        """Give the right to write only as long as `condition` holds."""
        self._may_write = condition

    def on_report(self, also: Callable[[Progress], object]) -> None:
        """Do something at each report."""
        self._also = also

    def hold_until(self, condition: Callable[[], bool], *, sent_bytes: int) -> None:
        """Let the server send so much and wait until `condition` holds, however busy the machine is."""
        self._server.most_sent = sent_bytes

        def lift(_: object) -> None:
            if condition():
                self._server.most_sent = None

        self.on_report(lift)

    def seconds(self) -> float:
        """How long it has been."""
        return time.monotonic() - self._begun_at

    @property
    def reports(self) -> list[Progress]:
        return [progress for _, progress in self.timed_reports]

    @property
    def last(self) -> Progress:
        return self.timed_reports[-1][1]

    def _report(self, progress: Progress) -> None:
        self.timed_reports.append((self.seconds(), progress))
        self._also(progress)


def fail_with(server: FileServer, files: list[RemoteFile], folder: Path) -> SourceError:
    """Run a transfer that is bound to fail; return why it did."""
    with pytest.raises(SourceError) as error:
        Run(server, files, folder).finish()
    assert not any((folder / file.path).exists() for file in files if file.path == "x.bin")
    return error.value

"""The list of verified files with their final names: `done.jsonl` beside the partial files, one line a file."""

import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from downloads_app.errors import TooManyFiles
from downloads_app.sources.descriptors import SHORT
from downloads_app.worker.files.disk import explain_disk, open_own
from downloads_app.worker.files.target_folder import Stamp

_NAME = "done.jsonl"


@dataclass(frozen=True, slots=True)
class FileResult:
    """A verified file under its final name. We always compute `sha256`, also if the listing has it."""

    sha256: str
    size_bytes: int
    validator: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A placed file with its modification time: if the file's time is later, somebody has changed it."""

    path: str
    result: FileResult
    modified_ns: int

    @property
    def stamp(self) -> Stamp:
        """What `stamp_of` says of the file as long as nobody has changed it."""
        return self.result.size_bytes, self.modified_ns

    def as_line(self) -> str:
        """Return it as one JSON object."""
        result = self.result
        return json.dumps(
            {
                "path": self.path,
                "modified_ns": self.modified_ns,
                "sha256": result.sha256,
                "size_bytes": result.size_bytes,
                "validator": result.validator,
            }
        )


class Journal:
    """Lines are only added, by any thread. If a line is lost, that file is just summed again."""

    def __init__(self, partials: Path) -> None:
        self._path = partials / _NAME
        self._descriptor = -1
        self._lock = threading.Lock()

    def open(self) -> None:
        """Open the journal early, before too many files are open."""
        with self._lock:
            if self._descriptor < 0:
                self._descriptor = open_own(self._path, os.O_WRONLY | os.O_APPEND)

    def add(self, placed: Sequence[Placed]) -> None:
        """Add lines; those of other threads cannot come in between. Raises NoSpace if the disk takes only a part."""
        self.open()
        with explain_disk(_NAME), self._lock:
            lines = "".join(f"\n{one.as_line()}\n" for one in placed).encode()  # the line before may be incomplete
            while lines:
                lines = lines[os.write(self._descriptor, lines) :]

    def read(self) -> Iterator[Placed]:
        """Yield the readable lines."""
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as exc:
            if exc.errno in SHORT:
                raise TooManyFiles(f"{_NAME}: too many open files") from exc
            return
        for line in lines:
            try:
                fields = json.loads(line)
                result = FileResult(fields["sha256"], fields["size_bytes"], fields["validator"])
                yield Placed(fields["path"], result, fields["modified_ns"])
            except (ValueError, KeyError, TypeError):
                continue  # empty, or the last line of a process that was killed while writing it

    def close(self) -> None:
        """Close the journal's file."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

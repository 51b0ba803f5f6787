"""Where to request each file's bytes now: at its listed address, or at the one that its source gives."""

import threading
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue

from downloads_app.errors import SourceError
from downloads_app.sources import RESOLVED_AT_ONCE, RemoteFile, ResolvingSource, Target

Answer = dict[str, Target | SourceError]


class Addresses:
    """Asks the source in its own thread, about many files at once. The transfer never waits for it."""

    def __init__(self, files: Sequence[RemoteFile], source: ResolvingSource | None) -> None:
        self._files = files
        self._places = {file.path: at for at, file in enumerate(files)} if source else {}
        self._source = source
        self._known: Answer = {}
        self._answers: SimpleQueue[Answer | Exception] = SimpleQueue()
        self._is_asking = False

    def find(self, file: RemoteFile) -> Target | None:
        """Return the target of `file`; None while its source is being asked. Raises the source's error."""
        if self._source is None:
            return Target(file.url)
        self._take_answer()
        known = self._known.get(file.path)
        if isinstance(known, SourceError):
            del self._known[file.path]
            raise known
        if known is not None and known.good_until > time.monotonic():
            return known
        if not self._is_asking:
            self._ask(self._source, self._places[file.path])
        return None

    @property
    def are_lent(self) -> bool:
        """Whether a source gives the addresses, which then expire."""
        return self._source is not None

    def renew(self, file: RemoteFile, refused: Target) -> bool:
        """Forget a refused target, and all with the same token. False if it had already been forgotten."""
        if self._source is None or self._known.get(file.path) != refused:
            return False
        del self._known[file.path]
        if refused.headers:
            self._known = {
                path: known
                for path, known in self._known.items()
                if isinstance(known, SourceError) or known.headers != refused.headers
            }
        return True

    def _ask(self, source: ResolvingSource, place: int) -> None:
        """Ask about the file at `place` and about the next files."""
        first, *others = self._files[place : place + RESOLVED_AT_ONCE]
        wanted = [first, *(file for file in others if file.path not in self._known)]
        self._is_asking = True
        threading.Thread(target=self._resolve, args=(source, wanted), name="addresses", daemon=True).start()

    def _resolve(self, source: ResolvingSource, wanted: list[RemoteFile]) -> None:
        try:
            self._answers.put(source.resolve(wanted))
        except SourceError as error:
            self._answers.put({file.path: error for file in wanted})
        except Exception as error:  # noqa: BLE001 - `find` raises it in the transfer's own thread
            self._answers.put(error)

    def _take_answer(self) -> None:
        try:
            answer = self._answers.get_nowait()
        except Empty:
            return
        self._is_asking = False
        if isinstance(answer, Exception):
            raise answer
        self._known |= answer

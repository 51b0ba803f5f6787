"""Where each file's bytes are asked for now: at its listed address, or where its source says at the time."""

import threading
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue

from downloads_app.errors import SourceError
from downloads_app.sources import RESOLVED_AT_ONCE, RemoteFile, ResolvingSource, Target

Answer = dict[str, Target | SourceError]


class Addresses:
    """Asks the source in a thread of its own, about many files at once; the transfer never waits for it."""

    def __init__(self, files: Sequence[RemoteFile], source: ResolvingSource | None) -> None:
        self._files = files
        self._places = {file.path: at for at, file in enumerate(files)} if source else {}
        self._source = source
        self._known: Answer = {}
        self._answers: SimpleQueue[Answer | Exception] = SimpleQueue()
        self._is_asking = False

    def find(self, file: RemoteFile) -> Target | None:
        """Return where to ask for `file`; None while its source is being asked. Raises what that refused with."""
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
        """Whether a source says where files are, for a time."""
        return self._source is not None

    def renew(self, file: RemoteFile, refused: Target) -> bool:
        """Forget a target that was refused, and others that show the same token; False where that is old news."""
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
        """Ask about the file at `place` and those that will be wanted next."""
        first, *others = self._files[place : place + RESOLVED_AT_ONCE]
        wanted = [first, *(file for file in others if file.path not in self._known)]
        self._is_asking = True
        threading.Thread(target=self._resolve, args=(source, wanted), name="addresses", daemon=True).start()

    def _resolve(self, source: ResolvingSource, wanted: list[RemoteFile]) -> None:
        try:
            self._answers.put(source.resolve(wanted))
        except SourceError as error:
            self._answers.put({file.path: error for file in wanted})
        except Exception as error:  # noqa: BLE001 - raised in the transfer's own thread, which waits for an answer
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

"""Users who watch their downloads as a browser does: after a close without `complete` they come back."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.support.crowd import Crowd, Seen, Viewer

RECONNECT_SECONDS = 3.0
"""What a browser waits where no `retry:` was sent."""


@dataclass
class Watcher:
    """One user's tab."""

    owner: str
    token: str
    viewer: Viewer
    before: list[Viewer] = field(default_factory=list)
    """Its streams that were closed without `complete`."""
    completed_at: float | None = None
    """When it was told `complete`, by `time.time()`."""

    @property
    def seen(self) -> list[Seen]:
        """All events of all its streams."""
        return [seen for viewer in (*self.before, self.viewer) for seen in viewer.seen if seen.name]

    @property
    def is_well(self) -> bool:
        """Whether the last it was told is an update, or the end."""
        return bool(self.viewer.names) and self.viewer.names[-1] in ("update", "complete")


class Watchers:
    """Many tabs in one thread; call `look` all the time."""

    def __init__(self, crowd: Crowd, tokens: Sequence[tuple[str, str]]) -> None:
        """`tokens`: an owner and a token for each tab."""
        self._crowd = crowd
        self.all = [
            Watcher(owner, token, viewer)
            for (owner, token), viewer in zip(tokens, crowd.open([token for _, token in tokens]), strict=True)
        ]

    def look(self) -> bool:
        """Note who is done, and let those come back whose wait is over; return whether all are done."""
        now, is_over = time.monotonic(), True
        for watcher in self.all:
            if watcher.completed_at is not None:
                continue
            viewer = watcher.viewer
            if viewer.names and viewer.names[-1] == "complete":
                watcher.completed_at = time.time() - (now - viewer.seen[-1].arrived)
                continue
            is_over = False
            if viewer.closed is not None and now >= viewer.closed + _wait_of(viewer):
                watcher.before.append(viewer)
                watcher.viewer = self._crowd.open([watcher.token])[0]
        return is_over

    def are_well(self) -> bool:
        """Whether each is told what is, not an error."""
        self.look()
        return all(watcher.is_well for watcher in self.all)


def _wait_of(viewer: Viewer) -> float:
    told = [seen.retry_seconds for seen in viewer.seen if seen.retry_seconds is not None]
    return told[-1] if told else RECONNECT_SECONDS

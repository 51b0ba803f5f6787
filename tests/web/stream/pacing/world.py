"""A small world under random changes: users and downloads, a real audience and wheel (see memory.py)."""

import ctypes
import random
import socket
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from downloads_app.services.downloads import representation
from downloads_app.services.live import changes
from downloads_app.services.live.viewers import Audience, Reading
from downloads_app.web.stream.pacing.senders import REFUSED, Batch, Sender
from downloads_app.web.stream.pacing.slots import PacedStream
from downloads_app.web.stream.pacing.wheel import Wheel
from tests.support.snapshots import token_of
from tests.web.stream.pacing.shown import shown_in

SLOTS = 4
USERS = 6
MAX_STREAMS = 50
TIME = "2024-01-01 00:00:00+00"


@dataclass(slots=True)
class Stream:
    """A paced stream, its client's end, and what the client must have received."""

    paced: PacedStream
    ours: socket.socket
    client: socket.socket
    due: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)

    def read(self) -> None:
        """Read what has arrived, and compare."""
        try:
            while piece := self.client.recv(1 << 20):
                self.received += piece
        except BlockingIOError:
            pass
        assert self.received == self.due[: len(self.received)]

    def close(self) -> None:
        self.ours.close()
        self.client.close()


class World:
    """The truth, the audience that learns of it by reads, and the wheel that sends."""

    def __init__(self, seed: int, sender: Sender) -> None:
        self.chance = random.Random(seed)
        self.sender = sender
        self.audience = Audience(representation.encode)
        self.wheel = Wheel(SLOTS)
        self.streams: dict[PacedStream, Stream] = {}
        self.states: dict[str, str | None] = {self._new_id(): "user" for _ in range(USERS)}
        self.downloads: dict[str, tuple[Any, ...]] = {}
        self.log: list[tuple[Any, ...]] = []
        self.marker: int | None = None
        self.told_states: dict[str, str | None] = {}
        self.told_downloads: dict[str, tuple[Any, ...]] = {}
        self.position = 0
        self.sends = 0

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128)))

    def run(self, steps: int) -> None:
        """Let chance have its way."""
        actions: Sequence[Callable[[], object]] = (
            [self.tick] * 8
            + [self.change_download] * 4
            + [self.read] * 3
            + [self.come] * 3
            + [self.go, self.change_user]
        )
        for _ in range(steps):
            self.chance.choice(actions)()
            if self.chance.random() < 0.002:
                self.audience.forget()
                self.marker = None
        for stream in list(self.streams.values()):
            self._end(stream)

    # What happens to the truth.

    def change_download(self) -> None:
        """Add a download, move it on, end it, or delete it."""
        known = [key for key, row in self.downloads.items() if self.states[row[1]] is not None]
        if len(known) < 3 * USERS and self.chance.random() < 0.4:
            owners = [user for user, state in self.states.items() if state is not None]
            download_id, owner, status = self._new_id(), self.chance.choice(owners), "pending"
        elif known:
            download_id = self.chance.choice(known)
            owner = self.downloads[download_id][1]
            status = self.chance.choice(["pending", "downloading", "downloading", "downloading", "completed"])
        else:
            return
        if self.chance.random() < 0.1 and download_id in self.downloads:
            del self.downloads[download_id]
            self._log(changes.DELETION, id=download_id, user_id=owner)
            return
        name = "x" * self.chance.choice([1, 10, 100, 2000])  # frames of every size: of an arena's and of malloc's
        values = {
            "id": download_id,
            "user_id": owner,
            "provider_id": owner,
            "repository_id": owner,
            "status": status,
            "current_bytes": self.chance.randrange(1 << 40),
            "current_file": name,
            "files_completed": 0,
            "download_speed": 0,
            "created_at": TIME,
            "updated_at": TIME,
        }
        self.downloads[download_id] = self._row(**values)
        self._log(changes.DOWNLOAD, **values)

    def change_user(self) -> None:
        """Promote, demote, disable or enable a user."""
        user = self.chance.choice(list(self.states))
        self.states[user] = self.chance.choice(["user"] * 8 + ["admin"] * 6 + ["disabled"])
        self._log(changes.USER, id=user, user_id=user, status=self.states[user])

    def _row(self, **values: Any) -> tuple[Any, ...]:
        return tuple(values.get(column) for column in representation.COLUMNS)

    def _log(self, kind: str, **values: Any) -> None:
        self.log.append((kind, *self._row(**values)))

    # How the audience learns of it.

    def read(self) -> None:
        """Read what changed, in pieces between which others have their turns; sometimes the read breaks off."""
        reading = self.audience.begin_read()
        marker, states, downloads = len(self.log), dict(self.states), dict(self.downloads)
        breaks_off = self.chance.random() < 0.1
        for row in self._rows(reading, states, downloads):
            if row[changes.KIND] == changes.USER:
                self.told_states[row[changes.USER_ID]] = row[changes.STATUS]
            self.audience.apply(row, reading)  # type: ignore[arg-type]  # a tuple for the row of a query
            if self.chance.random() < 0.05:
                self.chance.choice([self.tick, self.go, self.come])()
                if breaks_off:
                    return
        self.audience.end_read(reading)
        self.marker, self.told_downloads = marker, downloads

    def _rows(self, reading: Reading, states: dict[str, Any], downloads: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
        scope = reading.scope
        active = [row for row in downloads.values() if row[4] in ("pending", "downloading")]
        since = [] if self.marker is None else self.log[self.marker :]
        for row in since:
            is_of_known = row[changes.USER_ID] in scope.known
            of_downloads = row[changes.KIND] in (changes.DOWNLOAD, changes.DELETION)
            if is_of_known or (of_downloads and scope.knows_everybody):
                yield row
        if scope.wants_page:
            yield from ((changes.LISTED, *row) for row in active)
        yield from ((changes.DOWNLOAD, *row) for row in active if row[1] in scope.new)
        for user in scope.new:
            yield (changes.USER, *self._row(id=user, user_id=user, status=states[user]))

    # The streams.

    def come(self) -> None:
        """Open a stream."""
        if len(self.streams) >= MAX_STREAMS:
            return
        ours, client = socket.socketpair()
        for end in (ours, client):
            end.setblocking(False)
        if self.chance.random() < 0.3:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        watch = self.audience.join(token_of(self.chance.choice(list(self.states))))
        made: Any = SimpleNamespace(
            watch=watch, expires_at=float("inf"), is_chunked=self.chance.random() < 0.5, sock=ours, woken=None
        )
        paced = PacedStream(made)
        self.streams[paced] = Stream(paced, ours, client)
        self.wheel.add(paced, self.chance.randrange(SLOTS))

    def go(self) -> None:
        """Close a stream."""
        if self.streams:
            self._end(self.chance.choice(list(self.streams.values())))

    def _end(self, stream: Stream) -> None:
        self.wheel.drop(stream.paced)
        self.audience.leave(stream.paced.watch)
        stream.read()
        stream.close()
        del self.streams[stream.paced]

    def tick(self) -> None:
        """Let a slot have its turn; who is woken leaves, or finishes what was refused and comes back."""
        self.position += 1
        is_fresh = self.chance.random() < 0.98
        woken = list(self.wheel.serve(self.position, self, 0.0, is_fresh))
        for stream in list(self.streams.values()):
            if self.chance.random() < 0.8:
                stream.read()
        for paced in woken:
            stream = self.streams[paced]
            if self.chance.random() < 0.05 or paced.watch.verdict is not None:
                self._end(stream)
                continue
            stream.read()
            if paced.refused:
                stream.due += paced.refused[: stream.ours.send(paced.refused)]
            paced.refused = None
            self.wheel.add(paced, self.chance.randrange(SLOTS))

    def send(self, batch: Batch[Any, Any]) -> dict[int, int]:
        """See Sender: judge what stands in memory at the very moment it is handed to the kernel."""
        for place, paced in enumerate(batch.receivers):
            held = ctypes.string_at(batch.addresses[place], batch.lengths[place])
            shown = sorted(shown_in(held, paced.is_chunked))
            assert shown == sorted(self._due(paced)), f"of user {paced.watch.token.user_id}"
        self.sends += len(batch)
        results = self.sender.send(batch)
        for place, paced in enumerate(batch.receivers):
            sent = results.get(place, batch.lengths[place])
            assert sent >= 0 or sent == REFUSED
            self.streams[paced].due += ctypes.string_at(batch.addresses[place], max(0, sent))
        return results

    def _due(self, paced: PacedStream) -> Iterator[tuple[str, int]]:
        """What the stream's user may see, by what the audience has been told, and nothing that it holds itself."""
        user = paced.watch.token.user_id
        assert self.told_states[user] in ("user", "admin")
        for row in self.told_downloads.values():
            is_active = row[4] in ("pending", "downloading")
            if is_active and (row[1] == user or self.told_states[user] == "admin"):
                yield row[0], row[5]

"""A crowd of streams while its database is away: what each is told, and that all come back."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise

import psutil

from downloads_app.extensions import db
from downloads_app.models import Download
from tests.acceptance.conftest import check_event
from tests.support.crowd import Crowd, Viewer
from tests.support.postgres import Postgres
from tests.support.server import Server, wait_until
from tests.support.sse import StreamClient

INTERVAL = 0.4
MESSAGE = {"type": "error", "error": "Failed to get downloads: Database error"}
APPLICATION = "application_name = 'downloads_app' AND pid <> pg_backend_pid()"
OpenStream = Callable[..., StreamClient]


def count(viewer: Viewer, name: str) -> int:
    """Return how many events of a name a stream has had."""
    return viewer.names.count(name)


def wait_for_errors(crowd: Crowd, number: int) -> None:
    """Wait until each stream has had so many errors."""
    crowd.run(lambda: all(count(viewer, "error") >= number for viewer in crowd.viewers), what=f"{number} errors each")


def wait_for_updates(crowd: Crowd, number: int = 2) -> None:
    """Wait until the last events of each stream are updates."""
    crowd.run(lambda: all(viewer.names[-number:] == ["update"] * number for viewer in crowd.viewers), what="updates")


def check(crowd: Crowd) -> None:
    """Assert that no stream was lost, none was told `complete`, and each had one event a tick and no other error."""
    for viewer in crowd.viewers:
        assert viewer.closed is None
        assert set(viewer.names) <= {"update", "error"}
        events = [seen for seen in viewer.seen if seen.name]
        assert all(seen.data == MESSAGE for seen in events if seen.name == "error")
        assert all(len(seen.data["downloads"]) in (1, 3) for seen in events if seen.name == "update")
        ticks = (events[-1].arrived - viewer.opened) / INTERVAL
        assert len(events) <= ticks + 2, "more than one event a tick"
        gaps = [later.arrived - earlier.arrived for earlier, later in pairwise(events)]
        assert max(gaps) < 1.5 + 2 * INTERVAL + 2, gaps  # a read is waited for 1.5 s at most


def meanwhile(crowd: Crowd, action: Callable[[], object]) -> None:
    """Do something while the crowd reads on."""
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(action)
        crowd.run(doing.done, what="the action")
        doing.result()


def check_newcomer(crowd: Crowd, server: Server, raw: str, open_stream: OpenStream) -> None:
    """Assert that a stream opened while nothing can be read is answered 200 and errors."""
    newcomer = open_stream(server, token=raw)
    crowd.run(lambda: newcomer.events, what="the newcomer's first event")
    assert newcomer.status == 200
    check_event(newcomer.events[0])
    assert newcomer.events[0].data == MESSAGE
    newcomer.close()


def check_recovery(crowd: Crowd) -> None:
    """Assert that all streams are back by themselves, and show what is written from now on."""
    wait_for_updates(crowd)
    db.session.rollback()
    db.session.execute(db.update(Download).values(current_bytes=4711))
    db.session.commit()

    def is_shown(viewer: Viewer) -> bool:
        latest = viewer.seen[-1]  # of a restart that was too quick to be noticed at once, still an error
        downloads = latest.data["downloads"] if latest.name == "update" else []
        return bool(downloads) and all(download["progress_data"]["current_bytes"] == 4711 for download in downloads)

    crowd.run(lambda: all(is_shown(viewer) for viewer in crowd.viewers), what="the new figure")
    check(crowd)


@contextmanager
def asleep(server: Server, postgres: Postgres) -> Iterator[None]:
    """Keep the server's processes from running, at a moment when no statement of theirs is under way.

    One may be sent and not yet read: its connection is idle at the first look, and at the second not, or anew.
    """
    assert server.process is not None
    processes = psutil.Process(server.process.pid).children(recursive=True)
    idle = f"SELECT max(state_change) FROM pg_stat_activity WHERE {APPLICATION} HAVING bool_and(state = 'idle')"

    def caught() -> bool:
        for process in processes:
            process.suspend()
        if (first := postgres.execute(idle)) and first == postgres.execute(idle):
            return True
        for process in processes:
            process.resume()
        return False

    wait_until(caught, what="a moment without a statement")
    try:
        yield
    finally:
        for process in processes:
            process.resume()

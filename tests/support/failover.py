"""A fleet whose database loses its primary: what the tests assert, and the benchmark shows."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import ACTIVE, Download, DownloadFile, Status
from downloads_app.services.accounts import tokens
from downloads_app.services.queue import pauses
from tests.conftest import PASSWORD
from tests.support import audited_worker, nginx
from tests.support.arrivals import check_arrived
from tests.support.crowd import Crowd
from tests.support.fleet import Fleet, add_owners, open_app, publish, queue_all
from tests.support.pgbouncer import PgBouncer
from tests.support.replicas import SUPERUSER, Pair
from tests.support.server import flask, migrate
from tests.support.watchers import Watchers

DIRECT, POOLED = "direct", "pooled"
SMALL_FILES = {"config.json": 700, "deep/tokenizer.txt": 20_000, "empty": 0}
WAIT_SECONDS = 120


@dataclass(frozen=True)
class Scale:
    """How much is under way when the primary dies."""

    downloads: int
    streams_each: int
    file_bytes: int
    interval_seconds: float
    connection_bytes_per_second: int = 150_000


@dataclass
class Outcome:
    """What happened. Times in seconds since the replica took writes."""

    watchers: Watchers
    streams_back_seconds: float = 0
    downloads_back_seconds: float = 0
    finished_before: set[tuple[str, int]] = field(default_factory=set)
    """Files that were complete before the primary died: a download's id, and the place in its listing."""
    finished_after: set[tuple[str, int]] = field(default_factory=set)
    rows: Sequence[Download] = ()
    written_bytes: int = 0
    overlaps: Sequence[str] = ()
    logs: str = ""
    doctor: str = ""


class Stage:
    """The fleet on its database, and the crowd that watches it."""

    def __init__(self, folder: Path, scale: Scale, pair: Pair, pooler: PgBouncer, fleet: Fleet, crowd: Crowd) -> None:
        self.folder, self.scale, self.pair, self.pooler = folder, scale, pair, pooler
        self.fleet, self.crowd = fleet, crowd


@contextmanager
def _staged(folder: Path, scale: Scale, ways: tuple[str, str]) -> Iterator[Stage]:
    """Start everything; `ways` says how the first and the second host of a kind reach the database."""
    with ExitStack() as stack:
        pair = stack.enter_context(Pair())
        migrate(pair.url(), folder / "migrate")
        pooler = PgBouncer("127.0.0.1", SUPERUSER, database_port=pair.primary.port, sessions=20, login_retry_seconds=1)
        stack.enter_context(pooler)
        urls = {DIRECT: pair.url(), POOLED: pooler.url("downloads")}
        settings: dict[str, Any] = {
            "stream_interval_seconds": scale.interval_seconds,
            "stream_max_per_user": 20_000,
            "connections_per_file": 2,
        }
        fleet = Fleet(folder, [urls[way] for way in ways], concurrency=(scale.downloads + 1) // 2, **settings)
        stack.enter_context(fleet)
        app = open_app(pair.url(), folder)
        stack.enter_context(app.app_context())
        stack.callback(_let_go)
        crowd = stack.enter_context(Crowd(("127.0.0.1", fleet.front.port)))
        yield Stage(folder, scale, pair, pooler, fleet, crowd)


def _let_go() -> None:
    db.session.remove()
    db.engine.dispose()


def run(folder: Path, scale: Scale, ways: tuple[str, str]) -> Outcome:
    """Let the primary die under streams and downloads, promote the replica, and wait until all have ended."""
    root = folder / "served"
    names = publish(root, scale.downloads, {"weights.bin": scale.file_bytes, **SMALL_FILES})
    rate = scale.connection_bytes_per_second
    with nginx.serve(root, limit_rate_bytes=rate) as address, _staged(folder, scale, ways) as stage:
        pauses.set_queue_paused(True)  # until all watch: nothing shall have ended before
        owners = add_owners(scale.downloads, PASSWORD)
        repository_of = queue_all(address, owners, names)
        tabs = [(owner.id, tokens.issue_access(current_settings(), owner)) for owner in owners] * scale.streams_each
        watchers = Watchers(stage.crowd, tabs)
        outcome = Outcome(watchers)
        stage.crowd.run(watchers.are_well, WAIT_SECONDS, "first events")
        pauses.set_queue_paused(False)
        stage.crowd.run(_all_have_files, WAIT_SECONDS, "the first files of each download")
        outcome.finished_before = _finished_files()
        assert any(row.status == Status.DOWNLOADING for row in _read_rows())
        _fail_over(stage, outcome)
        stage.crowd.run(watchers.look, WAIT_SECONDS, "the end of all streams")
        _finish(stage, outcome, repository_of)
        for row in outcome.rows:
            check_arrived(row, root)
    return outcome


def _fail_over(stage: Stage, outcome: Outcome) -> None:
    watchers, crowd = outcome.watchers, stage.crowd
    before = {id(watcher): len(watcher.seen) for watcher in watchers.all}
    _meanwhile(stage, outcome, stage.pair.primary.kill)

    def has_erred() -> bool:
        watchers.look()
        return all(w.completed_at or "error" in [e.name for e in w.seen[before[id(w)] :]] for w in watchers.all)

    crowd.run(has_erred, WAIT_SECONDS, "an error in each stream")
    bytes_before = dict(stage.pair.replica.execute("SELECT id::text, current_bytes FROM downloads", "downloads"))
    _meanwhile(stage, outcome, stage.pair.replica.promote)
    stage.pooler.point_to(stage.pair.replica.port)
    promoted = time.monotonic()
    crowd.run(watchers.are_well, WAIT_SECONDS, "an update in each stream")
    outcome.streams_back_seconds = time.monotonic() - promoted

    def go_on() -> bool:
        watchers.look()
        rows = _read_rows()
        return bool(rows) and all(r.status not in ACTIVE or r.current_bytes > bytes_before[r.id] for r in rows)

    crowd.run(go_on, WAIT_SECONDS, "progress of each download")
    outcome.downloads_back_seconds = time.monotonic() - promoted


def _meanwhile(stage: Stage, outcome: Outcome, action: Callable[[], object]) -> None:
    """Do something while the tabs read on."""
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(action)
        stage.crowd.run(lambda: outcome.watchers.look() or doing.done(), WAIT_SECONDS, "the action")
        doing.result()


def _all_have_files() -> bool:
    """Whether each download has a file that counts as complete, and is still at work."""
    done = db.session.execute(
        db.select(DownloadFile.download_id).where(DownloadFile.completed_at.is_not(None)).distinct()
    ).all()
    count = db.session.scalar(db.select(db.func.count()).select_from(Download))
    db.session.rollback()
    return len(done) == (count or 0)


def _finished_files() -> set[tuple[str, int]]:
    query = db.select(DownloadFile.download_id, DownloadFile.position).where(DownloadFile.completed_at.is_not(None))
    found = {(row.download_id, row.position) for row in db.session.execute(query)}
    db.session.rollback()
    return found


def _read_rows() -> Sequence[Download]:
    """Return all downloads; none while the database is away."""
    try:
        db.session.rollback()
        return list(db.session.scalars(db.select(Download), execution_options={"populate_existing": True}))
    except SQLAlchemyError:
        db.session.remove()
        return []


def _finish(stage: Stage, outcome: Outcome, repository_of: dict[str, str]) -> None:
    outcome.rows = _read_rows()
    outcome.finished_after = _finished_files()
    examined = flask(stage.fleet.webs[0].env, "doctor")
    outcome.doctor = examined.stdout + examined.stderr
    stage.fleet.end()
    entries = audited_worker.read(stage.fleet.audit)
    outcome.overlaps = audited_worker.find_overlaps(entries, repository_of)
    outcome.written_bytes = sum(entry.amount for entry in entries if entry.kind == "write")
    logs = [*stage.folder.glob("*.log"), *stage.folder.glob("*/*.log")]
    outcome.logs = "\n".join(log.read_text(errors="replace") for log in logs)

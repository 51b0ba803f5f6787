"""Measures how long the lists of the REST resources take on a large PostgreSQL, alone and beside open streams.

Run `make bench-api`, or `python -m benchmarks.bench_api [--rows N] [--requests N] [--streams N]`. README.md here tells
what is measured. Everything listens on loopback, ends by itself and is stopped at the end.
"""

import argparse
import http.client
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import create_engine, text

from benchmarks.streams.database import Database, Dataset, make_tokens, migrated_postgres
from benchmarks.streams.processes import describe_machine
from benchmarks.streams.servers import OURS, running
from benchmarks.streams.swarm import compile_load, swarm
from downloads_app.services.accounts.passwords import hash_password

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / "benchmarks" / "results" / "api.json"
PAGE = PROJECT / "docs" / "benchmarks.md"
MARKS = ("<!-- make bench-api: -->", "<!-- end of make bench-api -->")
"""The table that the project shows stands between these."""
USERS = 2_000
CLIENTS = 2
"""Requests at a time: the server has two processes, and both share the cores with everything else."""
EXPECTED_SECONDS = {"alone": 0.050, "beside streams": 0.150}
SIGN_INS = "a tick, beside 50 sign-ins a second"
SIGN_INS_PER_SECOND = 50
SIGN_IN_SECONDS = 20
MOST_GAP_SECONDS = 2.1
"""Of a tick that is due every two seconds."""
PASSWORD = "a password for benchmarks"
LISTS = {
    "an admin's first page": ("/api/downloads", True),
    "by status": ("/api/downloads?status=completed", True),
    "page 5,000": ("/api/downloads?page=5000", True),
    "one's own": ("/api/downloads?sort=-updated_at&page_size=50", False),
}
FINISHED = """
INSERT INTO downloads (id, user_id, provider_id, repository_id, revision, include, exclude, status, priority, attempt,
    failures, current_bytes, total_bytes, files_completed, download_speed,
    created_at, updated_at, started_at, completed_at)
SELECT gen_random_uuid(), user_id, provider_id, repository_id, 'v' || copy, '[]', '[]',
    CASE WHEN copy % 25 = 0 THEN 'failed' WHEN copy % 25 = 1 THEN 'cancelled' ELSE 'completed' END, 0, 1, 0,
    total_bytes, total_bytes, 30, 0, created_at - copy * interval '1 hour', created_at - copy * interval '59 minutes',
    created_at - copy * interval '1 hour', created_at - copy * interval '59 minutes'
FROM downloads, generate_series(1, :copies) AS copy
"""


@dataclass(frozen=True)
class Figure:
    """How long one list took, in milliseconds."""

    name: str
    streams: int
    requests: int
    p50: float
    p98: float
    p99: float

    @property
    def is_met(self) -> bool:
        """Whether it is as quick as expected."""
        if self.name == SIGN_INS:
            return self.p99 <= MOST_GAP_SECONDS * 1000
        return self.p99 <= EXPECTED_SECONDS["beside streams" if self.streams else "alone"] * 1000


def main() -> None:
    """Measure, print the table, keep the figures."""
    options = _read_options()
    load = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory(prefix="bench-api-") as name, ExitStack() as stack:
        folder = Path(name)
        postgres = stack.enter_context(migrated_postgres(folder))
        database = Database(postgres, Dataset("api", USERS, 1))
        _fill(database, options.rows)
        figures = list(_measure(database, folder, options))
    table = _render(options.rows, figures, load)
    result = {"rows": options.rows, "machine": describe_machine(), "load_before": load}
    if options.results:
        told = result | {"figures": [asdict(figure) for figure in figures]}
        options.results.write_text(json.dumps(told, indent=1) + "\n")
        _put_into_page(table)
    print(table)


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=1_000, help="of each list")
    parser.add_argument("--streams", type=int, default=10_000, help="open beside, in the second half")
    parser.add_argument("--results", type=Path, help=f"JSON file (default of a whole run: {RESULTS.name})")
    options = parser.parse_args()
    if len(sys.argv) == 1:  # only a full run replaces the figures that the project shows
        options.results = RESULTS
    return options


def _fill(database: Database, rows: int) -> None:
    """Add finished downloads to each user's active one, and let PostgreSQL look at them as it does by itself."""
    engine = create_engine(database.url.replace("postgresql://", "postgresql+psycopg2://", 1))
    with engine.begin() as connection:
        connection.execute(text(FINISHED), {"copies": rows // USERS - 1})
    engine.dispose()
    database.postgres.execute("VACUUM ANALYZE", database.name)


def _measure(database: Database, folder: Path, options: argparse.Namespace) -> Iterator[Figure]:
    with running(OURS, database, folder, workers=2) as server:
        (admin,) = make_tokens([database.admin_id])
        users = make_tokens(database.user_ids)
        for streams in (0, options.streams)[: 2 if options.streams else 1]:
            with _open_streams(folder, server.port, users, streams):
                for name, (path, is_admins) in LISTS.items():
                    tokens = [admin] if is_admins else users
                    _ask(server.port, path, tokens, 50)
                    yield _judge(name, streams, _ask(server.port, path, tokens, options.requests))
        if options.streams:
            yield _sign_in_beside_streams(database, folder, server.port, users, options.streams // 10)


def _sign_in_beside_streams(database: Database, folder: Path, port: int, users: list[str], streams: int) -> Figure:
    """Measure the gaps between ticks while people sign in; whether they are let in, or told to come back, counts."""
    database.postgres.execute(f"UPDATE users SET password_hash = '{hash_password(PASSWORD)}'", database.name)
    body = {name: json.dumps({"username": name, "password": PASSWORD}) for name in database.user_ids}
    with swarm(compile_load(folder), port, "/api/downloads/subscribe", users, streams) as load:
        load.open(streams, rate=500)
        load.wait_until_fed(streams, 60)
        load.mark()
        began = time.monotonic()

        def attempt(number: int) -> int:
            time.sleep(max(0.0, began + number / SIGN_INS_PER_SECOND - time.monotonic()))
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            sent = body[database.user_ids[number % len(database.user_ids)]]
            connection.request("POST", "/api/auth/login", sent, {"Content-Type": "application/json"})
            status = connection.getresponse().status
            connection.close()
            return status

        with ThreadPoolExecutor(100) as pool:
            statuses = Counter(pool.map(attempt, range(SIGN_INS_PER_SECOND * SIGN_IN_SECONDS)))
        gaps = load.report().gaps
    print(dict(statuses), file=sys.stderr, flush=True)
    p50, p98, p99 = (round((gaps.quantile(share) or 0) * 1000, 1) for share in (0.5, 0.98, 0.99))
    return Figure(SIGN_INS, streams, len(gaps), p50, p98, p99)


@contextmanager
def _open_streams(folder: Path, port: int, tokens: list[str], streams: int) -> Iterator[None]:
    """Have so many streams open meanwhile."""
    if not streams:
        yield
        return
    with swarm(compile_load(folder), port, "/api/downloads/subscribe", tokens, streams) as load:
        load.open(streams, rate=1_000)
        load.wait_until_fed(streams, 120)
        yield


def _ask(port: int, path: str, tokens: Sequence[str], requests: int) -> list[float]:
    """Return how long each request took, in seconds, of a few clients that each ask one after the other."""

    def client(number: int) -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        taken = []
        for at in range(number, requests, CLIENTS):
            began = time.perf_counter()
            connection.request("GET", path, headers={"Authorization": f"Bearer {tokens[at % len(tokens)]}"})
            answer = connection.getresponse()
            answer.read()
            taken.append(time.perf_counter() - began)
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status}")
        connection.close()
        return taken

    with ThreadPoolExecutor(CLIENTS) as pool:
        return sorted(second for part in pool.map(client, range(CLIENTS)) for second in part)


def _judge(name: str, streams: int, taken: list[float]) -> Figure:
    def quantile(share: float) -> float:
        return round(taken[min(len(taken) - 1, int(share * len(taken)))] * 1000, 1)

    figure = Figure(name, streams, len(taken), quantile(0.5), quantile(0.98), quantile(0.99))
    print(figure, file=sys.stderr, flush=True)
    return figure


def _put_into_page(table: str) -> None:
    """Replace the table that the project shows; only a whole run does so."""
    head, _, rest = PAGE.read_text().partition(MARKS[0])
    _, _, tail = rest.partition(MARKS[1])
    PAGE.write_text(f"{head}{MARKS[0]}\n{table}\n{MARKS[1]}{tail}")


def _render(rows: int, figures: Sequence[Figure], load: float) -> str:
    lines = [
        f"{date.today()}, {rows:,} downloads of {USERS:,} users; two processes, {CLIENTS} requests at a time; "
        f"milliseconds. Others' load on the two cores before it began: {load}.",
        "",
        "| list | streams | p50 | p98 | p99 | as expected |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for one in figures:
        met = "yes" if one.is_met else "no"
        lines.append(f"| {one.name} | {one.streams:,} | {one.p50} | {one.p98} | {one.p99} | {met} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()

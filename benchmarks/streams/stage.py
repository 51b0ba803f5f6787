"""The setting of the scenarios: sizes, databases, and a server with its load."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.streams.database import Database, Dataset, make_tokens
from benchmarks.streams.measuring import Observer
from benchmarks.streams.servers import PATH, Contender, Running, running
from benchmarks.streams.swarm import Swarm, swarm


@dataclass(frozen=True)
class Size:
    """The sizes of a run: the full form, or a quick one that only shows that all works."""

    rounds: int
    window_seconds: float
    ladder: tuple[int, ...]
    naive_ladder: tuple[int, ...]
    rate: int
    """Streams opened a second."""
    two_processes: int
    four_processes: int
    storm_open: int
    storm_new: int
    watchers: int
    """Users who watch beside the admin, and among 100,000 active rows."""


FULL = Size(2, 10, (1_000, 5_000, 15_000), (250, 1_000, 2_000), 1_000, 10_000, 60_000, 10_000, 15_000, 2_000)
QUICK = Size(1, 6, (500, 2_000), (100, 300), 500, 1_000, 2_000, 1_000, 1_000, 500)


class Stage:
    """Where scenarios run: the databases, made when first needed, and the compiled load."""

    def __init__(self, folder: Path, program: Path, size: Size, make_database: Callable[[Dataset], Database]) -> None:
        self.folder = folder
        self.size = size
        self._program = program
        self._make_database = make_database
        self._databases: dict[Dataset, Database] = {}
        self._tokens: dict[Dataset, list[str]] = {}

    def database(self, dataset: Dataset) -> Database:
        """Return the database of a dataset."""
        if dataset not in self._databases:
            self._databases[dataset] = self._make_database(dataset)
        return self._databases[dataset]

    def tokens(self, dataset: Dataset) -> list[str]:
        """Return a token of each of its users, who may have several streams."""
        if dataset not in self._tokens:
            self._tokens[dataset] = make_tokens(self.database(dataset).user_ids)
        return self._tokens[dataset]

    @contextmanager
    def act(
        self, contender: Contender, dataset: Dataset, most_streams: int, workers: int = 1
    ) -> Iterator[tuple[Running, Swarm, Observer]]:
        """Have a server run, rows change, and a swarm at hand."""
        database = self.database(dataset)
        tokens = self.tokens(dataset) if contender.reads_database else []
        with (
            database.written(),
            running(contender, database, self.folder, workers) as server,
            self.swarm(server, tokens, most_streams) as load,
        ):
            yield server, load, Observer(server, database, load)

    @contextmanager
    def swarm(self, server: Running, tokens: list[str], most_streams: int) -> Iterator[Swarm]:
        """Have another swarm at a server."""
        with swarm(self._program, server.port, PATH, tokens, most_streams) as load:
            yield load

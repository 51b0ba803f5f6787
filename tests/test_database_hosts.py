"""Of several hosts the one that takes writes is found, whatever the others do, and found at once the next time."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import parse_qs, urlsplit

import gevent
import psycopg2
import pytest
from psycopg2 import extensions
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from downloads_app import database_hosts
from downloads_app.extensions import connect_args
from downloads_app.web.gunicorn import worker
from tests.support.postgres import Postgres
from tests.support.server import free_port


class Silent:
    """A host that takes connections and never says a word, as a machine that hangs."""

    def __init__(self, listener: socket.socket) -> None:
        self.name = f"127.0.0.1:{listener.getsockname()[1]}"
        self._listener = listener

    def times_asked(self) -> int:
        """Return how often a connection was opened since the last time."""
        times = 0
        while select.select([self._listener], [], [], 0)[0]:
            self._listener.accept()[0].close()
            times += 1
        return times


@pytest.fixture
def silent() -> Iterator[Silent]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield Silent(listener)


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of any host, and no name is looked up in another way."""
    monkeypatch.setattr(database_hosts, "_LAST_GOOD", {})
    monkeypatch.setattr(database_hosts, "_LOOK_UPS", [])


@pytest.fixture
def cooperative(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """psycopg2 as it is in a web process: others run while it waits."""
    monkeypatch.setattr(worker, "CONNECT_TIMEOUT_SECONDS", 0.5)
    extensions.set_wait_callback(worker._wait_for_database)
    yield
    extensions.set_wait_callback(None)


def engine_for(postgres: Postgres, *others: str, **options: Any) -> Engine:
    """Return an engine for hosts of which the last is the one that answers."""
    url = urlsplit(postgres.url("template"))
    hosts = [*(other.split(":") for other in others), (parse_qs(url.query)["host"][0], "5432")]
    given = connect_args("postgresql", 5) | options
    given |= {"host": ",".join(host for host, _ in hosts), "port": ",".join(port for _, port in hosts)}
    made = f"postgresql+psycopg2://{url.username}@/template?target_session_attrs=read-write"
    return create_engine(made, poolclass=NullPool, connect_args=given)


def seconds_to_ask(engine: Engine) -> float:
    began = time.monotonic()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    return time.monotonic() - began


def test_a_host_that_is_off_is_passed_over(postgres: Postgres) -> None:
    seconds_to_ask(engine_for(postgres, f"127.0.0.1:{free_port()}"))


def test_a_host_that_hangs_costs_one_time_limit_and_only_once(postgres: Postgres, silent: Silent) -> None:
    engine = engine_for(postgres, silent.name, connect_timeout=2)
    assert seconds_to_ask(engine) >= 1.5
    assert silent.times_asked() == 1
    seconds_to_ask(engine)
    assert silent.times_asked() == 0


def test_in_a_web_process_too(postgres: Postgres, silent: Silent, cooperative: None) -> None:
    engine = engine_for(postgres, silent.name)
    ran: list[int] = []

    def run() -> None:
        for number in range(5):
            gevent.sleep(0.05)
            ran.append(number)

    beside = gevent.spawn(run)
    gevent.spawn(seconds_to_ask, engine).get(timeout=30)
    assert silent.times_asked() == 1
    assert len(ran) >= 1
    beside.get(timeout=30)
    gevent.spawn(seconds_to_ask, engine).get(timeout=30)
    assert silent.times_asked() == 0


def test_a_host_whose_name_nobody_knows_is_passed_over(postgres: Postgres) -> None:
    def look_up(host: str) -> list[str]:
        if host == "unknown":
            raise psycopg2.OperationalError("not known")
        return ["127.0.0.1"]

    database_hosts.look_up_by(look_up)
    seconds_to_ask(engine_for(postgres, "unknown:1", f"localhost:{free_port()}"))


def test_if_no_host_takes_it_the_error_has_what_each_said() -> None:
    ports = [free_port(), free_port()]
    made = f"postgresql+psycopg2://u@/x?host=127.0.0.1,localhost&port={ports[0]},{ports[1]}"
    with pytest.raises(OperationalError) as refused, create_engine(made).connect():
        pass
    assert all(str(port) in str(refused.value.orig) for port in ports)

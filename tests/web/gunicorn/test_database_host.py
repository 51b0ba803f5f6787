"""A database server's name is looked up while the streams go on, whatever the resolver does."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import gevent
import gevent.resolver.thread
import psycopg2
import pytest
from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite

from downloads_app import database_hosts, poolers
from downloads_app.web.gunicorn import worker

PSYCOPG2: Dialect = postgresql.psycopg2.dialect(dbapi=psycopg2)  # type: ignore[no-untyped-call]  # has no types
ADDRESSES = [
    (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, 0)),
    (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
]


class Resolver:
    """The system's, under a test's control: its getaddrinfo() runs in a real thread."""

    def __init__(self) -> None:
        self.answers = threading.Event()

    def getaddrinfo(self, host: str, *_rest: Any, **_options: Any) -> list[Any]:
        assert self.answers.wait(30)
        if host == "unknown":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ADDRESSES


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    resolver = Resolver()
    monkeypatch.setattr(gevent.resolver.thread._socket, "getaddrinfo", resolver.getaddrinfo)
    yield resolver
    resolver.answers.set()


def look_up(host: str = "db.example.org") -> list[str]:
    return worker.look_up(host)


def test_every_address_of_a_name_is_found(resolver: Resolver) -> None:
    resolver.answers.set()
    assert look_up() == ["::1", "127.0.0.1"]


def test_others_run_while_a_name_is_looked_up(resolver: Resolver) -> None:
    looking_up = gevent.spawn(look_up)
    ran = gevent.spawn(lambda: True)
    assert ran.get(timeout=30)
    assert not looking_up.dead
    resolver.answers.set()
    assert looking_up.get(timeout=30) == ["::1", "127.0.0.1"]


def test_a_resolver_that_hangs_is_a_database_error_in_time(resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "CONNECT_TIMEOUT_SECONDS", 0.05)
    with pytest.raises(psycopg2.OperationalError, match="in time"):
        look_up()


def test_a_name_that_nobody_knows_is_a_database_error(resolver: Resolver) -> None:
    resolver.answers.set()
    with pytest.raises(psycopg2.OperationalError, match="not known"):
        look_up("unknown")


@pytest.mark.parametrize(
    ("parameters", "tried"),
    [
        ({}, [{}]),
        ({"host": "/run/postgresql"}, [{"host": "/run/postgresql"}]),
        ({"host": "a", "hostaddr": "10.0.0.1"}, [{"host": "a"}]),
        (
            {"host": "a,/run/pg", "port": "1,2"},
            [
                {"host": "a", "port": "1", "hostaddr": "::1"},
                {"host": "a", "port": "1", "hostaddr": "127.0.0.1"},
                {"host": "/run/pg", "port": "2"},
            ],
        ),
    ],
)
def test_libpq_is_given_each_address_in_turn(
    resolver: Resolver, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, str], tried: list[dict[str, str]]
) -> None:
    resolver.answers.set()
    monkeypatch.setattr(database_hosts, "_LOOK_UPS", [worker.look_up])
    monkeypatch.setattr(database_hosts, "_LAST_GOOD", {})
    asked: list[dict[str, str]] = []

    def refuse(_dialect: Dialect, _arguments: object, given: dict[str, str]) -> None:
        asked.append(given)
        raise psycopg2.OperationalError("refused")

    monkeypatch.setattr(poolers, "connect", refuse)
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        database_hosts.connect(PSYCOPG2, None, [], dict(parameters))
    assert asked == [parameters | place for place in tried]


def test_another_database_is_left_alone(resolver: Resolver) -> None:
    assert database_hosts.connect(sqlite.dialect(), None, [], {"host": "a"}) is None

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

from downloads_app.web.gunicorn import worker

PSYCOPG2: Dialect = postgresql.psycopg2.dialect()  # type: ignore[no-untyped-call]  # has no types
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


def resolve(**parameters: Any) -> dict[str, Any]:
    worker.resolve_host(PSYCOPG2, None, None, parameters)
    return parameters


def test_libpq_is_given_every_address_of_a_name(resolver: Resolver) -> None:
    resolver.answers.set()
    given = resolve(host="db.example.org", port=5432)
    assert given == {"host": "db.example.org,db.example.org", "port": 5432, "hostaddr": "::1,127.0.0.1"}


def test_others_run_while_a_name_is_looked_up(resolver: Resolver) -> None:
    looking_up = gevent.spawn(resolve, host="db.example.org")
    ran = gevent.spawn(lambda: True)
    assert ran.get(timeout=30)
    assert not looking_up.dead
    resolver.answers.set()
    assert looking_up.get(timeout=30)["hostaddr"] == "::1,127.0.0.1"


def test_a_resolver_that_hangs_is_a_database_error_in_time(resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "CONNECT_TIMEOUT_SECONDS", 0.05)
    with pytest.raises(psycopg2.OperationalError, match="in time"):
        resolve(host="db.example.org")


def test_a_name_that_nobody_knows_is_a_database_error(resolver: Resolver) -> None:
    resolver.answers.set()
    with pytest.raises(psycopg2.OperationalError, match="not known"):
        resolve(host="unknown")


@pytest.mark.parametrize(
    "parameters", [{}, {"host": "/run/postgresql"}, {"host": "a,b"}, {"host": "a", "hostaddr": "10.0.0.1"}]
)
def test_what_needs_no_lookup_or_names_several_is_left_alone(resolver: Resolver, parameters: dict[str, str]) -> None:
    assert resolve(**parameters) == parameters


def test_another_database_is_left_alone(resolver: Resolver) -> None:
    parameters = {"host": "a"}
    worker.resolve_host(sqlite.dialect(), None, None, parameters)
    assert parameters == {"host": "a"}

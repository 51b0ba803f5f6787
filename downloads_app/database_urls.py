"""What DATABASE_URL may be: an SQLite file, or PostgreSQL on one host or on several, of which one takes writes.

Several hosts are given as libpq's manual has it ("Connection URIs"), or in SQLAlchemy's two forms. All become one
form, which SQLAlchemy and psycopg2 read. No error tells what was given: it may have a password.
"""

import re
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

FORM = "a URL like postgresql://user:password@host/name or sqlite:////path; several hosts: @host1:5432,host2:5432/name"
DEFAULT_PORT = 5432
_FRONT = re.compile(r"(?P<front>[\w+]+://(?:[^:/@]*(?::[^@]*)?@)?)(?P<hosts>[^/?]*)(?P<rest>.*)", re.DOTALL)
_HOST = re.compile(r"(?:\[(?P<address>[0-9A-Fa-f:.%\w]+)\]|(?P<name>[\w.-]+))(?::(?P<port>\d{1,5}))?")
_DRIVERS = ("postgresql+psycopg2", "sqlite", "sqlite+pysqlite")
_SERVERS = {"any": False, "read-write": True, "primary": True}
"""The values of libpq's `target_session_attrs` that we can work with, and whether each finds the host for writes."""

Host = tuple[str, int]
"""A name, an address or the folder of a socket, and a port."""


def normalize(given: str) -> str:
    """Return the URL in the form that everything here reads; raises ValueError that says what is expected."""
    try:
        url = _parse(given)
        if url.drivername in ("postgresql", "postgres"):  # SQLAlchemy 2.1 by itself would take psycopg 3
            url = url.set(drivername="postgresql+psycopg2")
        if url.drivername not in _DRIVERS:
            raise ValueError("postgresql:// (psycopg2) or sqlite://")
        if url.get_backend_name() == "sqlite":
            if url.database in (None, "", ":memory:"):
                raise ValueError("an SQLite file, as several processes share it")
            return url.render_as_string(hide_password=False)
        return _check_server(url).render_as_string(hide_password=False)
    except ArgumentError:
        raise ValueError(FORM) from None


def is_sqlite(database_url: str) -> bool:
    """Whether a normalized URL names an SQLite file."""
    return database_url.startswith("sqlite")


def sqlite_file(database_url: str) -> Path:
    """Return the SQLite file that a normalized URL names."""
    return Path(make_url(database_url).database or "")


def hosts_of(database_url: str) -> list[Host]:
    """Return the hosts of a normalized URL of PostgreSQL, in their order; without one it is a socket's default."""
    url = make_url(database_url)
    names = _split(url.query.get("host", url.host or ""))
    ports = _split(url.query.get("port", str(url.port or "")))
    ports = ports * len(names) if len(ports) == 1 else ports
    return [(name, int(port or DEFAULT_PORT)) for name, port in zip(names, ports, strict=True)]


def only(database_url: str, host: Host) -> str:
    """Return the URL of one host of several, whether it takes writes or not."""
    query = {"host": host[0], "port": str(host[1]), "target_session_attrs": "any"}
    url = make_url(database_url)
    if url.host is not None:
        url = url.set(host=None, port=None)
    return url.update_query_dict(query).render_as_string(hide_password=False)


def _parse(given: str) -> URL:
    """Return the URL; hosts that stand in a list go into its query."""
    found = _FRONT.fullmatch(given)
    try:
        if found is None or "," not in found["hosts"]:
            return make_url(given)
        hosts = [_HOST.fullmatch(part) for part in found["hosts"].split(",")]
        url = make_url(found["front"] + found["rest"])
    except ValueError:  # the text of a port, which may be a part of a password
        raise ValueError(FORM) from None
    if None in hosts or url.query.keys() & {"host", "port"}:
        raise ValueError(FORM)
    names = [one["address"] or one["name"] for one in hosts if one]
    ports = [one["port"] or str(DEFAULT_PORT) for one in hosts if one]
    return url.update_query_dict({"host": ",".join(names), "port": ",".join(ports)})


def _check_server(url: URL) -> URL:
    """Check the hosts of PostgreSQL. Of several, only the one that takes writes is of use."""
    if "@" in (url.host or ""):
        raise ValueError("a URL in which each @ of the password is written %40")
    url = _with_listed_hosts(url)
    try:
        hosts = hosts_of(url.render_as_string(hide_password=False))
    except ValueError:
        raise ValueError(FORM) from None
    if not all(0 < port < 65536 for _, port in hosts):
        raise ValueError("ports from 1 to 65535")
    wanted = url.query.get("target_session_attrs")
    if wanted is not None and wanted not in _SERVERS:
        raise ValueError(f"target_session_attrs={' or '.join(_SERVERS)}: the service writes")
    if len(hosts) == 1:
        return url
    if not all(name for name, _ in hosts) or "hostaddr" in url.query:
        raise ValueError("several hosts each with a name or an address, and no hostaddr")
    if wanted is not None and not _SERVERS[str(wanted)]:
        raise ValueError("target_session_attrs=read-write where there are several hosts: the service writes")
    return url if wanted else url.update_query_dict({"target_session_attrs": "read-write"})


def _with_listed_hosts(url: URL) -> URL:
    """Turn SQLAlchemy's form `?host=a:1&host=b:2` into `?host=a,b&port=1,2`."""
    given = url.query.get("host")
    if given is None or isinstance(given, str):
        return url
    hosts = [_HOST.fullmatch(part) for part in given]
    if None in hosts or "port" in url.query:
        raise ValueError(FORM)
    names = ",".join(one["address"] or one["name"] for one in hosts if one)
    ports = ",".join(one["port"] or str(DEFAULT_PORT) for one in hosts if one)
    return url.set(query={**url.query, "host": names, "port": ports})


def _split(value: str | tuple[str, ...]) -> list[str]:
    return value.split(",") if isinstance(value, str) else list(value)

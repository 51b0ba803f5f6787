"""Which host of PostgreSQL a new connection goes to: of several, the one that takes writes, first that of last time.

libpq can try several hosts too. But it begins with the first one each time: where that is silent (its machine is off),
every new connection waits its whole time limit. It also keeps no time limit under gevent, and so would never come to
the second. Knows the poolers alone.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Dialect, Engine, event

from downloads_app import poolers

Hosts = tuple[tuple[str, str], ...]
"""Each with a name, an address or a socket's folder, and a port; either may be empty: libpq's default."""
LookUp = Callable[[str], Sequence[str]]
"""Returns the addresses of a name; raises psycopg2's OperationalError."""

_LAST_GOOD: dict[Hosts, tuple[str, str]] = {}
"""Of each list of hosts the one that took the last new connection, for all engines of this process."""
_LOOK_UPS: list[LookUp] = []


def look_up_by(look_up: LookUp) -> None:
    """Look names up in this way, in place of libpq's: it would block a process that does more than one thing."""
    _LOOK_UPS[:] = [look_up]


@event.listens_for(Engine, "do_connect")
def connect(dialect: Dialect, _record: object, arguments: Any, parameters: dict[str, Any]) -> Any:
    """Connect to the first host that takes the connection. If none does, raise what each has said, in one error."""
    if dialect.driver != "psycopg2":
        return None
    hosts = _hosts_in(parameters)
    refusals: list[Exception] = []
    for host in sorted(hosts, key=lambda one: one != _LAST_GOOD.get(hosts)):
        try:
            for place in _places(host, parameters):
                try:
                    connection = poolers.connect(dialect, arguments, parameters | place)
                except dialect.loaded_dbapi.OperationalError as exc:
                    refusals.append(exc)
                else:
                    _LAST_GOOD[hosts] = host
                    return connection
        except dialect.loaded_dbapi.OperationalError as exc:  # its name is not known
            refusals.append(exc)
    if len(refusals) == 1:
        raise refusals[0]
    raise dialect.loaded_dbapi.OperationalError("\n".join(str(refusal).strip() for refusal in refusals))


def _hosts_in(parameters: dict[str, Any]) -> Hosts:
    """Return the hosts of psycopg2's parameters. What has an address already is left to libpq as one."""
    names = str(parameters.get("host") or "").split(",")
    ports = str(parameters.get("port") or "").split(",")
    if "hostaddr" in parameters:
        return ((",".join(names), ",".join(ports)),)
    return tuple(zip(names, ports * len(names) if len(ports) == 1 else ports, strict=True))


def _places(host: tuple[str, str], parameters: dict[str, Any]) -> Sequence[dict[str, str]]:
    """Return psycopg2's parameters for each address of a host."""
    name, port = host
    place = {key: value for key, value in (("host", name), ("port", port)) if value}
    if not _LOOK_UPS or not name or name[0] in "/@" or "hostaddr" in parameters:
        return [place]
    return [place | {"hostaddr": address} for address in _LOOK_UPS[0](name)]

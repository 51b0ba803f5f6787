"""Limits the open connections of one address on which nobody has signed in yet.

A place is the address, or for IPv6 its /64 network. A connection counts from its acceptance until a request on it
proves who sends it, or until it closes. Afterwards the limits of the user hold (web/shares.py). So a whole office
behind one address can watch, but a stranger cannot take all connections of a process.
"""

import logging
import time
from collections import Counter
from collections.abc import Container
from typing import Any

from downloads_app.per_app import PerApp
from downloads_app.services.accounts.places import place_of

SILENT_SECONDS = 60
"""At most one line of the log in this time, whatever is refused."""

log = logging.getLogger(__name__)


class Strangers:
    """Such connections of one process. Connections of the `trusted` (proxies, who vouch for many) do not count."""

    def __init__(self, most: int, trusted: Container[str] = ()) -> None:
        self._most, self._trusted = most, trusted
        self._places: dict[tuple[str, int], str] = {}
        self._counts: Counter[str] = Counter()
        self._told = float("-inf")

    def take(self, peer: Any) -> bool:
        """Count a new connection of `peer`, as accept() names it; False if it must be closed instead."""
        if not isinstance(peer, tuple) or peer[0] in self._trusted:
            return True  # a unix socket's peer has no address
        place = place_of(peer[0])
        if self._counts[place] >= self._most:
            self._tell(place)
            return False
        self._places[peer[0], peer[1]] = place
        self._counts[place] += 1
        return True

    def forget(self, peer: Any) -> None:
        """Count a connection no longer: it has closed. Does nothing for one that does not count."""
        place = self._places.pop((peer[0], peer[1]), None) if isinstance(peer, tuple) else None
        if place is not None:
            self._counts[place] -= 1
            if not self._counts[place]:
                del self._counts[place]

    def recognize(self, environ: dict[str, Any]) -> None:
        """Count the connection of a request no longer: its sender has signed in."""
        if self._places:
            port = str(environ.get("REMOTE_PORT", ""))
            self.forget((environ.get("REMOTE_ADDR", ""), int(port) if port.isdecimal() else 0))

    def _tell(self, place: str) -> None:
        now = time.monotonic()
        if now - self._told >= SILENT_SECONDS:
            self._told = now
            log.warning("connections from %s are closed: %d are open on which nobody has signed in", place, self._most)


def _nobody() -> Strangers:
    return Strangers(0)


STRANGERS = PerApp(_nobody)
"""Those of the process; under another server nobody counts, because nothing is accepted here."""

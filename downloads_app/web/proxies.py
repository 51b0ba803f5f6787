"""Applies forwarded addresses, schemes and prefixes, but only those from TRUSTED_PROXIES."""

import os
import socket
import struct
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from downloads_app import request_ids
from downloads_app.config import SETTINGS
from downloads_app.folder_checks import group_of_files
from downloads_app.web.gunicorn.connection import connection_of

UNIX_SOCKET = "unix"  # a unix socket has no peer address; this word in the setting stands for it
_CREDENTIALS = struct.Struct("3i")
"""The process, user and group at a unix socket's other end: unix(7), SO_PEERCRED."""


class Networks:
    """Addresses and networks as a setting lists them."""

    def __init__(self, names: Iterable[str]) -> None:
        names = tuple(names)
        self._unix = UNIX_SOCKET in names
        self._networks = [ip_network(name, strict=False) for name in names if name != UNIX_SOCKET]

    def __contains__(self, peer: object) -> bool:
        if not peer:
            return self._unix
        try:
            address = ip_address(str(peer))
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)


def is_web_server(user: int, group: int, web_groups: Collection[int]) -> bool:
    """Whether we trust the forwarded headers of the process at the other end of a unix socket.

    We trust root, our own user, and a process whose group is the web server's. Other members of the group may reach
    the socket too.
    """
    return user in (0, os.geteuid()) or group in web_groups


class TrustedProxies:
    """WSGI middleware: applies a trusted proxy's forwarded headers, one hop, and ignores all others'."""

    def __init__(self, wsgi_app: Any, names: Iterable[str], web_groups: Collection[int]) -> None:
        self._web_groups = web_groups
        # Cached: parsing an address is slow, and connections come from few addresses.
        self._is_trusted = lru_cache(maxsize=1024)(Networks(names).__contains__)
        self._direct = wsgi_app
        self._forwarded = ProxyFix(wsgi_app, x_for=1, x_proto=1, x_host=0, x_prefix=1)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Handle a request. If a trusted proxy sent it, first apply its forwarded headers and its request id."""
        peer = environ.get("REMOTE_ADDR", "")
        is_trusted = self._is_trusted(peer) and (peer or self._is_web_server(connection_of(environ)))
        request_ids.begin(request_ids.choose(environ.get("HTTP_X_REQUEST_ID") if is_trusted else None))
        if is_trusted:
            return self._forwarded(environ, start_response)
        answer: Iterable[bytes] = self._direct(environ, start_response)
        return answer

    def _is_web_server(self, sock: Any) -> bool:
        if sock is None or sock.family != socket.AF_UNIX:
            return False
        _, user, group = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        return is_web_server(user, group, self._web_groups)


def init_app(app: Flask) -> None:
    """Put the middleware around the application."""
    settings = SETTINGS.of(app)
    web_groups = {os.getegid(), group_of_files(settings)}
    # Flask's own way to put something around an application; to mypy its `wsgi_app` is a method.
    app.wsgi_app = TrustedProxies(app.wsgi_app, settings.trusted_proxies, web_groups)  # type: ignore[method-assign]

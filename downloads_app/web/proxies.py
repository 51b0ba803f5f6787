"""Whose forwarded address, scheme and prefix count: those of TRUSTED_PROXIES, and nobody else's."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

UNIX_SOCKET = "unix"  # a unix socket has no peer address; this word in the setting stands for it


class Networks:
    """Addresses and networks as a setting lists them."""

    def __init__(self, names: Iterable[str]) -> None:
        names = tuple(names)
        self._unix = UNIX_SOCKET in names
        self._networks = [ip_network(name, strict=False) for name in names if name != UNIX_SOCKET]

    def __contains__(self, peer: str) -> bool:
        if not peer:
            return self._unix
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)


class TrustedProxies:
    """WSGI middleware: applies a trusted proxy's forwarded headers, one hop, and ignores all others'."""

    def __init__(self, wsgi_app: Any, names: Iterable[str]) -> None:
        # Remembered: reading an address is dear, and connections come from few of them, or from one.
        self._is_trusted = lru_cache(maxsize=1024)(Networks(names).__contains__)
        self._direct = wsgi_app
        self._forwarded = ProxyFix(wsgi_app, x_for=1, x_proto=1, x_host=0, x_prefix=1)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Handle a request as what it is, or as what its trusted proxy says it was."""
        if self._is_trusted(environ.get("REMOTE_ADDR", "")):
            return self._forwarded(environ, start_response)
        answer: Iterable[bytes] = self._direct(environ, start_response)
        return answer


def init_app(app: Flask) -> None:
    """Put the middleware around the application."""
    app.wsgi_app = TrustedProxies(app.wsgi_app, app.extensions["settings"].trusted_proxies)  # type: ignore[method-assign]

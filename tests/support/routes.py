"""Every route of the application, for tests that must hold for all, also for those added later."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from downloads_app.web.page.routes import VIEWS

NOBODYS_ID = "00000000-0000-4000-8000-000000000000"
ALL_ROUTES: dict[str, Any] = {
    "oidc_client_id": "downloads",
    "public_url": "http://127.0.0.1:1",
    "oidc_issuer": "http://127.0.0.1:1",  # nothing answers there
}
"""Settings with which an application has all of its routes, those of single sign-on too."""
ON_ALL_ROUTES = pytest.mark.parametrize("app_settings", [ALL_ROUTES], ids=["all routes"])
"""For modules whose applications are to have them."""
ON_ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For modules about what is the same on both kinds of database."""
OPEN_TO_ALL = {
    *VIEWS,  # the page, whatever it shows: what is on it comes from the REST resources
    "/api/auth/login",
    "/api/auth/oidc/callback",
    "/api/auth/oidc/login",
    "/api/docs",
    "/api/openapi.json",
    "/healthz",
    "/metrics",
    "/page-version",
    "/readyz",
    "/static/<path:filename>",
}
"""What nobody has to sign in for: a new route that belongs here says so here."""


@dataclass(frozen=True)
class Route:
    """A method at a path that some rule answers."""

    method: str
    path: str
    rule: str


def all_routes(app: Flask) -> Iterator[Route]:
    """Yield all, with ids of nothing that exists."""
    for rule in app.url_map.iter_rules():
        path = rule.rule
        for argument in rule.arguments:
            converter = type(rule._converters[argument]).__name__
            value = NOBODYS_ID if converter == "UUIDConverter" else "a"
            path = path.replace(next(part for part in _parts(rule.rule) if part.endswith(f"{argument}>")), value)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Route(method, path, rule.rule)


def _parts(rule: str) -> list[str]:
    return [f"<{piece.partition('>')[0]}>" for piece in rule.split("<")[1:]]

"""Whose forwarded headers are believed."""

import os
import socket
from collections.abc import Callable

import pytest
from flask import Flask, jsonify, request

from downloads_app.config import current_settings
from downloads_app.services.accounts import attempts, users
from downloads_app.web.proxies import Networks, is_web_server
from tests.conftest import PASSWORD

FORWARDED = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/models",
    "X-Forwarded-Host": "evil.example",
    "Forwarded": "for=203.0.113.8;proto=https",
}
TRUSTED = [
    ("unix", ""),
    ("127.0.0.1", "127.0.0.1"),
    ("10.0.0.0/8, unix", "10.9.8.7"),
    ("10.0.0.0/8", "::ffff:10.9.8.7"),
    ("fd00::/8", "fd00::1"),
]
STRANGERS = [
    ("", "127.0.0.1"),
    ("", ""),
    ("unix", "127.0.0.1"),
    ("127.0.0.1", ""),
    ("10.0.0.0/8", "11.0.0.1"),
    ("10.0.0.0/8", "::ffff:11.0.0.1"),
    ("127.0.0.1", "not an address"),
]
SeeFrom = Callable[..., dict[str, str]]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """No row is read here: one kind of database will do."""
    return sqlite_url


@pytest.fixture
def see_from(make_app: Callable[..., Flask]) -> SeeFrom:
    """Return what a view sees of a request from a peer, where certain proxies are trusted."""

    def see(trusted: str, peer: str, **headers: str) -> dict[str, str]:
        app = make_app(trusted_proxies=trusted)
        app.add_url_rule("/seen", "seen", lambda: jsonify(_seen()))
        ours, theirs = socket.socketpair()  # the other end is a process of our own user
        with ours, theirs:
            environ = {"REMOTE_ADDR": peer, "gunicorn.socket": ours}
            answer = app.test_client().get("/seen", headers=FORWARDED | headers, environ_overrides=environ)
        return dict(answer.get_json())

    return see


@pytest.mark.parametrize(
    ("user", "group", "is_believed"),
    [(0, 0, True), (os.geteuid(), 7, True), (33, 33, True), (1000, 1000, False), (65534, 0, False)],
)
def test_a_local_user_who_reaches_the_socket_is_not_believed(user: int, group: int, is_believed: bool) -> None:
    assert is_web_server(user, group, web_groups={33}) == is_believed


def test_at_a_unix_socket_only_who_is_known_is_believed(make_app: Callable[..., Flask]) -> None:
    app = make_app(trusted_proxies="unix")
    app.add_url_rule("/seen", "seen", lambda: jsonify(_seen()))
    answer = app.test_client().get("/seen", headers=FORWARDED, environ_overrides={"REMOTE_ADDR": ""})
    assert answer.get_json()["scheme"] == "http"


def _seen() -> dict[str, str | None]:
    return {
        "address": request.remote_addr,
        "scheme": request.scheme,
        "prefix": request.root_path,
        "host": request.host,
    }


@pytest.mark.parametrize(("trusted", "peer"), TRUSTED)
def test_a_trusted_proxy_is_believed_but_for_the_host(see_from: SeeFrom, trusted: str, peer: str) -> None:
    believed = {"address": "203.0.113.7", "scheme": "https", "prefix": "/models", "host": "localhost"}
    assert see_from(trusted, peer) == believed


@pytest.mark.parametrize(("trusted", "peer"), STRANGERS)
def test_nobody_else_is_believed(see_from: SeeFrom, trusted: str, peer: str) -> None:
    seen = see_from(trusted, peer)
    assert seen["scheme"] == "http"
    assert seen["prefix"] == ""
    assert seen["address"] in (peer, None)


def test_of_several_addresses_the_one_that_the_proxy_saw_counts(see_from: SeeFrom) -> None:
    seen = see_from("unix", "", **{"X-Forwarded-For": "198.51.100.1, 203.0.113.9"})
    assert seen["address"] == "203.0.113.9"


def test_no_address_is_in_no_network() -> None:
    assert "" not in Networks(["0.0.0.0/0", "::/0"])
    assert "" in Networks(["unix"])


def test_cookies_are_for_the_prefix_that_the_browser_sees(make_app: Callable[..., Flask]) -> None:
    app = make_app(trusted_proxies="127.0.0.1")
    with app.app_context():
        users.create_user(current_settings().downloads_dir, "carol", PASSWORD)
        client = app.test_client()
        credentials = {"username": "carol", "password": PASSWORD, "cookies": True}
        answer = client.post("/api/auth/login", json=credentials, headers={"X-Forwarded-Prefix": "/models"})
        paths = dict(map(_name_and_path, answer.headers.getlist("Set-Cookie")))
        assert paths == {
            "access_token_cookie": "/models",
            "refresh_token_cookie": "/models/api/auth/refresh",
            "csrf_access_token": "/models",
            "csrf_refresh_token": "/models",
            attempts.name_device_cookies(current_settings(), "carol")[0]: "/models/api/auth",
        }
        # The test client, as a browser does, sends a cookie only below its path.
        csrf = client.get_cookie("csrf_refresh_token", path="/models")
        assert csrf is not None
        environ = {"SCRIPT_NAME": "/models"}
        signed = {"X-CSRF-TOKEN": csrf.value}
        renewed = client.post("/api/auth/refresh", json={}, headers=signed, environ_overrides=environ)
        assert renewed.status_code == 200, renewed.json


def _name_and_path(line: str) -> tuple[str, str]:
    name, _, rest = line.partition("=")
    return name, rest.partition("Path=")[2].partition(";")[0]

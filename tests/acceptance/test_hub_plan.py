"""A hub is asked by the real server: its library is loaded by the first request, in a thread beside the event loop."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.providers import catalog
from tests.conftest import bearer
from tests.support.hub import Hub
from tests.support.repositories import SMALL_SIZES_BYTES, build_repository
from tests.support.server import Server

AT_ONCE = 6


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The database has no part in it: one kind will do."""
    return sqlite_url


def test_the_first_plans_of_a_hub_all_at_once_are_answered_while_the_server_goes_on(
    app: Flask, alice: User, bob: User, make_server: Callable[..., Server], tmp_path: Path
) -> None:
    build_repository(tmp_path / "source", SMALL_SIZES_BYTES)
    with Hub() as hub, ThreadPoolExecutor(AT_ONCE) as pool:
        hub.add("org/model", tmp_path / "source")
        provider = catalog.add_provider(current_settings(), "hub", "huggingface", hub.url, allow_private_network=True)
        wanted = {"provider_id": provider.id, "repository": "org/model"}
        server, users = make_server(), [bearer(alice), bearer(bob)]  # each may ask four questions at a time

        def plan(number: int) -> requests.Response:
            headers = users[number % 2]
            return requests.post(f"{server.url}/api/downloads/plan", json=wanted, headers=headers, timeout=60)

        asked = [pool.submit(plan, number) for number in range(AT_ONCE)]
        health = []
        while not all(answer.done() for answer in asked):
            health.append(requests.get(f"{server.url}/healthz", timeout=10).status_code)
        answers = [answer.result() for answer in asked]
    assert [answer.status_code for answer in answers] == [200] * AT_ONCE, answers[0].text
    assert {len(answer.json()["files"]) for answer in answers} == {len(SMALL_SIZES_BYTES)}
    assert set(health) == {200}

"""What acceptance tests share: the event schema, and a way to open streams."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import tokens
from tests.support.server import Server
from tests.support.sse import Event, StreamClient

SCHEMA = json.loads((Path(__file__).parents[1] / "stream_event.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)


def check_event(event: Event) -> None:
    """Assert that an event is as the contract has it: name, id, JSON shape, key order."""
    VALIDATOR.validate(event.data)
    assert event.name == event.data["type"]
    assert event.event_id
    if event.name == "update":
        shape = SCHEMA["$defs"]["download"]
        for download in event.data["downloads"]:
            assert list(download) == shape["required"]
            assert list(download["progress_data"]) == shape["properties"]["progress_data"]["required"]


@pytest.fixture
def open_stream() -> Iterator[Callable[..., StreamClient]]:
    """Open a stream as a user; all are closed at the end."""
    opened: list[StreamClient] = []

    def open_one(server: Server, user: User | None = None, **options: Any) -> StreamClient:
        token = options.pop("token", None) or (tokens.issue_access(current_settings(), user) if user else None)
        client = StreamClient(server.port, token, **options)
        opened.append(client)
        return client

    yield open_one
    for client in opened:
        client.close()

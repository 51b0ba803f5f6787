"""A thousand streams at once on a process that has read nothing yet: nobody mistakes empty for finished."""

from collections.abc import Callable

import pytest

from downloads_app.config import current_settings
from downloads_app.models import Download, User
from downloads_app.services.accounts import tokens
from tests.support.crowd import Crowd
from tests.support.rows import add_download
from tests.support.server import Server


def seed(make_user: Callable[..., User], users: int) -> dict[str, list[str]]:
    """Return each user's token and the ids that they must be shown, in order; the last is an admin."""
    made = [make_user(f"viewer-{number}") for number in range(users)]
    rows: dict[str, list[Download]] = {}
    for user in made:
        rows[tokens.issue_access(current_settings(), user)] = [add_download(user) for _ in range(3)]
        add_download(user, status="completed")
    everything = sorted((row for own in rows.values() for row in own), key=lambda row: (row.created_at, row.id))
    expected = {raw: [row.id for row in own] for raw, own in rows.items()}
    return expected | {
        tokens.issue_access(current_settings(), make_user("chief", is_admin=True)): [row.id for row in everything]
    }


def check_first_events(server: Server, expected: dict[str, list[str]], each: int) -> None:
    with Crowd(("127.0.0.1", server.port)) as crowd:
        crowd.open(list(expected) * each)
        crowd.run(lambda: all(viewer.names or viewer.closed for viewer in crowd.viewers), 120, "first events")
        for viewer in crowd.viewers:
            assert viewer.status == 200
            first = viewer.seen[0]
            assert first.name == "update", first
            assert [download["id"] for download in first.data["downloads"]] == expected[viewer.token]


def test_a_thousand_streams_at_once_on_an_empty_cache_all_begin_right(
    make_user: Callable[..., User], make_server: Callable[..., Server]
) -> None:
    expected = seed(make_user, 24)
    server = make_server(workers=2, stream_max_per_user=100)
    check_first_events(server, expected, 40)


@pytest.mark.scale
def test_five_thousand_streams_at_once_on_an_empty_cache_all_begin_right(
    make_user: Callable[..., User], make_server: Callable[..., Server]
) -> None:
    expected = seed(make_user, 249)
    server = make_server(workers=2, stream_max_per_user=100)
    check_first_events(server, expected, 20)

"""`downloads-app downloads show ID --events`."""

import json

from downloads_app.models import User
from downloads_app.services.queue import outcomes
from tests.cli.conftest import Run
from tests.support.downloading import add_provider, claim


def test_a_story_is_told_newest_first_and_names_the_command_line(run: Run, alice: User) -> None:
    add_provider()
    download_id = run("downloads", "add", "hub", "org/model", "--user", "alice").strip()
    found = claim()
    assert found is not None
    outcomes.fail(found, "the hub\x1b[2J answered 404")
    told = json.loads(run("downloads", "show", download_id, "--events", "--json"))
    assert [(one["event"], one["by"]) for one in told] == [
        ("failed", found.worker_id),
        ("claimed", found.worker_id),
        ("created", "command line"),
    ]
    table = run("downloads", "show", download_id[:8], "--events")
    assert "answered 404" in table
    assert "\x1b" not in table
    assert table.index("failed") < table.index("created")

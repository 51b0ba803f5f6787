"""`downloads-app providers pause|resume` and `downloads-app queue …`."""

import json

from downloads_app.models import User
from downloads_app.services.queue import workers
from downloads_app.services.queue.workers import Presence
from tests.cli.conftest import Run
from tests.support.downloading import WORKER, add_downloads, add_provider


def test_a_provider_is_paused_and_resumed_and_lists_say_so(run: Run, fail: Run, alice: User) -> None:
    row = add_downloads(alice, add_provider(), "org/model")[0]
    assert run("providers", "pause", "hub") == "Paused provider hub\n"
    assert json.loads(run("providers", "list", "--json"))[0]["paused_at"].endswith("Z")
    assert "paused" in run("providers", "list")
    assert "its provider is paused" in run("downloads", "show", row.id)
    assert json.loads(run("downloads", "list", "--json"))[0]["wait_reason"] == "its provider is paused"
    assert run("providers", "resume", "hub") == "Resumed provider hub\n"
    assert "in use" in run("providers", "list")
    assert "nowhere" in fail("providers", "pause", "nowhere")


def test_the_queue_is_paused_and_resumed(run: Run, alice: User) -> None:
    row = add_downloads(alice, add_provider(), "org/model")[0]
    assert run("queue", "show") == "The queue is open\n"
    run("queue", "pause")
    assert run("queue", "show", "--utc").startswith("The queue is paused since 2")
    assert "the queue is paused" in run("downloads", "show", row.id)
    assert "downloads-app queue resume" in run("downloads", "stuck")
    run("queue", "resume")
    assert json.loads(run("queue", "show", "--json")) == {"paused_at": None}


def test_top_says_what_is_paused(run: Run, alice: User) -> None:
    add_downloads(alice, add_provider(), "org/model")
    add_downloads(alice, add_provider("other"), "org/model")
    add_provider("unused")
    run("providers", "pause", "unused")
    assert "paused" not in run("downloads", "top")
    run("providers", "pause", "hub")
    assert "0 running; no worker is alive; provider hub is paused" in run("downloads", "top")
    workers.tell(Presence(WORKER, 1))
    run("providers", "pause", "other")
    assert "0 running; 2 providers are paused" in run("downloads", "top")
    run("queue", "pause")
    assert "0 running; the queue is paused" in run("downloads", "top")

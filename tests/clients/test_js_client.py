"""The JavaScript client against a scripted server and the real one. `make lint` checks its types and its style."""

from pathlib import Path

from tests.clients import npm
from tests.clients.live_server import PASSWORD, STREAMS_PER_USER, LiveServer


def test_the_client_and_the_hook_do_as_they_say(client_folder: Path) -> None:
    npm.run(client_folder, "npm", "test")


def test_the_client_and_the_readme_examples_follow_the_real_server(client_folder: Path, live: LiveServer) -> None:
    assert live.server.process is not None
    live.start_download("gated", provider="gated")
    for username in ("busy", "reader", "crowd"):
        live.start_download(username)
    told = {
        "DOWNLOADS_URL": live.url,
        "RELEASE_URL": live.release_url,
        "SERVER_PID": str(live.server.process.pid),
        "PASSWORD": PASSWORD,
        "STREAMS_PER_USER": str(STREAMS_PER_USER),
    }
    npm.run(client_folder, "npm", "run", "test:server", env=told)

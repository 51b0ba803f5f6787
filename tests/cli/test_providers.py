"""`flask providers …`: what it prints, how it fails."""

import json

from downloads_app.services import providers
from tests.cli.conftest import Run


def test_a_provider_is_added_listed_and_removed_without_showing_its_token(run: Run) -> None:
    output = run(
        *("providers", "add", "hub", "--kind", "http", "--url", "https://hub.example/files"),
        *("--token-stdin", "--allow-private-network", "--max-connections", "3"),
        input="secret-token\n",
    )
    provider = providers.find_provider("hub")
    assert providers.access_of(provider).token == "secret-token"
    output += run("providers", "list")
    listed = run("providers", "list", "--json")
    assert json.loads(listed)[0]["has_token"] is True
    assert json.loads(listed)[0]["max_connections"] == 3
    assert "secret-token" not in output + listed
    run("providers", "remove", "hub")
    assert json.loads(run("providers", "list", "--json")) == []


def test_an_empty_token_means_none(run: Run) -> None:
    run("providers", "add", "hub", "--kind", "http", "--url", "https://x.example/", "--token-stdin", input="\n")
    assert providers.find_provider("hub").token_encrypted is None


def test_a_private_address_is_judged_when_connecting_not_here(run: Run) -> None:
    run("providers", "add", "near", "--kind", "http", "--url", "http://127.0.0.1:1/")

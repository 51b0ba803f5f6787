"""`downloads-app providers …`: what it prints, how it fails."""

import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.providers import catalog
from tests.cli.conftest import Run
from tests.support.certificates import make_authority, make_client_certificate
from tests.support.downloading import add_provider


def test_a_provider_is_added_listed_and_removed_without_showing_its_token(run: Run) -> None:
    output = run(
        *("providers", "add", "hub", "--kind", "http", "--url", "https://hub.example/files"),
        *("--token-stdin", "--allow-private-network", "--max-connections", "3"),
        input="secret-token\n",
    )
    provider = catalog.find_provider("hub")
    assert catalog.access_of(current_settings(), provider).token == "secret-token"
    output += run("providers", "list")
    listed = run("providers", "list", "--json")
    assert json.loads(listed)[0]["has_token"] is True
    assert json.loads(listed)[0]["max_connections"] == 3
    assert "secret-token" not in output + listed
    run("providers", "remove", "hub")
    assert json.loads(run("providers", "list", "--json")) == []


def test_an_empty_token_means_none(run: Run) -> None:
    run("providers", "add", "hub", "--kind", "http", "--url", "https://x.example/", "--token-stdin", input="\n")
    assert catalog.find_provider("hub").token_encrypted is None


def test_a_private_address_is_judged_when_connecting_not_here(run: Run) -> None:
    run("providers", "add", "near", "--kind", "http", "--url", "http://127.0.0.1:1/")


def test_secrets_are_read_from_standard_input_one_a_line(run: Run, tmp_path: Path) -> None:
    make_authority(tmp_path)
    pem = tmp_path / "client.pem"
    pem.write_text(make_client_certificate(tmp_path))
    output = run(
        *("providers", "add", "hub", "--kind", "http", "--url", "https://hub.example/files"),
        *("--username", "me", "--password-stdin", "--header", "X-Key", "--header-value-stdin", "--proxy-stdin"),
        *("--client-certificate", str(pem), "--allow-host", "cdn.lan", "--allow-host", "10.0.0.2:9000"),
        input=" pass word \nheader value\nhttp://proxy.example:3128\n",
    )
    access = catalog.access_of(current_settings(), catalog.find_provider("hub"))
    assert (access.username, access.password) == ("me", " pass word ")
    assert (access.header_name, access.header_value) == ("X-Key", "header value")
    assert access.proxy_url == "http://proxy.example:3128"
    assert access.allow_hosts == ("cdn.lan", "10.0.0.2:9000")
    output += run("providers", "list")
    listed = run("providers", "list", "--json")
    assert "certificate" in output
    assert json.loads(listed)[0]["has_client_certificate"] is True
    for secret in ("pass word", "header value", "PRIVATE KEY", "proxy.example"):
        assert secret not in output + listed


def test_one_provider_is_shown_with_all_that_is_no_secret(run: Run, fail: Run, tmp_path: Path) -> None:
    authority, _ = make_authority(tmp_path)
    run(
        *("providers", "add", "store", "--kind", "s3", "--url", "https://s3.lan/models", "--region", "garage"),
        *("--username", "KEY-ID", "--password-stdin", "--proxy-stdin", "--allow-private-network"),
        *("--allow-host", "cdn.lan", "--allow-host", "10.0.0.2:9000", "--max-connections", "3"),
        *("--ca-file", str(authority)),
        input="secret-key\nhttp://proxy.example:3128\n",
    )
    shown = run("providers", "show", "store", "--utc")
    fields = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in shown.splitlines())
    assert fields.pop("id") == catalog.find_provider("store").id
    assert fields.pop("added").endswith("Z")
    assert fields.pop("changed").endswith("Z")
    assert fields == {
        "name": "store",
        "kind": "s3",
        "url": "https://s3.lan/models",
        "region": "garage",
        "secrets": "password",
        "may be private": "own host, cdn.lan, 10.0.0.2:9000",
        "connections": "3 at most, across all workers",
        "proxy": "one is set",
        "authorities": str(authority),
        "state": "in use",
    }
    assert "own host, cdn.lan, 10.0.0.2:9000" in run("providers", "list")
    run("providers", "pause", "store")
    assert "paused since" in run("providers", "show", "store")
    for secret in ("secret-key", "KEY-ID", "proxy.example"):
        assert secret not in shown + run("providers", "show", "store", "--json")
    assert "there is: store" in fail("providers", "show", "other")


def test_the_help_tells_two_names_of_a_command_apart(run: Run) -> None:
    told = [line.split(maxsplit=1) for line in run("providers", "--help").splitlines()]
    assert ["edit", "The same as change."] in told


@pytest.mark.parametrize("options", [["--header", "X-Key"], ["--header-value-stdin"], ["--password-stdin"]])
def test_a_secret_without_its_name_is_wrong_usage(runner: FlaskCliRunner, options: list[str]) -> None:
    arguments = ["providers", "add", "hub", "--kind", "http", "--url", "https://x.example/", *options]
    assert runner.invoke(args=arguments, input="x\n").exit_code == 2


def test_a_certificate_that_cannot_be_read_is_refused_in_one_line(fail: Run, tmp_path: Path) -> None:
    pem = tmp_path / "client.pem"
    for content in (b"", b"\xff\x00binary"):
        pem.write_bytes(content)
        fail(
            *("providers", "add", "hub", "--kind", "http", "--url", "https://x.example/"),
            *("--client-certificate", str(pem)),
        )


def test_a_certificate_may_come_after_the_secrets(run: Run, tmp_path: Path) -> None:
    make_authority(tmp_path)
    pem = make_client_certificate(tmp_path)
    add = ("providers", "add", "hub", "--kind", "http", "--url", "https://hub.example/")
    run(*add, "--token-stdin", "--client-certificate", "-", input=f"secret-token\n{pem}")
    access = catalog.access_of(current_settings(), catalog.find_provider("hub"))
    assert (access.token, access.client_certificate) == ("secret-token", pem)


def test_a_list_of_addresses_comes_from_a_file_or_after_the_secrets(run: Run, fail: Run, tmp_path: Path) -> None:
    listed = tmp_path / "models-\udcff.txt"  # a name of a file may be any bytes
    listed.write_text("[llama]\nhttps://a.example/x size=3\n")
    run("providers", "add", "list", "--kind", "urls", "--list", str(listed))
    assert catalog.access_of(current_settings(), catalog.find_provider("list")).address_list == listed.read_text()
    run(
        *("providers", "change", "list", "--url", "https://own.example/", "--token-stdin", "--list", "-"),
        input="secret-token\nx\ny path=z\n",
    )
    access = catalog.access_of(current_settings(), catalog.find_provider("list"))
    assert (access.token, access.address_list) == ("secret-token", "x\ny path=z\n")
    listed.write_bytes(b"[llama]\nhttps://a.example/\xff\n")
    for wrong in (b"", b"# nothing\n", b"[llama]\nnonsense\n", b"https://a.example/\xff\n"):
        listed.write_bytes(wrong)
        fail("providers", "add", "other", "--kind", "urls", "--list", str(listed))
    fail("providers", "add", "other", "--kind", "urls")
    fail("providers", "add", "other", "--kind", "http", "--url", "https://x.example/", "--list", str(listed))


def test_what_is_not_named_stays_when_a_provider_is_changed(run: Run) -> None:
    add = ("providers", "add", "store", "--kind", "s3", "--url", "https://s3.example/models")
    run(*add, "--username", "key", "--password-stdin", "--allow-private-network", input="secret\n")
    run("providers", "edit", "store", "--region", "garage", "--allow-host", "cdn.lan")  # `change`, by another name
    access = catalog.access_of(current_settings(), catalog.find_provider("store"))
    assert (access.password, access.signing_region, access.allow_hosts) == ("secret", "garage", ("cdn.lan",))
    assert access.allow_private_network
    run("providers", "change", "store", "--allow-host", "")
    assert catalog.find_provider("store").allow_hosts == []
    run("providers", "change", "store", "--no-allow-private-network", "--url", "https://elsewhere.example/")
    access = catalog.access_of(current_settings(), catalog.find_provider("store"))
    assert (access.password, access.username, access.allow_private_network) == (None, None, False)


def test_a_kind_that_needs_an_address_says_so(runner: FlaskCliRunner) -> None:
    refused = runner.invoke(args=["providers", "add", "hub", "--kind", "http"])
    assert refused.exit_code == 2
    assert "--url" in refused.stderr


def test_a_provider_that_is_not_there_is_told_with_those_that_are(run: Run, fail: Run, alice: User) -> None:
    add = ("downloads", "add", "sample", "org/model", "--user", "alice")
    assert fail(*add) == "error: There is no provider 'sample'; none has been added yet\n"
    add_provider("samples")
    assert fail(*add) == "error: There is no provider 'sample'; there is: samples\n"
    for number in range(11):
        add_provider(f"hub-{number:02}")
    told = "there are: hub-00, hub-01, hub-02, hub-03, hub-04, hub-05, hub-06, hub-07, hub-08, hub-09, and more"
    assert fail("providers", "test", "sample") == f"error: There is no provider 'sample'; {told}\n"

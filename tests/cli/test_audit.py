"""`downloads-app audit`, and that commands write down what they do."""

import json
from datetime import timedelta

import pytest

from downloads_app.extensions import db
from downloads_app.models import Act, User, new_id, utc_now
from downloads_app.services import audit
from downloads_app.services.audit import Account, Actor
from downloads_app.services.downloads import history
from tests.cli.conftest import Run
from tests.conftest import PASSWORD
from tests.support.downloading import add_downloads, add_provider


def test_what_commands_do_is_written_down(run: Run) -> None:
    run("users", "create", "dora", "--password-stdin", input=f"{PASSWORD}\n")
    run("users", "create", "root", "--admin", "--password-stdin", input=f"{PASSWORD}\n")
    for command in ("promote", "demote", "disable", "enable"):
        run("users", command, "dora")
    run("users", "password", "dora", "--password-stdin", input="another long password\n")
    run("users", "token", "dora", "--expires", "60")
    run("users", "quota", "dora", "7")
    raw = run("keys", "create", "ci", "--user", "dora").strip()
    run("keys", "revoke", json.loads(run("keys", "list", "--json"))[0]["id"])
    run("providers", "add", "hub", "--kind", "http", "--url", "http://127.0.0.1:9/", "--token-stdin", input="sesame\n")
    run("providers", "change", "hub", "--max-connections", "4")
    run("providers", "remove", "hub")
    run("users", "delete", "dora")
    entries = json.loads(run("audit", "--json"))[::-1]
    assert {entry["actor"] for entry in entries} == {"cli"}
    assert [(entry["action"], entry["username"], entry["detail"]) for entry in entries] == [
        ("user_created", "dora", "user"),
        ("user_created", "root", "admin"),
        ("user_promoted", "dora", None),
        ("user_demoted", "dora", None),
        ("user_disabled", "dora", None),
        ("user_enabled", "dora", None),
        ("password_set", "dora", None),
        ("token_issued", "dora", "for 60 s"),
        ("user_quota_set", "dora", "7 bytes"),
        ("key_created", "dora", "read, write"),
        ("key_revoked", "dora", None),
        ("provider_added", None, "http"),
        ("provider_secret_written", None, "token"),
        ("provider_changed", None, "max_connections"),
        ("provider_removed", None, None),
        ("user_deleted", "dora", None),
    ]
    shown = run("audit", "--limit", "1000")
    assert not [secret for secret in (PASSWORD, "another long", "sesame", raw) if secret in shown + json.dumps(entries)]


def test_pruning_is_one_entry(run: Run, alice: User) -> None:
    provider, long_ago = add_provider(), utc_now() - timedelta(days=9)
    for name in ("org/a", "org/b"):
        add_downloads(alice, provider, name, status="cancelled", completed_at=long_ago)
    run("downloads", "prune", "--older-than", "3")
    run("downloads", "prune", "--older-than", "3")
    (entry,) = json.loads(run("audit", "--action", "downloads_pruned", "--json"))
    assert entry["detail"] == "2 downloads that ended more than 3 days ago"


def test_the_table_says_who_what_when_and_how_often(run: Run) -> None:
    for _ in range(3):
        audit.note(Act.SIGN_IN_FAILED, Actor(address="192.0.2.1"), Account(new_id(), "alice"), succeeded=False)
    audit.note(Act.PROVIDER_TESTED, Actor("bob\x1b[2J", address="192.0.2.2", key="ci", is_trusted=True))
    db.session.commit()
    lines = run("audit", "--utc").splitlines()[1:]
    assert lines[0].split() == ["when", "who", "what", "user", "object", "from", "detail"]
    assert "bob\N{REPLACEMENT CHARACTER}[2J (key ci)" in lines[2]
    assert "?" in lines[3]
    assert "sign_in_failed" in lines[3]
    assert "3 times since" in lines[3]
    assert len(run("audit", "--user", "alice").strip().splitlines()) == 3
    assert run("audit", "--since", "1s", "--user", "nobody", "--json") == "[]\n"


def test_on_a_narrow_terminal_no_word_of_an_entry_is_broken(
    run: Run, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_downloads(alice, add_provider("mirror-of-the-laboratory"), "lumen/dictation-large-with-speakers")
    run("downloads", "pause", history.list_downloads().rows[0].id)
    monkeypatch.setenv("COLUMNS", "80")
    first, below = run("audit", "--user", "alice", "--action", "download_paused").splitlines()
    assert first.split()[-3:] == ["cli", "download_paused", "alice"]
    assert below.strip().startswith("lumen/dictation-large-with-speakers")

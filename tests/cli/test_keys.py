"""`downloads-app keys`."""

import json
import re

from downloads_app.models import User
from downloads_app.services.accounts import key_check, keys
from tests.cli.conftest import Run


def test_a_key_is_printed_alone_and_has_both_scopes_unless_told(run: Run, alice: User) -> None:
    raw = run("keys", "create", "ci", "--user", "alice")
    assert re.fullmatch(r"dla_[0-9A-Za-z]{40}\n", raw)
    reading = run("keys", "create", "backup", "--user", "alice", "--scope", "read", "--expires", "90").strip()
    rights = key_check.verify(reading).key
    assert rights is not None
    assert (rights.name, rights.can_read, rights.can_write) == ("backup", True, False)
    backup, ci = json.loads(run("keys", "list", "--user", "alice", "--json"))
    assert (ci["name"], ci["scopes"], ci["expires_at"], ci["username"]) == ("ci", ["read", "write"], None, "alice")
    assert (backup["scopes"], backup["hint"]) == (["read"], reading[:8])
    assert backup["expires_at"] > backup["created_at"]
    assert raw.strip() not in run("keys", "list", "--json") + run("keys", "list")


def test_keys_of_one_user_or_of_all_are_listed(run: Run, alice: User, bob: User) -> None:
    for name in ("alice", "bob"):
        run("keys", "create", f"of-{name}", "--user", name)
    lines = run("keys", "list", "--utc").strip().splitlines()
    assert lines[0].split()[:5] == ["id", "user", "name", "begins", "scopes"]
    assert len(lines) == 4
    assert [key["name"] for key in json.loads(run("keys", "list", "--user", "bob", "--json"))] == ["of-bob"]
    assert run("keys", "list", "--user", "bob").count("of-") == 1


def test_keys_are_revoked_by_what_their_ids_begin_with(run: Run, fail: Run, alice: User) -> None:
    for name in ("a", "b", "c"):
        run("keys", "create", name, "--user", "alice")
    first, second, third = (key.id for key in keys.list_keys())
    assert run("keys", "revoke", first[:13], second) == f"Revoked {first}\nRevoked {second}\n"
    assert [key.id for key in keys.list_keys()] == [third]
    assert "There is no API key" in fail("keys", "revoke", third, first)
    assert [key.id for key in keys.list_keys()] == [third]


def test_what_cannot_be_made_is_one_line(run: Run, fail: Run, alice: User) -> None:
    assert "There is no user" in fail("keys", "create", "ci", "--user", "nobody")
    assert "a key's name" in fail("keys", "create", "a\nb", "--user", "alice")
    run("users", "disable", "alice")
    assert "disabled" in fail("keys", "create", "ci", "--user", "alice")

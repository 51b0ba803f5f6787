"""`downloads-app users …`: what it prints, how it fails."""

import json

import pytest

from downloads_app.config import current_settings
from downloads_app.errors import NotAuthenticated
from downloads_app.models import User
from downloads_app.services.accounts import passwords, tokens, users
from tests.cli.conftest import Run
from tests.conftest import PASSWORD


def test_a_user_is_created_with_a_given_password(run: Run) -> None:
    output = run("users", "create", "carol", "--admin", "--password-stdin", input=f"{PASSWORD}\n")
    assert PASSWORD not in output
    carol = users.find_user("carol")
    assert carol.is_admin
    assert passwords.matches(carol.password_hash, PASSWORD)


def test_without_a_terminal_a_password_is_generated_and_printed_once(run: Run) -> None:
    output = run("users", "create", "carol")
    password = output.split("Password: ")[1].strip()
    assert passwords.matches(users.find_user("carol").password_hash, password)


def test_an_empty_password_on_standard_input_is_refused(fail: Run) -> None:
    assert "no password" in fail("users", "create", "carol", "--password-stdin", input="")


def test_users_are_listed(run: Run, alice: User, admin: User) -> None:
    assert "alice" in run("users", "list")
    listed = json.loads(run("users", "list", "--json"))
    assert [(user["username"], user["role"]) for user in listed] == [("alice", "user"), ("root-admin", "admin")]
    assert "password" not in json.dumps(listed)
    assert [user["disabled"] for user in listed] == [False] * len(listed)  # as REST has it


def test_a_user_is_disabled_enabled_promoted_and_demoted(run: Run, alice: User, admin: User) -> None:
    for command, field, expected in (
        ("disable", "is_disabled", True),
        ("enable", "is_disabled", False),
        ("promote", "is_admin", True),
        ("demote", "is_admin", False),
    ):
        run("users", command, "alice")
        assert getattr(users.find_user("alice"), field) is expected


@pytest.mark.parametrize("command", ["disable", "demote"])
def test_the_last_admin_stays(fail: Run, admin: User, command: str) -> None:
    assert "last admin" in fail("users", command, "root-admin")


def test_a_token_is_printed_alone(run: Run, fail: Run, alice: User) -> None:
    raw = run("users", "token", "alice", "--expires", "120")
    assert raw.count("\n") == 1
    token = tokens.verify(current_settings(), raw.strip())
    assert token.user_id == alice.id
    assert token.expires_at - token.issued_at == pytest.approx(120, abs=2)
    assert "nobody" in fail("users", "token", "nobody")


def test_a_changed_password_ends_older_tokens(run: Run, alice: User) -> None:
    raw = tokens.issue_access(current_settings(), alice)
    run("users", "password", "alice", "--password-stdin", input="another horse\n")
    with pytest.raises(NotAuthenticated):
        tokens.authorize(tokens.verify(current_settings(), raw))

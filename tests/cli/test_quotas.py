"""`downloads-app users quota`."""

import json

import pytest
from flask.testing import FlaskCliRunner

from downloads_app.models import User
from downloads_app.services.accounts import users
from tests.cli.conftest import Run


def quota_of_alice(run: Run) -> object:
    return json.loads(run("users", "list", "--json"))[0]["quota_bytes"]


def test_a_quota_is_given_and_taken_back(run: Run, alice: User) -> None:
    assert quota_of_alice(run) is None
    assert run("users", "quota", "alice", "5000000000") == "The quota of alice is 5000000000 bytes\n"
    assert quota_of_alice(run) == 5_000_000_000
    assert json.loads(run("users", "usage", "alice", "--json"))[0]["quota_bytes"] == 5_000_000_000
    assert run("users", "quota", "alice", "none") == "The quota of alice is the general one\n"
    assert quota_of_alice(run) is None


@pytest.mark.parametrize("quota", ["much", "1.5", "5GB", "", "²", "9" * 5000])
def test_what_is_no_number_of_bytes_is_refused(runner: FlaskCliRunner, alice: User, quota: str) -> None:
    assert runner.invoke(args=["users", "quota", "alice", quota]).exit_code == 2
    assert users.find_user("alice").quota_bytes is None


def test_a_quota_that_no_column_holds_is_refused(fail: Run, alice: User) -> None:
    assert "A quota is 0 to 9223372036854775807 bytes" in fail("users", "quota", "alice", str(1 << 63))
    assert "There is no user 'nobody'" in fail("users", "quota", "nobody", "1")

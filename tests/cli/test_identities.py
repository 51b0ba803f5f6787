"""`downloads-app users link`, `unlink` and `identities`."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner

from downloads_app.models import User
from tests.conftest import bearer

ISSUER = "https://id.example.org"


def test_a_link_is_listed_and_belongs_to_one_user(runner: FlaskCliRunner, alice: User, bob: User) -> None:
    done = runner.invoke(args=["users", "link", "alice", "--issuer", ISSUER, "--subject", "4711"])
    assert (done.exit_code, done.output) == (0, "Linked 4711 to alice\n")
    listed = json.loads(runner.invoke(args=["users", "identities", "alice", "--json"]).output)
    assert [(one["issuer"], one["subject"]) for one in listed] == [(ISSUER, "4711")]
    again = runner.invoke(args=["users", "link", "bob", "--issuer", ISSUER, "--subject", "4711"])
    assert again.exit_code == 1
    assert "linked already" in again.stderr


def test_who_is_unlinked_is_signed_out(runner: FlaskCliRunner, client: FlaskClient, alice: User) -> None:
    runner.invoke(args=["users", "link", "alice", "--issuer", ISSUER, "--subject", "4711"])
    headers = bearer(alice)
    assert client.get("/api/auth/me", headers=headers).status_code == 200
    done = runner.invoke(args=["users", "unlink", "alice", "--issuer", ISSUER, "--subject", "4711"])
    assert done.exit_code == 0, done.stderr
    assert client.get("/api/auth/me", headers=headers).status_code == 401
    again = runner.invoke(args=["users", "unlink", "alice", "--issuer", ISSUER, "--subject", "4711"])
    assert again.exit_code == 1


@pytest.mark.parametrize("subject", ["", "a\nb", "x" * 256])
def test_a_subject_that_cannot_be_one_is_told_in_a_line(
    app: Flask, runner: FlaskCliRunner, alice: User, subject: str
) -> None:
    done = runner.invoke(args=["users", "link", "alice", "--issuer", ISSUER, "--subject", subject])
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1

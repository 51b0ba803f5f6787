"""Runs commands inside the test's process, and what they need in one of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from tests.support.server import environment

Run = Callable[..., str]


@pytest.fixture
def run(runner: FlaskCliRunner) -> Run:
    """Run a command that is to succeed; return what it printed on standard output."""

    def invoke(*arguments: str, input: str | None = None) -> str:
        result = runner.invoke(args=arguments, input=input)
        assert result.exit_code == 0, result.output
        return result.stdout

    return invoke


@pytest.fixture
def fail(runner: FlaskCliRunner) -> Run:
    """Run a command that is to fail with exit code 1; return its one line on standard error."""

    def invoke(*arguments: str, input: str | None = None) -> str:
        result = runner.invoke(args=arguments, input=input)
        assert result.exit_code == 1, result.output
        assert result.stdout == ""
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1
        return result.stderr

    return invoke


@pytest.fixture
def env(app: Flask, database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a command in a process of its own, on the test's database."""
    return environment(database_url, tmp_path / "instance")

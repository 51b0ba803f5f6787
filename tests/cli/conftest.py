"""Runs commands inside the test's process."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskCliRunner

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

"""What registries ask of those they do not know."""

import time

import pytest

from downloads_app.sources.oci.challenges import Challenge, read_challenge


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            'Bearer realm="https://auth.example/token",service="reg.example",scope="repository:user/image:pull"',
            Challenge("bearer", "https://auth.example/token", "reg.example"),
        ),
        ("bearer realm=https://auth.example/token", Challenge("bearer", "https://auth.example/token")),
        ('Basic realm="Registry"', Challenge("basic")),
        ('Basic realm="a", Bearer realm="https://auth.example/t"', Challenge("bearer", "https://auth.example/t")),
        ('Bearer realm="https://auth.example/t", Basic realm="a"', Challenge("bearer", "https://auth.example/t")),
        ('Bearer realm="api"', Challenge("bearer")),
        ('Bearer realm="file:///etc/passwd"', Challenge("bearer")),
        ("Bearer", Challenge("bearer")),
        ("Negotiate", None),
        ("", None),
    ],
)
def test_a_token_is_preferred_to_a_password(header: str, expected: Challenge | None) -> None:
    assert read_challenge(header) == expected


def test_the_scope_asked_for_is_ours() -> None:
    challenge = Challenge("bearer", "https://auth.example/token?x=1", "a service")
    assert challenge.token_url("a/b") == (
        "https://auth.example/token?x=1&service=a%20service&scope=repository:a/b:pull"
    )
    assert Challenge("bearer", "https://auth.example/token").token_url("") == "https://auth.example/token?"


@pytest.mark.parametrize("unit", ["Bearer ", "a", "a=", '="', "Bearer realm=", ", "])
def test_a_hostile_challenge_costs_no_time(unit: str) -> None:
    began = time.process_time()
    read_challenge(unit * 100_000)
    assert time.process_time() - began < 1
